//! The columns of an answer, beside those of the answer before.

use crate::ports::{AnswerColumn, SourceColumn};

/// The columns as they are kept.
pub(super) fn kept(columns: &[SourceColumn]) -> Vec<AnswerColumn> {
    let kept = |column: &SourceColumn| AnswerColumn { name: column.name.clone(), kind: column.kind.clone() };
    columns.iter().map(kept).collect()
}

/// What is different from the answer before, in words. Nothing, if there was none.
pub(super) fn changes(before: &[AnswerColumn], now: &[SourceColumn]) -> Vec<String> {
    if before.is_empty() {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for column in before {
        match now.iter().find(|found| found.name == column.name) {
            None => changes.push(format!("column `{}` is gone", column.name)),
            Some(found) if found.kind != column.kind => {
                changes
                    .push(format!("column `{}` is {} now, and was {}", column.name, found.kind, column.kind));
            }
            Some(_) => {}
        }
    }
    for column in now.iter().filter(|column| !before.iter().any(|known| known.name == column.name)) {
        changes.push(format!("column `{}` ({}) is new", column.name, column.kind));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Form;

    fn column(name: &str, kind: &str) -> SourceColumn {
        SourceColumn { name: name.to_owned(), kind: kind.to_owned(), form: Form::Text }
    }

    #[test]
    fn a_column_that_is_gone_renamed_or_of_another_type_is_named() {
        let before = kept(&[column("id", "integer"), column("mail", "text"), column("at", "date")]);
        let now = [column("id", "bigint"), column("email", "text"), column("at", "date")];
        assert_eq!(
            changes(&before, &now),
            [
                "column `id` is bigint now, and was integer",
                "column `mail` is gone",
                "column `email` (text) is new"
            ]
        );
        assert!(changes(&[], &now).is_empty(), "the first answer changes nothing");
        assert!(changes(&kept(&now), &now).is_empty());
    }
}
