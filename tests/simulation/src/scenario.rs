//! What happens from outside: who drops what, under which name and configuration. All of it comes from the seed,
//! before anything runs; when it happens is up to the scheduler.

mod data;
pub mod queries;
mod variant;

use std::collections::BTreeMap;

use bytes::Bytes;
use tidewaiter::keys::Repository;
use tidewaiter_tests::generate::Chance;

pub(crate) use data::EXTRA;
use data::named;
pub use data::{Data, tar};
pub use variant::{ALERTS, REPORTS, Variant};

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

fn index(chance: &mut Chance, length: usize) -> usize {
    usize::try_from(chance.below(length as u64)).unwrap_or(0)
}

fn pick<'a>(chance: &mut Chance, from: &[&'a str]) -> &'a str {
    let at = index(chance, from.len());
    from.get(at).copied().unwrap_or_default()
}
