//! What people are told that is about no file: a group that stays incomplete, a file that does not come, a query that
//! cannot be read.
//!
//! [`Text`](crate::Text) and [`Html`](crate::Html) say the same of a notice: both are made from `Told`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::{number, plural};

/// How many files that are here a notice names.
const NAMED: usize = 50;

/// Something to be told, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The repository.
    pub repository: String,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A group has been incomplete for a while.
    Waiting {
        /// The group id of the file names.
        group: String,
        /// The number of its last slot.
        last: u8,
        /// Counts up each time the group begins.
        generation: u64,
        /// The slots for which no file has come.
        missing: Vec<u8>,
        /// The files that have come.
        files: Vec<String>,
        /// When the first of them came.
        since: Timestamp,
        /// When they are put under `notprocessed/`, if that is configured.
        expires: Option<Timestamp>,
    },
    /// A file that was expected has not come.
    Missed(Expectation),
    /// It has come after all.
    Came {
        /// What was expected.
        expected: Expectation,
        /// The file.
        file: String,
        /// When it came.
        at: Timestamp,
    },
    /// A query cannot be read.
    Unread(Unread),
    /// It could be read again.
    ReadAgain {
        /// What was wrong.
        unread: Unread,
        /// When it was read.
        at: Timestamp,
    },
}

/// A query that cannot be read, by its import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The universe.
    pub universe: String,
    /// The scope.
    pub scope: String,
    /// The subsection.
    pub subsection: String,
    /// The connection.
    pub connection: String,
    /// When the first read failed that no good one followed.
    pub since: Timestamp,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Unread {
    /// The import, as `universe.scope.name`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}.{}", self.universe, self.scope, self.subsection)
    }
}

/// A file that is expected, by the import that takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The universe.
    pub universe: String,
    /// The scope.
    pub scope: String,
    /// The subsection.
    pub subsection: String,
    /// When it should have come, as the configuration says it: `by 06:00 Europe/Paris`.
    pub by: String,
    /// The time that was this time.
    pub deadline: Timestamp,
}

impl Expectation {
    /// What the names of its files look like.
    pub(crate) fn pattern(&self) -> String {
        format!("{}_{}_{}_<date>.csv", self.universe, self.scope, self.subsection)
    }
}

impl Notice {
    /// The same notice has the same key, and no other has it.
    pub fn key(&self) -> String {
        let Self { repository, what } = self;
        match what {
            What::Waiting { group, last, generation, .. } => {
                format!("waiting/{repository}/{group}/{last:02}/{generation}")
            }
            What::Missed(expected) => format!("missed/{repository}/{}", expected.key()),
            What::Came { expected, .. } => format!("came/{repository}/{}", expected.key()),
            What::Unread(unread) => format!("unread/{repository}/{}/{}", unread.name(), unread.since),
            What::ReadAgain { unread, .. } => {
                format!("read-again/{repository}/{}/{}", unread.name(), unread.since)
            }
        }
    }

    /// What it says, in its parts.
    pub(crate) fn told(&self) -> Told {
        match &self.what {
            What::Waiting { group, last, missing, files, since, expires, .. } => {
                waiting(group, *last, missing, files, *since, *expires)
            }
            What::Missed(expected) => Told {
                word: "missing",
                headline: format!("No {} arrived {}", expected.pattern(), expected.by),
                sentence: format!("No file {} arrived {}.", expected.pattern(), expected.by),
                facts: vec![
                    ("Deadline", vec![expected.deadline.to_string()]),
                    ("Next notice", vec!["when the file arrives".to_owned()]),
                ],
                hint: Some(
                    "ask the sender; if the file is no longer expected, remove `expected` from the configuration"
                        .to_owned(),
                ),
            },
            What::Came { expected, file, at } => Told {
                word: "arrived",
                headline: format!("{file} arrived"),
                sentence: "Its report shows the outcome.".to_owned(),
                facts: vec![
                    ("Arrived", vec![at.to_string()]),
                    ("Expected", vec![format!("{} (deadline {})", expected.by, expected.deadline)]),
                ],
                hint: None,
            },
            What::Unread(unread) => Told {
                word: "not read",
                headline: format!("Query {} cannot be read", unread.name()),
                sentence: format!("Query {} cannot be read: {}.", unread.name(), unread.message),
                facts: vec![
                    ("Connection", vec![unread.connection.clone()]),
                    ("Since", vec![unread.since.to_string()]),
                    ("Next notice", vec!["when it can be read again".to_owned()]),
                ],
                hint: unread.hint.clone(),
            },
            What::ReadAgain { unread, at } => Told {
                word: "read again",
                headline: format!("Query {} can be read again", unread.name()),
                sentence: "What came in the meantime came with this read.".to_owned(),
                facts: vec![("Read", vec![at.to_string()]), ("Not read since", vec![unread.since.to_string()])],
                hint: None,
            },
        }
    }
}

