//! The page about scopes, for authors of files.
//!
//! What is said of a scope is worked out from its schema, so a schema that changes cannot leave a sentence
//! behind that is no longer true. A test compares the committed page with this one.

mod columns;
mod does;

use std::fmt::Write;

use tidewaiter::schema::{FieldSchema, Scopes, TableSchema, catalogue};

const INTRODUCTION: &str = "\
<!-- Generated from the schemas of the catalogue: `make golden` writes it. -->

# Scopes

A scope is a kind of record. For each scope that ships with tidewaiter, this page says what a line does,
which columns a file may have, and which values they take. Scopes are listed in the order in which their files are
processed. The Table Schemas with the same content for programs are in `crates/core/schema/src/catalogue/`.

## Files

```
shop_contacts_crm_20260131.csv
```

A file is named `<universe>_<scope>_<name>_<yyyymmdd>[_<suffix>].csv`. It is UTF-8 text without a byte order mark.
Its first line is the header: names of columns as on this page, each once, in any order. Columns that are
not required may be left out. Fields are separated by `;` unless the configuration says otherwise.

Each line has as many fields as the header. Quotes around a field are optional, and required if it contains the
delimiter; a quote inside of them is doubled: `\"5\"\" disc\"`. No field contains a line break.

A line that breaks a rule is rejected; the other lines are not affected. `tidewaiter check --scope contacts FILE` says what is
wrong before a file is sent.

## Values

| type | written as |
|---|---|
| text | anything but a line break |
| whole number | `-12` |
| decimal number | `-12.50`: a point, no separator of thousands, `-` only for negative |
| true or false | `true` or `1`, `false` or `0` |
| date | `2026-01-31` |
| date and time | `2026-01-31T13:45:00Z`; an offset such as `+01:00` for `Z`, or neither |
| e-mail address | `ana.lopez@example.org`; upper and lower case are the same address |
| telephone number | `+33 6 12 34 56 78`; kept as its digits with the country code first: `33612345678`. A number with one \
leading 0 gets the country code that the configuration names as `phone_prefix`, in place of the 0 or, where a country keeps \
it (39, 225, 229, 242, 378), before it. A number with decimals (`33612345678.0`) is not a telephone number. |
| address of a page | `https://shop.example.org/p/1` |

An empty cell is no value: the record keeps its value, unless the configuration says `\"empty\": \"clear\"`. References
are compared like keys: a contact is found however its address or number is written.

## Keys

A key is compared character by character, as Unicode numbers them. So `SO-1` and `so-1` are two keys, and so are `é` as one
character (NFC) and as an `e` followed by an accent (NFD), although they look alike: a partner must write its keys the same
way in all of its files. Two kinds of columns are the exception:

- *E-mail addresses* are compared in lower case, as Unicode has it. `Ana@Example.org` is `ana@example.org`, and the KELVIN SIGN
  (U+212A), which looks like a K, is a `k`. Accents are not composed.
- *Telephone numbers* are compared by their digits with the country code, as they are kept.

## What becomes of lines

Each line is counted once: read = imported + unchanged + superseded + rejected.

| | |
|---|---|
| imported | it created, changed, replaced, added or deleted a record |
| unchanged | it left the records unchanged. Of these, *existing*: the record exists, and the import only creates new ones; *unknown*: the record does not exist, and the import only changes or deletes existing ones |
| superseded | it changed a record that a later line of the file changed again |
| rejected | it breaks a rule; it is in `badlines/`, to be fixed and dropped again |

The `mode` of an import narrows what its lines do: `upsert`, unless said otherwise, creates and changes records;
`create` leaves existing records unchanged; `update` creates none.

## Columns and scopes of your own

A configuration may add columns to a scope, and scopes. They are written as Table Schemas, and checked like those here:

```json
{
  \"shop\": { \"contacts\": { \"crm\": {} }, \"visits\": { \"crm\": {} } },
  \"scopes\": {
    \"contacts\": { \"fields\": [{ \"name\": \"shoe_size\", \"type\": \"number\", \"constraints\": { \"minimum\": 10 } }] },
    \"visits\": {
      \"fields\": [{ \"name\": \"visit_id\", \"constraints\": { \"required\": true } }, { \"name\": \"contact\" }],
      \"primaryKey\": [\"visit_id\"],
      \"foreignKeys\": [{ \"fields\": [\"contact\"], \"reference\": { \"resource\": \"contacts\" } }]
    }
  }
}
```

";

/// The page about the scopes of the catalogue, as Markdown.
///
/// ```
/// let page = tidewaiter_ops::scopes_page::scopes();
/// assert!(page.contains("\n## orders\n"));
/// ```
pub fn scopes() -> String {
    let scopes = catalogue::scopes();
    let known = || catalogue::names().filter_map(|name| Some((name, scopes.get(name)?)));
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## The scopes\n\n| scope | |\n|---|---|\n");
    for (name, schema) in known() {
        let title = schema.title.as_deref().unwrap_or(name);
        let _ = writeln!(page, "| [{name}](#{name}) | {} |", columns::cell(title));
    }
    for (name, schema) in known() {
        let _ = write!(page, "\n{}", scope(name, schema, scopes));
    }
    page
}

/// What there is to say of one scope among others.
pub fn scope(name: &str, schema: &TableSchema, scopes: &Scopes) -> String {
    let mut text = format!("## {name}\n\n");
    let title = schema.title.iter().map(|title| format!("**{title}.**"));
    let about: Vec<String> = title.chain(schema.description.clone()).collect();
    if !about.is_empty() {
        let _ = writeln!(text, "{}\n", about.join(" "));
    }
    for sentence in does::sentences(name, schema, scopes) {
        let _ = writeln!(text, "- {sentence}");
    }
    let _ = write!(text, "\n{}", columns::table(schema));
    let [least, whole] = examples(schema);
    if least != whole {
        let _ = write!(text, "\nThe least a file needs:\n\n```csv\n{least}```\n");
    }
    let _ = write!(text, "\nWith every column:\n\n```csv\n{whole}```\n");
    text
}

/// Files of one line, made from the examples of the columns: one with the columns that must be there, and
/// one with all.
pub fn examples(schema: &TableSchema) -> [String; 2] {
    let identifies = |name: &String| {
        let one_of = std::iter::once(&schema.identified_by).chain(&schema.require_any);
        one_of.filter_map(|columns| columns.first()).any(|first| first == name)
    };
    let least = schema.fields.iter().filter(|field| field.constraints.required || identifies(&field.name));
    let file = |fields: Vec<&FieldSchema>| {
        let header: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let cells = fields.iter().map(|field| quoted(field.example.as_deref().unwrap_or_default()));
        format!("{}\n{}\n", header.join(";"), cells.collect::<Vec<_>>().join(";"))
    };
    [file(least.collect()), file(schema.fields.iter().collect())]
}

/// A cell of a file, in quotes where it needs them.
fn quoted(value: &str) -> String {
    if value.contains([';', '"']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

/// Names in a sentence, as code: `a`, `b` and `c`.
fn listed<'a>(names: impl IntoIterator<Item = &'a String>, and: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} {and} {last}", front.join(", ")),
    }
}

/// A scope in a sentence.
fn linked(scope: &str) -> String {
    format!("[{scope}](#{scope})")
}
