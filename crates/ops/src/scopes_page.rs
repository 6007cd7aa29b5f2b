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

| type | written as | kept as |
|---|---|---|
| text | anything but a line break | written; in columns of keys and references composed (NFC) |
| whole number | `-12` | `-12`, without zeros that do not count: `007` is `7` |
| decimal number | `-12.50`: a point, no separator of thousands, `-` only for negative | `-12.5`: exact digits, without zeros \
that do not count |
| true or false | `true` or `1`, `false` or `0` | `true` or `false` |
| date | `2026-01-31` | `2026-01-31`, also where a scope of yours has a `format` |
| date and time | `2026-01-31T13:45:00Z`; an offset such as `+01:00` for `Z`, or neither | `2026-01-31T13:45:00Z`: the same \
moment in UTC. A time without an offset stays one: `2026-01-31T13:45:00` |
| e-mail address | `ana.lopez@example.org` | lower case, and a domain beyond ASCII in Punycode: `mail@MÜLLER.example` is \
`mail@xn--mller-kva.example` |
| telephone number | `+33 6 12 34 56 78` | its digits with the country code first: `33612345678` |
| address of a page | `https://shop.example.org/p/1` | written |

A value is one value however it is written: `1`, `true` and `TRUE`, or `13:45:00Z` and `14:45:00+01:00`. A line that repeats a
value in another spelling leaves the record unchanged.

An empty cell is no value: the record keeps its value, unless the configuration says `\"empty\": \"clear\"`. References
are compared like keys: a contact is found however its address or number is written.

### E-mail addresses

Upper and lower case are the same address, and so are the spellings of a domain: `müller.example` with one letter ü, with a u and
two dots, and as `xn--mller-kva.example`. The domain is kept in Punycode, because mail servers, bounces and web forms have it
so: a kept address can be joined with theirs as it is. The part before the `@` has no such form, and is kept in
lower case and composed (NFC). An address with an invisible character, such as a soft hyphen, is rejected, and so is a domain
that no registry can give out.

### Telephone numbers

- A number with one leading 0 gets the country code that the configuration names as `phone_prefix`: in place of the 0 or, where a
  country keeps it (39, 225, 226, 229, 242, 378, 992), before it. Without a `phone_prefix`, it is kept with its 0.
- A 0 behind the country code is dropped where the country dials it at home only: `+33 06 12 34 56 78`, `+33 (0)6 …` and
  `0033 06 …` are `33612345678`. It stays in the countries that keep it (`+39 06 …` is Rome), and where tidewaiter does not know
  the rule.
- A number without `+` or 0 begins with its country code: `447700900123`. If it begins with the `phone_prefix` and a 0, the 0 is
  dropped only if the number is too long to be one without its country code: with `33`, `330612345678` is `33612345678`.
- A number that lost its country code and its 0 is kept as it is. With `33`, `639980012` may be a French number or one of
  the Philippines (63): tidewaiter does not guess.
- A number with decimals (`33612345678.0`) is not a telephone number.

## Keys

Keys are compared as they are kept. Text is compared character by character in its composed form (NFC), so `SO-1` and `so-1` are
two keys, but é as one character and as an e followed by an accent are one. All other values are compared as the table above
says: a key of a card and a moment is the same in any time zone.

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
