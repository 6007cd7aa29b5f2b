//! What happens from outside: who drops what, under which name and configuration. All of it comes from the seed,
//! before anything runs; when it happens is up to the scheduler.

pub mod queries;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use tidewaiter::config::Mode;
use tidewaiter::keys::Repository;
use tidewaiter_tests::generate::Chance;
use tidewaiter_tests::reference::{Line, Options, ReplaceAll, Subscribes};

/// The lines of a file that has many batches of them.
const MANY_LINES: usize = 41;

/// A history as it was planned.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The repositories.
    pub partners: Vec<Partner>,
    /// What is done, one after the other.
    pub actions: Vec<Action>,
}

/// A repository, with the universe of its records.
#[derive(Debug, Clone)]
pub struct Partner {
    /// The repository.
    pub repository: Repository,
    /// The universe.
    pub universe: &'static str,
    /// The configurations that it has in the course of the history.
    pub variants: Vec<Variant>,
    /// Whether an operator has put the first of them there before the history begins. Otherwise it is dropped, among
    /// the files that need it.
    pub is_configured: bool,
}

/// Something done from outside.
#[derive(Debug, Clone)]
pub enum Action {
    /// A file is dropped.
    Drop(Box<Dropped>),
    /// The `n`th drop is deleted; its versions stay.
    Delete(usize),
    /// The version of the `n`th drop is deleted for good.
    DeleteForGood(usize),
}

/// A file that is dropped.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// The number of its partner.
    pub partner: usize,
    /// Its name.
    pub file: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is.
    pub what: What,
}

/// What a dropped file is.
#[derive(Debug, Clone)]
pub enum What {
    /// A data file.
    Data(Data),
    /// An archive, with its members in their order; None if it is broken.
    Archive(Option<Vec<Member>>),
    /// A configuration: which variant of its partner, None if it is wrong.
    Configuration(Option<usize>),
    /// A configuration of the universe of another partner, which owns it.
    Foreign,
    /// A name that breaks the rules.
    Junk,
}

impl What {
    /// How many runs there are beside that of what was dropped: those of the members of an archive with several.
    pub fn runs_beside(&self) -> usize {
        match self {
            Self::Archive(Some(members)) if members.len() > 1 => members.len(),
            _ => 0,
        }
    }
}

/// A member of an archive.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub file: String,
    /// What it holds.
    pub data: Data,
}

/// A data file.
#[derive(Debug, Clone)]
pub struct Data {
    /// The scope.
    pub scope: &'static str,
    /// The subsection.
    pub subsection: &'static str,
    /// Group id, YY and ZZ.
    pub group: Option<(String, u8, u8)>,
    /// The day of its date, counted so that a later one has a greater number.
    pub day: u32,
    /// Its columns.
    pub columns: Vec<String>,
    /// False if its header is wrong.
    pub is_valid: bool,
    /// Its lines: the bytes and, if the line is good, its cells.
    pub lines: Vec<(Vec<u8>, Option<Line>)>,
    /// All of its bytes.
    pub bytes: Bytes,
}

impl Data {
    /// How many lines the check rejects.
    pub fn rejected(&self) -> u64 {
        self.lines.iter().filter(|(_, good)| good.is_none()).count() as u64
    }

    /// The good lines, each with its number in the file.
    pub fn good(&self) -> Vec<(u64, Line)> {
        let numbered = (2..).zip(&self.lines);
        numbered.filter_map(|(number, (_, good))| good.clone().map(|good| (number, good))).collect()
    }
}

/// A configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the option of the same name")]
pub struct Variant {
    pub strict: bool,
    pub clear: bool,
    pub create: bool,
    pub reports: bool,
    pub alerts: bool,
    /// Whether contacts have a subsection `shop`.
    pub shop: bool,
    pub all_or_nothing: bool,
    pub settle_seconds: u64,
    pub alert_after_hours: Option<u64>,
    pub expire_after_hours: Option<u64>,
    /// The query of the import that reads a table, if there is one.
    pub query: Option<queries::Query>,
}

/// Who gets reports.
pub const REPORTS: &str = "data@example.org";
/// Who gets alerts.
pub const ALERTS: &str = "alert@example.org";
/// The greatest share of batches that one file may remove.
const MAX_REMOVED: f64 = 0.6;

