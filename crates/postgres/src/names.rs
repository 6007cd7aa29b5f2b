//! Names in SQL.

use tidewaiter::record::free_name;

/// The schema in which the universes are listed, and what is closed.
pub(crate) const OWN_SCHEMA: &str = "tidewaiter";
/// Names of columns that PostgreSQL keeps for itself.
const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// A name, quoted: it means itself, whatever it holds.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table of a schema, quoted.
pub(crate) fn table(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// A text in SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A free name for a column beside these.
pub(crate) fn free_column(field: &str, taken: &[&str]) -> String {
    let all: Vec<&str> = taken.iter().chain(&SYSTEM_COLUMNS).copied().collect();
    free_name(field, &all)
}

/// A free name for the schema of a universe. PostgreSQL keeps names that begin with `pg_` for itself.
pub(crate) fn free_schema(universe: &str, taken: &[&str]) -> String {
    let is_reserved = universe.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pg_"));
    let wanted = if is_reserved { format!("x{universe}") } else { universe.to_owned() };
    free_name(&wanted, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_itself() {
        assert_eq!(quoted("e\"; DROP TABLE x; --"), "\"e\"\"; DROP TABLE x; --\"");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn names_that_are_kept_for_others_are_not_taken() {
        assert_eq!(free_column("xmin", &[]), "xmin_2");
        assert_eq!(free_schema("pg_catalog", &[]), "xpg_catalog");
        assert_eq!(free_schema("Tidewaiter", &[OWN_SCHEMA]), "Tidewaiter_2");
    }
}
