//! What could be meant by a key that no record has.

use std::sync::Arc;

use tidewaiter::config::Config;
use tidewaiter::schema::{OnExisting, TableSchema, catalogue};
use tidewaiter_engine::ports::Records;

use super::key::{BETWEEN, Keys, columns};
use super::{active, is_asked_for, shown_key};
use crate::Result;
use crate::deployment::{Deployed, Deployment, with_deployed};
use crate::text::listed;

/// How many keys are proposed.
const PROPOSED: usize = 3;

/// What could be meant by a key that no record has.
#[derive(Debug, Default)]
pub struct Meant {
    /// True if there are records of the scope, with other keys.
    pub has_records: bool,
    /// The key as it is kept, if that is not how it was written.
    pub normal: Option<String>,
    /// What names a record of the scope, in sentences.
    pub about: Vec<String>,
    /// A few keys that begin with what was asked for.
    pub alike: Vec<String>,
    /// The other scopes that have a record of the key.
    pub in_scopes: Vec<String>,
}

/// What could be meant by this key, of a scope of which no record has it.
///
/// # Errors
/// If the deployment cannot be read.
pub async fn meant(deployment: &Deployment, scope: &str, key: &str, universe: Option<&str>) -> Result<Meant> {
    with_deployed!(deployment, deployed => {
        let configs = active(deployed, universe).await?;
        let keys = Keys::new(&configs, scope, key);
        of(deployed, &configs, scope, (key, &keys), universe).await
    })
}

async fn of(
    deployed: &impl Deployed,
    configs: &[Arc<Config>],
    scope: &str,
    (text, keys): (&str, &Keys),
    universe: Option<&str>,
) -> Result<Meant> {
    let counts = deployed.records().counts().await?;
    let configured = configs.iter().find_map(|config| catalogue::schema(scope, config.scopes()));
    let schema = configured.or_else(|| catalogue::schema(scope, catalogue::scopes()));
    let mut meant = Meant {
        has_records: counts.iter().any(|(of, known, _)| is_asked_for(universe, of) && known == scope),
        normal: keys.all().into_iter().map(shown_key).find(|key| key != text),
        about: schema.map(|schema| about(scope, schema)).unwrap_or_default(),
        alike: alike(deployed, (scope, &counts), keys, universe).await?,
        in_scopes: Vec::new(),
    };
    let mut others: Vec<&str> = counts.iter().map(|(_, other, _)| other.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    for other in others.into_iter().filter(|other| *other != scope) {
        for key in keys.all() {
            let found = deployed.records().find(other, key, PROPOSED).await?;
            if found.iter().any(|found| is_asked_for(universe, &found.universe) && found.key == key) {
                meant.in_scopes.push(other.to_owned());
                break;
            }
        }
    }
    Ok(meant)
}

/// What names a record of a scope.
fn about(scope: &str, schema: &TableSchema) -> Vec<String> {
    let (columns, one_of) = columns(schema);
    let mut sentences = Vec::new();
    if let Some(records) = &schema.records {
        sentences.push(format!("lines of {scope} change records of {records} and create none of their own"));
        return sentences;
    }
    match columns {
        [] if schema.on_existing == OnExisting::Append => {
            sentences.push(format!(
                "records of {scope} have no key of their own: use the key of the record they belong to"
            ));
        }
        [only] => sentences.push(format!("the key of {scope} is {only}")),
        several if one_of => {
            sentences.push(format!(
                "the key of {scope} is the first of these with a value: {}",
                several.join(", ")
            ));
        }
        several => sentences.push(format!("the key of {scope} is {}", several.join(BETWEEN))),
    }
    let others: Vec<String> =
        schema.alternate_keys.iter().filter(|column| !columns.contains(column)).cloned().collect();
    if !others.is_empty() {
        sentences.push(format!("{} is ignored", listed(&others)));
    }
    sentences
}

/// A few keys that begin with what was asked for.
async fn alike(
    deployed: &impl Deployed,
    (scope, counts): (&str, &[(String, String, u64)]),
    keys: &Keys,
    universe: Option<&str>,
) -> Result<Vec<String>> {
    let mut alike = Vec::new();
    let universes = counts.iter().filter(|(of, known, _)| known == scope && is_asked_for(universe, of));
    for (universe, ..) in universes {
        for key in keys.all().into_iter().filter(|key| !key.is_empty()) {
            let next = deployed.records().scan(scope, Some((universe, key)), PROPOSED).await?;
            let fits = next.iter().filter(|found| found.universe == *universe && found.key.starts_with(key));
            alike.extend(fits.map(|found| shown_key(&found.key)));
        }
    }
    alike.sort();
    alike.dedup();
    alike.truncate(PROPOSED);
    Ok(alike)
}
