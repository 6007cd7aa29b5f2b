//! Settings that hold for a repository as a whole, whichever document states them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::sequence::GroupRule;

use super::fields::{Fields, wrong_format};
use super::options::{Digest, ReportOn, read_mailing};
use super::scopes::did_you_mean_scope;
use super::values::{Email, PREFIX, PhonePrefix, Recipients};
use crate::Scopes;
use crate::bounds;

const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

/// The most seconds a repository may be given to settle.
pub const MAX_SETTLE_SECONDS: u64 = 3_600;

/// What a document may set for its whole repository, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long nothing must have arrived before work begins, so that files sent together are ordered together. It
    /// waits ten times as long for a partner that never stops sending, and then no more until a pause.
    #[schemars(range(max = MAX_SETTLE_SECONDS))]
    pub settle_seconds: u64,
    /// Scopes to be treated before all others, in this order.
    #[schemars(extend("uniqueItems" = true), length(max = bounds::SCOPE_ORDER.most))]
    pub scope_order: Vec<String>,
    /// What a rejected file means for the rest of its group.
    #[schemars(with = "GroupPolicy")]
    pub group_policy: GroupRule,
    /// The country code of telephone numbers that begin with one 0, for imports that do not say so
    /// themselves.
    pub phone_prefix: Option<PhonePrefix>,
    /// The recipients of reports, for imports without their own.
    #[schemars(length(max = bounds::RECIPIENTS.most))]
    pub report_recipients: Vec<Email>,
    /// The recipients of alerts, for imports without their own.
    #[schemars(length(max = bounds::RECIPIENTS.most))]
    pub alert_recipients: Vec<Email>,
    /// Which reports are mailed to those who get reports, for imports that do not say so themselves.
    pub report_on: ReportOn,
    /// Which reports go into one mail, for imports that do not say so themselves.
    pub digest: Digest,
    /// How long a group may be incomplete.
    pub waiting: Waiting,
    /// How big things may be.
    pub limits: Limits,
}

/// How long a group may be incomplete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Waiting {
    /// After how many hours those who get alerts are told, once; never unless given.
    #[schemars(range(min = 1, max = MOST_HOURS))]
    pub alert_after_hours: Option<u64>,
    /// After how many hours its files are put under `notprocessed/`; never unless given.
    #[schemars(range(min = 1, max = MOST_HOURS))]
    pub expire_after_hours: Option<u64>,
}

/// A year.
const MOST_HOURS: u64 = 366 * 24;

/// What a rejected file means for the rest of its group.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `GroupRule` in the published schema")]
enum GroupPolicy {
    /// Files are imported one after the other; a rejected one stops those behind it.
    Sequential,
    /// All files are checked before the first is loaded; one rejected stops all.
    AllOrNothing,
}

/// How big things may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest line, in bytes without its line break.
    #[schemars(range(min = MIN_LINE_BYTES, max = MAX_LINE_BYTES))]
    pub max_line_bytes: u64,
    /// What an archive may hold.
    pub archive: ArchiveLimits,
}

const MIN_LINE_BYTES: u64 = KIB;
const MAX_LINE_BYTES: u64 = 16 * KIB * KIB;

/// What an archive may hold. Whatever goes beyond is refused while it is being unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveLimits {
    /// How many members.
    #[schemars(range(min = 1, max = MOST_MEMBERS))]
    pub max_members: u64,
    /// How big a member may be, in bytes unpacked.
    #[schemars(range(min = 1, max = MOST_BYTES))]
    pub max_member_bytes: u64,
    /// How big all members together may be, in bytes unpacked.
    #[schemars(range(min = 1, max = MOST_BYTES))]
    pub max_total_bytes: u64,
    /// How many times bigger than packed it may be when unpacked.
    #[schemars(range(min = 1, max = MOST_RATIO))]
    pub max_ratio: u64,
}

const MOST_MEMBERS: u64 = 1_000_000;
const MOST_BYTES: u64 = 10 << 40;
const MOST_RATIO: u64 = 1_000_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle_seconds: 10,
            scope_order: Vec::new(),
            group_policy: GroupRule::default(),
            phone_prefix: None,
            report_recipients: Vec::new(),
            alert_recipients: Vec::new(),
            report_on: ReportOn::default(),
            digest: Digest::default(),
            waiting: Waiting::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line_bytes: KIB * KIB, archive: ArchiveLimits::default() }
    }
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { max_members: 10_000, max_member_bytes: 50 * GIB, max_total_bytes: 100 * GIB, max_ratio: 1_000 }
    }
}

/// A setting that all documents of a repository share: its name, whether two settings agree on it,
/// and how it is taken over.
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) same: fn(&Settings, &Settings) -> bool,
    pub(super) copy: fn(&mut Settings, &Settings),
}

