//! Where the parts of a stack are, as the tags of its bucket say.

use std::collections::HashMap;

use aws_sdk_s3::Client;

use super::Problem;
use crate::failure;

/// The tag with the name of the table of state.
pub const STATE_TABLE: &str = "tidewaiter:state-table";
/// The tag with the name of the table of records.
pub const RECORDS_TABLE: &str = "tidewaiter:records-table";
/// The tag with the engine of records, `dynamodb` or `postgres`. A stack without it has the former.
pub const RECORDS_ENGINE: &str = "tidewaiter:records-engine";

/// The functions, each with a queue and the dead letters beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Takes in what was dropped.
    Unpack,
    /// Decides which file is next.
    Sequence,
    /// Checks and loads.
    Validate,
    /// Mails.
    Report,
    /// Reads databases. A stack without connections does not have it.
    Fetch,
}

impl Function {
    /// All of them, in the order in which a file meets them.
    pub const ALL: [Self; 5] = [Self::Unpack, Self::Sequence, Self::Validate, Self::Report, Self::Fetch];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpack => "unpack",
            Self::Sequence => "sequence",
            Self::Validate => "validate",
            Self::Report => "report",
            Self::Fetch => "fetch",
        }
    }

    /// The tag with the address of its queue.
    pub fn queue(self) -> &'static str {
        match self {
            Self::Unpack => "tidewaiter:unpack-queue",
            Self::Sequence => "tidewaiter:sequence-queue",
            Self::Validate => "tidewaiter:validate-queue",
            Self::Report => "tidewaiter:report-queue",
            Self::Fetch => "tidewaiter:fetch-queue",
        }
    }

    /// The tag with the address of its dead letters.
    pub fn dead_letters(self) -> &'static str {
        match self {
            Self::Unpack => "tidewaiter:unpack-dead-letters",
            Self::Sequence => "tidewaiter:sequence-dead-letters",
            Self::Validate => "tidewaiter:validate-dead-letters",
            Self::Report => "tidewaiter:report-dead-letters",
            Self::Fetch => "tidewaiter:fetch-dead-letters",
        }
    }
}

/// The tags of a bucket.
#[derive(Debug)]
pub(super) struct Tags(HashMap<String, String>);

impl Tags {
    pub(super) async fn of(s3: &Client, bucket: &str, region: &str) -> Result<Self, Problem> {
        match s3.get_bucket_tagging().bucket(bucket).send().await {
            Ok(found) => Ok(Self(found.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
            Err(error) if failure::code(&error) == Some("NoSuchTagSet") => Ok(Self(HashMap::new())),
            Err(error) => Err(Problem::of_tags(bucket, region, &error)),
        }
    }

    /// True if records are in PostgreSQL.
    pub(super) fn postgres(&self) -> bool {
        self.0.get(RECORDS_ENGINE).is_some_and(|engine| engine == "postgres")
    }

    /// The value of a tag, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The values of these tags; all that are missing are named at once.
    pub(super) fn need<const N: usize>(
        &self,
        bucket: &str,
        names: [&'static str; N],
    ) -> Result<[&str; N], Problem> {
        let missing: Vec<&'static str> = names.into_iter().filter(|name| self.find(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(Problem::Untagged { bucket: bucket.to_owned(), missing });
        }
        Ok(names.map(|name| self.find(name).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tags_that_are_missing_are_named_at_once() {
        let tags = Tags(HashMap::from([
            (STATE_TABLE.to_owned(), "state".to_owned()),
            (RECORDS_TABLE.to_owned(), String::new()),
        ]));
        assert_eq!(tags.need("landing", [STATE_TABLE]).unwrap(), ["state"]);
        let validate = Function::Validate;
        let error = tags.need("landing", [RECORDS_TABLE, STATE_TABLE, validate.queue()]).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("tidewaiter:records-table, tidewaiter:validate-queue"), "{said}");
        assert!(said.contains("landing") && error.hint().unwrap().contains("make deploy"), "{said}");
    }

    #[test]
    fn records_are_in_a_table_unless_a_tag_says_otherwise() {
        let tags = |engine: &[&str]| {
            Tags(engine.iter().map(|engine| (RECORDS_ENGINE.to_owned(), (*engine).to_owned())).collect())
        };
        assert!(!tags(&[]).postgres() && !tags(&["dynamodb"]).postgres());
        assert!(tags(&["postgres"]).postgres());
    }

    /// The command looks for what the template sets.
    #[test]
    fn the_template_sets_each_tag() {
        let template = include_str!("../../../../infra/template.yaml");
        let names = Function::ALL.into_iter().flat_map(|one| [one.queue(), one.dead_letters()]);
        for name in names.chain([STATE_TABLE, RECORDS_TABLE, RECORDS_ENGINE]) {
            assert!(template.contains(&format!("Key: \"{name}\"")), "{name}");
        }
    }
}
