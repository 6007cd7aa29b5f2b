//! How the files of an import find it: by their names, or by a pattern.

use serde_json::Map;

use super::draft::Draft;
use super::group::Group;
use super::names;
use super::remark::Remarks;

/// The import's name for files of a scope of the catalogue.
pub(super) fn import_name(group: &Group<'_>, universe: &str, scope: &str) -> String {
    let usual = group.members.first().and_then(|member| names::usual(&member.sample.name, universe));
    match usual {
        Some((known, import)) if known == scope => import,
        _ => group.naming.import.clone(),
    }
}

/// Adds the pattern of the files' names, unless the names find the import by themselves.
pub(super) fn name_files(draft: &mut Draft, group: &Group<'_>, universe: &str, remarks: &mut Remarks) {
    let is_usual = group.members.iter().all(|member| {
        names::usual(&member.sample.name, universe)
            .is_some_and(|(scope, import)| scope == draft.scope && import == draft.import)
    });
    if is_usual {
        remarks.chose("files find the import by their names: no pattern is needed".to_owned());
        return;
    }
    name_remarks(group, remarks);
    if let Some(pattern) = &group.naming.pattern {
        let mut options = Map::new();
        options.insert("files".to_owned(), pattern.clone().into());
        options.extend(std::mem::take(&mut draft.before));
        draft.before = options;
    }
}

fn name_remarks(group: &Group<'_>, remarks: &mut Remarks) {
    let naming = &group.naming;
    match &naming.pattern {
        Some(pattern) if pattern.contains("{date") => {
            remarks.chose(format!("files named `{pattern}`"));
            if let Some(other) = naming.other_date {
                remarks.doubt(format!("the date in the name could be `{other}`, too"));
            }
        }
        Some(pattern) if naming.words.is_empty() => {
            remarks.doubt(format!("files named `{pattern}`, which any file of that ending is"));
        }
        Some(pattern) => remarks.chose(format!(
            "files named `{pattern}`; the date of a file is the day on which it arrives, as the name has none"
        )),
        None => remarks.doubt(
            "no pattern fits the name of the file: write one into `files`, or rename the file".to_owned(),
        ),
    }
}
