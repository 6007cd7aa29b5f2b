//! What could be meant by a key that no record has.

use std::sync::Arc;

use tidewaiter::config::Config;
use tidewaiter::schema::{OnExisting, TableSchema, catalogue};
use tidewaiter_pipeline::ports::Records;

use super::key::{BETWEEN, Keys, columns};
use super::{Options, shown_key};
use crate::Result;
use crate::deployed::Deployed;
use crate::printer::{Line, Printer, style};
use crate::text::listed;

/// How many keys are proposed.
const PROPOSED: usize = 3;

/// Says that there is no such record, and what could be meant.
pub(super) async fn tell(
    deployed: &impl Deployed,
    configs: &[Arc<Config>],
    scope: &str,
    (text, keys): (&str, &Keys),
    options: &Options,
    printer: &Printer,
) -> Result<()> {
    let counts = deployed.records().counts().await?;
    if counts.iter().any(|(universe, known, _)| options.asks_for(universe) && known == scope) {
        let normal: Vec<String> = keys.all().into_iter().map(shown_key).collect();
        let normal = normal.iter().find(|key| *key != text);
        let normal = normal.map(|key| format!(", or {key} as it is kept")).unwrap_or_default();
        printer.line(format!("no record of {scope} has the key {text}{normal}"))?;
    } else {
        super::none(deployed, scope, printer).await?;
    }
    let hint = |text: String| printer.line(Line::from("  ").styled(style::DIM, text));
    let configured = configs.iter().find_map(|config| config.scopes().get(scope));
    let schema = configured.or_else(|| catalogue::scopes().get(scope));
    for sentence in schema.into_iter().flat_map(|schema| about(scope, schema)) {
        hint(sentence)?;
    }
    let alike = alike(deployed, scope, keys, options).await?;
    if !alike.is_empty() {
        hint(format!("keys with this beginning: {}", listed(&alike)))?;
    }
    let mut others: Vec<&str> = counts.iter().map(|(_, other, _)| other.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    for other in others.into_iter().filter(|other| *other != scope) {
        for key in keys.all() {
            let found = deployed.records().find(other, key, PROPOSED).await?;
            if found.iter().any(|found| options.asks_for(&found.universe) && found.key == key) {
                hint(format!(
                    "there is one of {other}: `tidewaiter records {} {other} --key {text}`",
                    options.dir.display()
                ))?;
                break;
            }
        }
    }
    Ok(())
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
async fn alike(deployed: &impl Deployed, scope: &str, keys: &Keys, options: &Options) -> Result<Vec<String>> {
    let mut alike = Vec::new();
    let counts = deployed.records().counts().await?;
    let universes = counts.iter().filter(|(universe, of, _)| of == scope && options.asks_for(universe));
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
