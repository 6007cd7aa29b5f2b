//! Values in forms of their own.

use serde_json::{Value, json};

use crate::support::{Import, texts};

fn field(kind: &str) -> Value {
    json!([{ "name": "id" }, { "name": "v", "type": kind }])
}

/// What a value of a type is read as; None if it is rejected.
fn read(kind: &str, options: &Value, value: &str) -> Option<String> {
    let read = Import::new(&field(kind), options).read(format!("id;v\n1;{value}\n"));
    read.good.first().map(|(_, _, values)| values[1].clone().unwrap_or("∅".to_owned()))
}

#[test]
fn numbers() {
    let german = json!({ "decimal": ",", "thousands": "." });
    assert_eq!(read("number", &german, "1.234,50").as_deref(), Some("1234.50"));
    assert_eq!(read("integer", &german, "1.234").as_deref(), Some("1234"));
    for value in ["1,234.50", "12.50", "1 234", "€ 5", "5,"] {
        assert_eq!(read("number", &german, value), None, "{value}");
    }
    let import = Import::new(&field("number"), &german);
    assert_eq!(import.read("id;v\n1;12.5\n").findings(), ["2 v: not a number such as 1.234,50"]);
    assert_eq!(read("string", &german, "1.234,50").as_deref(), Some("1.234,50"), "a text stays as it is");
}

#[test]
fn dates_and_times() {
    let options = json!({ "date_formats": ["dd/mm/yyyy", "yyyymmdd"] });
    assert_eq!(read("date", &options, "28/11/2026").as_deref(), Some("2026-11-28"));
    assert_eq!(read("date", &options, "20261128").as_deref(), Some("2026-11-28"));
    for value in ["31/02/2026", "11/28/2026", "28/11/26", "2026-11-28", "28/11/2026 "] {
        assert_eq!(read("date", &options, value), None, "{value}");
    }
    let moments = json!({ "date_formats": ["dd.mm.yyyy hh:mm:ss", "epoch"] });
    assert_eq!(read("datetime", &moments, "28.11.2026 09:08:07").as_deref(), Some("2026-11-28T09:08:07"));
    assert_eq!(read("datetime", &moments, "1795856887").as_deref(), Some("2026-11-28T09:08:07Z"));
    assert_eq!(read("date", &moments, "28.11.2026 00:00:00").as_deref(), Some("2026-11-28"));
    assert_eq!(read("date", &moments, "28.11.2026 00:00:01"), None, "a time of day is not thrown away");
    let zoned = json!({ "date_formats": ["%Y-%m-%d %H:%M:%S%z"] });
    assert_eq!(
        read("datetime", &zoned, "2026-11-28 09:08:07+0130").as_deref(),
        Some("2026-11-28T09:08:07+01:30")
    );
    // A column whose own pattern has no seconds does not drop those of a file.
    let fields = json!([{ "name": "id" }, { "name": "v", "type": "datetime", "format": "%d/%m/%Y %H:%M" }]);
    let found = Import::new(&fields, &moments).read("id;v\n1;28.11.2026 09:08:00\n2;28.11.2026 09:08:07\n");
    assert_eq!(found.lines(), ["1|28/11/2026 09:08"]);
    let short = json!({ "date_formats": ["dd/mm/yy"] });
    assert_eq!(read("date", &short, "28/11/26").as_deref(), Some("2026-11-28"));
}

#[test]
fn booleans_and_missing_values() {
    let options =
        json!({ "true_values": ["O", "oui"], "false_values": ["N"], "missing_values": ["NULL", "\\N"] });
    assert_eq!(read("boolean", &options, "oui").as_deref(), Some("true"));
    assert_eq!(read("boolean", &options, "N").as_deref(), Some("false"));
    assert_eq!(read("boolean", &options, "true"), None);
    assert_eq!(read("boolean", &options, "\\N").as_deref(), Some("∅"));
    assert_eq!(read("string", &options, "NULL").as_deref(), Some("∅"));
    let required = json!([{ "name": "id" }, { "name": "v", "constraints": { "required": true } }]);
    let found = Import::new(&required, &options).read("id;v\n1;NULL\n");
    assert_eq!(found.findings(), ["2 v: no value where one is required"]);
}

#[test]
fn blanks_at_the_ends() {
    let trim = json!({ "trim": true });
    assert_eq!(read("string", &trim, "  a b\u{a0}").as_deref(), Some("a b"));
    assert_eq!(read("integer", &trim, " 12 ").as_deref(), Some("12"));
    assert_eq!(read("string", &trim, "   ").as_deref(), Some("∅"));
    let required = json!([{ "name": " id".trim() }, { "name": "v", "constraints": { "required": true, "minLength": 3 } }]);
    let import = Import::new(&required, &trim);
    let found = import.read(" id ; v\n1;  \n2; ab \n3; abc\n");
    assert_eq!(found.lines(), ["3|abc"]);
    assert_eq!(
        found.findings(),
        ["2 v: no value where one is required", "3 v: 2 characters where at least 3 are required"]
    );
}

#[test]
fn encodings() {
    let import = |encoding: Value| Import::new(&texts(&["id", "v"]), &json!({ "encoding": encoding }));
    assert_eq!(import(json!("windows-1252")).read(b"id;v\n1;caf\xe9 \x80\n").lines(), ["1|café €"]);
    assert_eq!(import(json!("iso-8859-2")).read(b"id;v\n1;\xb1\n").lines(), ["1|ą"]);
    assert_eq!(import(json!("shift_jis")).read(b"id;v\n1;\x83\x5c;\n2;\x83\x5c\n").lines(), ["2|ソ"]);
    assert_eq!(import(json!("gb18030")).read(b"id;v\n1;\xc4\xe3\n").lines(), ["1|你"]);
    let both = import(json!(["utf-8", "windows-1252"]));
    assert_eq!(both.read(b"id;v\n1;caf\xc3\xa9\n2;caf\xe9\n3;x\n").lines(), ["1|café", "2|café", "3|x"]);
    let found = import(json!("windows-1252")).read(b"id;v\n1;a\n2;\x81\n3;b\n");
    assert_eq!(
        (found.lines(), found.bad),
        (vec!["1|a".to_owned(), "3|b".to_owned()], vec![b"2;\x81\n".to_vec()])
    );
    assert_eq!(found.summary.findings.kept()[0].message, "the line is not windows-1252");
    let cut: Vec<u8> = "id;v\n1;a\n2;secret".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = import(json!("utf-16le")).read(&cut[..cut.len() - 1]);
    assert_eq!(
        found.summary.findings.kept()[0].value.as_deref(),
        Some("2;se…"),
        "as text, and not all of it"
    );
    let found = import(json!("auto")).read(b"id;v\n1;caf\xe9\n2;x\n");
    assert_eq!(found.lines(), ["2|x"]);
}