impl Variant {
    fn draw(chance: &mut Chance) -> Self {
        let mut one_in = |n: u64| chance.below(n) == 0;
        Self {
            strict: one_in(4),
            clear: one_in(3),
            create: one_in(6),
            reports: one_in(2),
            alerts: one_in(3),
            shop: !one_in(4),
            all_or_nothing: one_in(2),
            settle_seconds: if one_in(2) { 0 } else { 10 },
            alert_after_hours: one_in(4).then_some(1),
            expire_after_hours: one_in(4).then_some(30),
            query: None,
        }
    }

    /// The document that says so.
    pub fn document(&self, universe: &str) -> Bytes {
        let mode = if self.create { "create" } else { "upsert" };
        let empty = if self.clear { "clear" } else { "ignore" };
        let policy = if self.strict { "strict" } else { "quarantine" };
        let crm = json!({ "policy": policy, "empty": empty, "mode": mode });
        let mut contacts = json!({ "crm": crm, "strict": { "policy": "strict" } });
        if self.shop {
            // Partners have names and forms of their own.
            let shop = json!({
                "empty": empty,
                "files": format!("{universe} shop {{date:dd.mm.yyyy}}*.txt"),
                "delimiter": ",",
                "columns": { "Mail": "email", "First Name": "firstname", "Name": "lastname" },
                "unknown_columns": "ignore",
            });
            insert(&mut contacts, "shop", shop);
        }
        let mut settings = json!({ "settle_seconds": self.settle_seconds });
        if self.all_or_nothing {
            insert(&mut settings, "group_policy", json!("all_or_nothing"));
        }
        if self.reports {
            insert(&mut settings, "report_recipients", json!([REPORTS]));
        }
        if self.alerts {
            insert(&mut settings, "alert_recipients", json!([ALERTS]));
        }
        let mut waiting = json!({});
        for (name, hours) in
            [("alert_after_hours", self.alert_after_hours), ("expire_after_hours", self.expire_after_hours)]
        {
            if let Some(hours) = hours {
                insert(&mut waiting, name, json!(hours));
            }
        }
        insert(&mut settings, "waiting", waiting);
        let mut points = json!({ "crm": {}, "once": { "duplicates": "skip" } });
        if let Some(query) = &self.query {
            insert(&mut points, queries::SUBSECTION, query.import());
        }
        let scopes = json!({
            "contacts": contacts,
            "cardcode": { "crm": {} },
            "creditpoints": points,
            "deletecontacts": { "crm": {} },
            "batch": { "crm": {}, "full": { "replace_all": { "max_removed": MAX_REMOVED } } },
        });
        let mut document = json!({});
        insert(&mut document, universe, scopes);
        insert(&mut document, "settings", settings);
        Bytes::from(document.to_string())
    }

    /// True if files with more than one good line are to be refused when one is rejected.
    pub fn is_strict(&self, data: &Data) -> bool {
        match (data.scope, data.subsection) {
            ("contacts", "strict") => true,
            ("contacts", "crm") => self.strict,
            (queries::SCOPE, queries::SUBSECTION) => self.query.is_some_and(|query| query.strict),
            _ => false,
        }
    }

    /// True if the subsection is configured.
    pub fn has(&self, data: &Data) -> bool {
        match data.subsection {
            "shop" => self.shop,
            queries::SUBSECTION => self.query.is_some(),
            _ => true,
        }
    }

    /// What the reference is to know of the options of a file.
    pub fn options(&self, data: &Data) -> Options {
        let is_crm = data.scope == "contacts" && data.subsection == "crm";
        let is_shop = data.subsection == "shop";
        Options {
            mode: if is_crm && self.create { Mode::Create } else { Mode::Upsert },
            clear: self.clear && (is_crm || is_shop),
            match_by: None,
            replace_all: (data.subsection == "full")
                .then_some(ReplaceAll { list: None, max_removed: MAX_REMOVED }),
            prefix: None,
            subscribes: Subscribes::Nothing,
        }
    }
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

impl Scenario {
    /// The scenario of a seed.
    pub fn draw(chance: &mut Chance) -> Self {
        let count = 1 + usize::from(chance.below(3) == 0);
        let partners: Vec<Partner> = [("acme", "acme"), ("globex", "beta")]
            .into_iter()
            .take(count)
            .filter_map(|(repository, universe)| {
                let repository = repository.parse().ok()?;
                let is_configured = chance.below(3) > 0;
                Some(Partner { repository, universe, variants: vec![Variant::draw(chance)], is_configured })
            })
            .collect();
        let mut scenario = Self { partners, actions: Vec::new() };
        let files = 3 + chance.below(7);
        let has_many_lines = chance.below(6) == 0;
        while (scenario.drops().count() as u64) < files {
            scenario.act(chance, has_many_lines);
        }
        scenario.drop_first_configurations(chance);
        scenario
    }