macro_rules! shared {
    ($($($part:ident).+),+ $(,)?) => {
        &[$(Shared {
            name: stringify!($($part).+),
            same: |one, other| one.$($part).+ == other.$($part).+,
            copy: |to, from| to.$($part).+.clone_from(&from.$($part).+),
        }),+]
    };
}

/// Every shared setting. Recipients, what they are mailed and the phone prefix are not among them: they are
/// defaults of their own document.
pub(super) const SHARED: &[Shared] = shared![
    settle_seconds,
    scope_order,
    group_policy,
    waiting.alert_after_hours,
    waiting.expire_after_hours,
    limits.max_line_bytes,
    limits.archive.max_members,
    limits.archive.max_member_bytes,
    limits.archive.max_total_bytes,
    limits.archive.max_ratio,
];

/// Settings as one document has them, and which of the shared ones it states.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stated {
    pub(super) settings: Settings,
    pub(super) names: Vec<&'static str>,
}

impl Stated {
    /// Reads the settings of a document. What is wrong is reported, and its default taken.
    pub(super) fn read(value: Value, scopes: &Scopes, mistakes: &mut Vec<Mistake>) -> Self {
        const PATH: &str = "settings";
        let is_there = |name: &&str| name.split('.').try_fold(&value, |value, key| value.get(key)).is_some();
        let names = SHARED.iter().map(|shared| shared.name).filter(is_there).collect();
        let mut settings = Settings::default();
        let Some(mut fields) = Fields::open(PATH, value, mistakes) else { return Self::default() };
        if let Some(seconds) = fields.read_number("settle_seconds", 0..=MAX_SETTLE_SECONDS) {
            settings.settle_seconds = seconds;
        }
        settings.scope_order = read_scope_order(&mut fields, scopes);
        if let Some(rule) = fields.read_word("group_policy", &["sequential", "all_or_nothing"]) {
            settings.group_policy = rule;
        }
        settings.phone_prefix = fields.read("phone_prefix", PREFIX);
        let recipients = Recipients::read(&mut fields);
        settings.report_recipients = recipients.report.unwrap_or_default();
        settings.alert_recipients = recipients.alert.unwrap_or_default();
        let (report_on, digest) = read_mailing(&mut fields);
        settings.report_on = report_on.unwrap_or_default();
        settings.digest = digest.unwrap_or_default();
        settings.waiting =
            fields.read_object("waiting", |inner| Some(Waiting::read(inner))).unwrap_or_default();
        if let Some(limits) = fields.take("limits") {
            settings.limits.read(&fields.at("limits"), limits, fields.mistakes);
        }
        fields.finish();
        Self { settings, names }
    }
}

fn read_scope_order(fields: &mut Fields<'_>, scopes: &Scopes) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let listed =
        fields.read_list("scope_order", "a list of scopes", &bounds::SCOPE_ORDER, |path, value, mistakes| {
            let Value::String(scope) = value else {
                mistakes.push(wrong_format(path, "scope_order", "the name of a scope", &value));
                return None;
            };
            if seen.contains(&scope) {
                let expected = "each scope once";
                mistakes.push(wrong_format(path, "scope_order", expected, &Value::String(scope)));
                return None;
            }
            seen.push(scope.clone());
            if scopes.contains_key(&scope) {
                return Some(scope);
            }
            let mut mistake = Mistake::new(path, format!("unknown scope {scope:?}"));
            mistake.hint = did_you_mean_scope(&scope, scopes);
            mistakes.push(mistake);
            None
        });
    listed.unwrap_or_default()
}

impl Waiting {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alert_after_hours: fields.read_number("alert_after_hours", 1..=MOST_HOURS),
            expire_after_hours: fields.read_number("expire_after_hours", 1..=MOST_HOURS),
        }
    }
}

impl Limits {
    fn read(&mut self, path: &str, value: Value, mistakes: &mut Vec<Mistake>) {
        let Some(mut fields) = Fields::open(path, value, mistakes) else { return };
        let set = |fields: &mut Fields<'_>, key, range, limit: &mut u64| {
            if let Some(number) = fields.read_number(key, range) {
                *limit = number;
            }
        };
        set(&mut fields, "max_line_bytes", MIN_LINE_BYTES..=MAX_LINE_BYTES, &mut self.max_line_bytes);
        if let Some(archive) = fields.take("archive") {
            let path = fields.at("archive");
            if let Some(mut inner) = Fields::open(&path, archive, fields.mistakes) {
                let limits = &mut self.archive;
                set(&mut inner, "max_members", 1..=MOST_MEMBERS, &mut limits.max_members);
                set(&mut inner, "max_member_bytes", 1..=MOST_BYTES, &mut limits.max_member_bytes);
                set(&mut inner, "max_total_bytes", 1..=MOST_BYTES, &mut limits.max_total_bytes);
                set(&mut inner, "max_ratio", 1..=MOST_RATIO, &mut limits.max_ratio);
                inner.finish();
            }
        }
        fields.finish();
    }
}