/// What a notice says, in its parts, each to be put in the form of a mail.
pub(crate) struct Told {
    /// What it is about, in a word.
    pub(crate) word: &'static str,
    pub(crate) headline: String,
    pub(crate) sentence: String,
    /// Each a name, and one value or several.
    pub(crate) facts: Vec<(&'static str, Vec<String>)>,
    /// What can be done.
    pub(crate) hint: Option<String>,
}

impl Expectation {
    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.universe, self.scope, self.subsection, self.deadline)
    }
}

fn waiting(
    group: &str,
    last: u8,
    missing: &[u8],
    files: &[String],
    since: Timestamp,
    expires: Option<Timestamp>,
) -> Told {
    let slots: Vec<String> = missing.iter().map(|slot| format!("{group}.{slot:02}-{last:02}_…")).collect();
    let mut here: Vec<String> = files.iter().take(NAMED).cloned().collect();
    if files.len() > NAMED {
        here.push(format!("and {} more", number((files.len() - NAMED) as u64)));
    }
    let mut facts = vec![("Missing", slots), ("Received", here), ("Waiting since", vec![since.to_string()])];
    facts.extend(
        expires.map(|at| ("Otherwise", vec![format!("the received files move to notprocessed/ at {at}")])),
    );
    let hint = "send the missing files; or send the received files again without the group tag, to import each one by itself";
    Told {
        word: "waiting",
        headline: format!("Group {group} is incomplete: {} missing", plural(missing.len() as u64, "file")),
        sentence: format!(
            "Group {group} is incomplete. None of its files is imported before all of them have arrived."
        ),
        facts,
        hint: Some(hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Renderer, Subject, Text};

    #[test]
    fn a_notice_says_what_is_missing_and_what_to_do() {
        let at = |text: &str| text.parse().unwrap();
        let what = What::Waiting {
            group: "daily".to_owned(),
            last: 3,
            generation: 2,
            missing: vec![2, 3],
            files: vec!["daily.01-03_acme_contacts_crm_20260131.csv".to_owned()],
            since: at("2026-01-31T06:00:00Z"),
            expires: Some(at("2026-02-01T06:00:00Z")),
        };
        let notice = Notice { repository: "partner".to_owned(), what };
        assert_eq!(notice.key(), "waiting/partner/daily/03/2");
        assert_eq!(Subject.render(&notice), "[partner] group daily is incomplete: 2 files missing");
        let text = Text.render(&notice);
        for part in [
            "daily.02-03_…, daily.03-03_…",
            "2026-01-31T06:00:00Z",
            "notprocessed/ at 2026-02-01T06:00:00Z",
            "Hint: ",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let expected = Expectation {
            universe: "acme".to_owned(),
            scope: "orders".to_owned(),
            subsection: "shop".to_owned(),
            by: "by 06:00 UTC".to_owned(),
            deadline: at("2026-01-31T06:00:00Z"),
        };
        let missed = Notice { repository: "partner".to_owned(), what: What::Missed(expected.clone()) };
        assert_eq!(Subject.render(&missed), "[partner] no acme_orders_shop_<date>.csv arrived by 06:00 UTC");
        let what = What::Came { expected, file: "x.csv".to_owned(), at: at("2026-01-31T07:00:00Z") };
        let came = Notice { repository: "partner".to_owned(), what };
        assert_ne!(came.key(), missed.key());
        assert!(Text.render(&came).contains("Arrived: 2026-01-31T07:00:00Z"));
    }
}