    /// A partner without a configuration drops one: before its files, between them, or behind them.
    fn drop_first_configurations(&mut self, chance: &mut Chance) {
        for partner in 0..self.partners.len() {
            let Some(of) = self.partners.get(partner).filter(|of| !of.is_configured) else { continue };
            let bytes = of.variants.first().map(|variant| variant.document(of.universe)).unwrap_or_default();
            let file = format!("{}_imports_config.json", of.universe);
            let what = What::Configuration(Some(0));
            let dropped = Action::Drop(Box::new(Dropped { partner, file, bytes, what }));
            let at = if chance.below(2) == 0 { 0 } else { index(chance, self.actions.len() + 1) };
            // Deletions name drops by their number.
            let is_drop = |action: &&Action| matches!(action, Action::Drop(_));
            let before = self.actions.iter().take(at).filter(is_drop).count();
            for action in &mut self.actions {
                if let Action::Delete(n) | Action::DeleteForGood(n) = action {
                    *n += usize::from(*n >= before);
                }
            }
            self.actions.insert(at, dropped);
        }
    }

    /// The files that are dropped.
    pub fn drops(&self) -> impl Iterator<Item = &Dropped> {
        self.actions.iter().filter_map(|action| match action {
            Action::Drop(dropped) => Some(&**dropped),
            _ => None,
        })
    }

    fn act(&mut self, chance: &mut Chance, has_many_lines: bool) {
        let partner = index(chance, self.partners.len());
        let drops = self.drops().count();
        let Some(of) = self.partners.get_mut(partner) else { return };
        let universe = of.universe;
        match chance.below(30) {
            28 => {
                // What belongs together: a configuration and, in any order, a file.
                of.variants.push(Variant::draw(chance));
                let document = of.variants.last().map(|variant| variant.document(universe));
                let what = What::Configuration(Some(of.variants.len() - 1));
                let (bytes, file) = (document.unwrap_or_default(), format!("{universe}_imports_config.json"));
                let configuration = Action::Drop(Box::new(Dropped { partner, file, bytes, what }));
                if chance.below(2) == 0 {
                    self.actions.push(configuration);
                    self.drop_data(chance, partner, None, false);
                } else {
                    self.drop_data(chance, partner, None, false);
                    self.actions.push(configuration);
                }
            }
            29 => {
                let other =
                    self.partners.iter().enumerate().find(|(n, other)| *n != partner && other.is_configured);
                let Some((_, other)) = other else { return };
                let bytes = other.variants.first().map(|variant| variant.document(other.universe));
                let (bytes, file) =
                    (bytes.unwrap_or_default(), format!("{}_imports_config.json", other.universe));
                let what = What::Foreign;
                self.actions.push(Action::Drop(Box::new(Dropped { partner, file, bytes, what })));
            }
            0..12 => {
                let group = None;
                self.drop_data(chance, partner, group, has_many_lines);
            }
            12..18 => {
                let (id, last) = (pick(chance, &["a", "b"]), 2 + u8::from(chance.below(3) == 0));
                for slot in 1..=last {
                    if chance.below(8) > 0 {
                        self.drop_data(chance, partner, Some((id.to_owned(), slot, last)), false);
                    }
                }
            }
            18..22 => self.drop_archive(chance, partner),
            22 => {
                let is_valid = chance.below(4) > 0;
                let bytes = if is_valid {
                    of.variants.push(Variant::draw(chance));
                    of.variants.last().map(|variant| variant.document(universe)).unwrap_or_default()
                } else {
                    Bytes::from(format!("{{ \"{universe}\": {{ \"contacts\": {} }} }}", chance.below(3)))
                };
                let what = What::Configuration(is_valid.then(|| of.variants.len() - 1));
                let file = format!("{universe}_imports_config.json");
                self.actions.push(Action::Drop(Box::new(Dropped { partner, file, bytes, what })));
            }
            23 => {
                let bytes = Bytes::from(format!("for whom? {}", chance.below(3)));
                let file = "notes.txt".to_owned();
                self.actions.push(Action::Drop(Box::new(Dropped { partner, file, bytes, what: What::Junk })));
            }
            24..26 => {
                // The last drop again, under its name, with something else in it.
                let last = self.drops().last().cloned();
                match last {
                    Some(Dropped { partner, file, what: What::Data(data), .. }) => {
                        let data =
                            Data::draw(chance, data.scope, data.subsection, data.group, data.day, false);
                        let bytes = data.bytes.clone();
                        self.actions.push(Action::Drop(Box::new(Dropped {
                            partner,
                            file,
                            bytes,
                            what: What::Data(data),
                        })));
                    }
                    Some(Dropped { partner, what: What::Archive(_), .. }) => {
                        self.drop_archive(chance, partner);
                    }
                    _ => {}
                }
            }
            26 if drops > 0 => {
                let which = index(chance, drops);
                self.actions.push(Action::Delete(which));
            }
            27 if drops > 0 && chance.below(2) == 0 => {
                let which = index(chance, drops);
                self.actions.push(Action::DeleteForGood(which));
            }
            _ => {}
        }
    }

    fn drop_data(
        &mut self,
        chance: &mut Chance,
        partner: usize,
        group: Option<(String, u8, u8)>,
        has_many_lines: bool,
    ) {
        let Some(of) = self.partners.get(partner) else { return };
        let (file, data) = named(chance, of.universe, group, has_many_lines);
        let bytes = data.bytes.clone();
        self.actions.push(Action::Drop(Box::new(Dropped { partner, file, bytes, what: What::Data(data) })));
    }

    fn drop_archive(&mut self, chance: &mut Chance, partner: usize) {
        let Some(of) = self.partners.get(partner) else { return };
        let (id, last) = (pick(chance, &["a", "tar"]), 2);
        let mut members: BTreeMap<String, Data> = BTreeMap::new();
        // One file alone is handled as if it had been dropped itself.
        let is_lone = chance.below(4) == 0;
        for slot in 1..=last {
            if !is_lone && chance.below(8) > 0 {
                let (file, data) = named(chance, of.universe, Some((id.to_owned(), slot, last)), false);
                members.insert(file, data);
            }
        }
        if chance.below(4) == 0 || members.is_empty() {
            let (file, data) = named(chance, of.universe, None, false);
            members.insert(file, data);
        }
        let members: Vec<Member> = members.into_iter().map(|(file, data)| Member { file, data }).collect();
        let mut bytes = tar(&members);
        let is_broken = chance.below(6) == 0;
        if is_broken {
            bytes.truncate(bytes.len() - 1_024 - 512);
        }
        let file = pick(chance, &["monday.tar", "monday.tar", "night.tar"]).to_owned();
        let what = What::Archive((!is_broken).then_some(members));
        self.actions.push(Action::Drop(Box::new(Dropped { partner, file, bytes: bytes.into(), what })));
    }
}

/// A file and its name.
fn named(
    chance: &mut Chance,
    universe: &str,
    group: Option<(String, u8, u8)>,
    has_many_lines: bool,
) -> (String, Data) {
    let (scope, subsection) = match chance.below(if group.is_some() { 12 } else { 15 }) {
        0..3 => ("contacts", "crm"),
        3 => ("contacts", "strict"),
        4 => ("contacts", "shop"),
        5..7 => ("cardcode", "crm"),
        7..10 => ("creditpoints", "crm"),
        10 => ("creditpoints", "once"),
        11 => ("deletecontacts", "crm"),
        12 => ("batch", "crm"),
        _ => ("batch", "full"),
    };
    // Few days, so that names meet.
    let day = 1 + chance.below(3) as u32;
    let is_long = has_many_lines && matches!(scope, "contacts" | "creditpoints") && chance.below(2) == 0;
    let data = Data::draw(chance, scope, subsection, group, day, is_long);
    let tag = data.group.as_ref().map(|(id, slot, last)| format!("{id}.{slot:02}-{last:02}_"));
    let tag = tag.unwrap_or_default();
    let file = if subsection == "shop" && chance.below(3) > 0 {
        format!("{tag}{universe} shop {day:02}.01.2026.txt")
    } else {
        format!("{tag}{universe}_{scope}_{subsection}_202601{day:02}.csv")
    };
    (file, data)
}

/// Columns that no import knows.
pub(crate) const EXTRA: [&str; 3] = ["Tier", "Shoe size", "Loyalty"];

impl Data {
    fn draw(
        chance: &mut Chance,
        scope: &'static str,
        subsection: &'static str,
        group: Option<(String, u8, u8)>,
        day: u32,
        is_long: bool,
    ) -> Self {
        let columns: &[&str] = match scope {
            "contacts" => &["email", "firstname", "lastname"],
            "cardcode" => &["card_code", "contact"],
            "creditpoints" => &["card_code", "points"],
            "deletecontacts" => &["email"],
            _ => &["batch_id", "batch_date"],
        };
        let is_valid = chance.below(16) > 0;
        let (delimiter, mut header) = match subsection {
            "shop" => (",", "Mail,First Name,Name".to_owned()),
            _ => (";", columns.join(";")),
        };
        // A column that the import does not know is ignored in one subsection, and no mistake there.
        let extra =
            if subsection == "shop" && chance.below(2) == 0 { Some(pick(chance, &EXTRA)) } else { None };
        let wrong = if subsection == "shop" { "Mail" } else { "nonsense" };
        for label in extra.into_iter().chain((!is_valid).then_some(wrong)) {
            header.push_str(delimiter);
            header.push_str(label);
        }
        let mut bytes = format!("{header}\n").into_bytes();
        let mut lines = Vec::new();
        let count = if is_long { MANY_LINES } else { 1 + index(chance, 4) };
        for _ in 0..count {
            let cells = columns.iter().map(|column| (*column, cell(chance, column)));
            let cells: Vec<(&str, String)> = cells.collect();
            let mut raw = cells.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(delimiter);
            if extra.is_some() {
                raw.push_str(delimiter);
                raw.push('x');
            }
            let is_bad = chance.below(9) == 0;
            if is_bad {
                raw.push_str(&["", "too", "much"].join(delimiter));
            }
            raw.push('\n');
            bytes.extend_from_slice(raw.as_bytes());
            let good = cells.into_iter().filter(|(_, text)| !text.is_empty());
            let good: Line = good.map(|(column, text)| (column.to_owned(), text)).collect();
            lines.push((raw.into_bytes(), (!is_bad).then_some(good)));
        }
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { scope, subsection, group, day, columns, is_valid, lines, bytes: bytes.into() }
    }
}

fn cell(chance: &mut Chance, column: &str) -> String {
    let of = match column {
        "email" | "contact" => &["a@x.org", "b@x.org", "c@x.org"][..],
        "firstname" => &["", "Ada", "Bob"][..],
        "lastname" => &["", "Byron", "Cole", "Dee"][..],
        "card_code" => &["2990000000019", "2990000000026"][..],
        "points" => &["1", "20", "-3"][..],
        "batch_id" => &["B1", "B2", "B3", "B4"][..],
        _ => &["2026-01-31T02:00:00Z", "2026-02-01T02:00:00Z"][..],
    };
    pick(chance, of).to_owned()
}

fn index(chance: &mut Chance, length: usize) -> usize {
    usize::try_from(chance.below(length as u64)).unwrap_or(0)
}

fn pick<'a>(chance: &mut Chance, from: &[&'a str]) -> &'a str {
    let at = index(chance, from.len());
    from.get(at).copied().unwrap_or_default()
}

/// A tar archive of these files.
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut archive = Vec::new();
    for Member { file, data } in members {
        let mut header = Vec::with_capacity(512);
        let size = format!("{:011o}\0", data.bytes.len());
        let parts: [(usize, &[u8]); 8] = [
            (100, file.as_bytes()),
            (8, b"0000644\0"),
            (8, b"0000000\0"),
            (8, b"0000000\0"),
            (12, size.as_bytes()),
            (12, b"00000000000\0"),
            (8, b"        "),
            (101, b"0"),
        ];
        let mut end = 0;
        for (width, part) in parts {
            header.extend_from_slice(part);
            end += width;
            header.resize(end, 0);
        }
        header.extend_from_slice(b"ustar\x0000");
        header.resize(512, 0);
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(&data.bytes);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1_024, 0);
    archive
}
