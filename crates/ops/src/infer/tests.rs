//! Files as partners have them, and the configurations that are inferred from them.

use serde_json::{Value, json};

use super::*;
use crate::preflight::{Advice, Checks, Judge};

/// A configuration that is inferred from files, and proven to land them.
fn inferred(files: &[(&str, &[u8])]) -> (Value, Proposal) {
    let samples: Vec<Sample> = files.iter().map(|(name, bytes)| Sample::new(name, bytes.to_vec())).collect();
    let proposal = infer("acme", &samples);
    let document: Value = serde_json::from_str(&proposal.document).unwrap_or_default();
    (document, proposal)
}

/// The options of the only import of one file, every row of which lands.
#[track_caller]
fn lands(name: &str, bytes: &[u8]) -> (Value, String, Proposal) {
    let (document, proposal) = inferred(&[(name, bytes)]);
    assert_eq!(proposal.unusable, [], "{name}");
    let import = proposal.imports.first().unwrap().clone();
    let options = document["acme"][&import.scope][&import.import].clone();
    let counts = checked(&proposal, name, bytes);
    assert_eq!(counts.0, counts.1, "{name}: {} {:?}", proposal.document, import.remarks);
    assert!(counts.0 > 0, "{name}");
    (options, import.scope, proposal)
}

/// How many rows of a file the check reads and accepts.
fn checked(proposal: &Proposal, name: &str, bytes: &[u8]) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let advice = Advice { which_scope: "", whatever_the_name: "", encrypted: "" };
    let judge = Judge::new(Some(proposal.active().unwrap()), None, None, advice).unwrap();
    let mut counts = (0, 0);
    let done: Result<(), crate::Error> = Checks::new(judge, false).file(&path, &(), |preflight| {
        assert_eq!(preflight.reason.as_ref().map(|reason| &reason.message), None, "{}", proposal.document);
        counts = (preflight.counts.read, preflight.counts.accepted);
        Ok(())
    });
    done.unwrap();
    counts
}

fn doubts(proposal: &Proposal) -> Vec<&str> {
    let remarks = proposal.imports.iter().flat_map(|import| &import.remarks);
    remarks.filter(|remark| remark.is_doubt).map(|remark| remark.text.as_str()).collect()
}

/// A table of so many rows.
fn table(delimiter: &str, labels: &[&str], rows: usize, row: impl Fn(usize) -> Vec<String>) -> String {
    let mut text = labels.join(delimiter) + "\n";
    for n in 0..rows {
        text.push_str(&(row(n).join(delimiter) + "\n"));
    }
    text
}

fn plain(delimiter: &str) -> String {
    table(delimiter, &["ref", "label", "weight"], 25, |n| {
        vec![format!("r{n}"), format!("l{n}"), format!("{n}.5")]
    })
}

#[test]
fn customers_of_a_shop() {
    let text = table(",", &["First Name", "Last Name", "Email", "Birthday", "Notes"], 30, |n| {
        let notes = if n % 2 == 0 { "\"calls,\noften\"" } else { "" };
        vec![
            "Ana".into(),
            "López".into(),
            format!("c{n}@example.org"),
            format!("{:02}/04/1988", n + 1),
            notes.into(),
        ]
    });
    let (options, scope, proposal) = lands("customers-export.csv", text.as_bytes());
    assert_eq!(scope, "contacts");
    let expected = json!({
        "files": "customers-export.csv",
        "delimiter": ",",
        "columns": {
            "First Name": "firstname", "Last Name": "lastname", "Email": "email", "Birthday": "birthdate", "Notes": null
        },
        "date_formats": ["dd/mm/yyyy"],
        "line_breaks": "keep",
    });
    assert_eq!(options, expected);
    assert_eq!(doubts(&proposal), ["not read, since the catalogue has no such field: `Notes`"]);
}

#[test]
fn no_scope_is_proposed_that_has_the_name_of_the_table_of_subscriptions() {
    let text = table(";", &["Ref", "Note"], 30, |n| vec![format!("R{n}"), format!("note {n}")]);
    let (_, scope, _) = lands("subscriptions_20261128.csv", text.as_bytes());
    assert_eq!(scope, "own_subscriptions");
}

#[test]
fn orders_of_an_erp() {
    let text = "Export vom 28.11.2026\r\n".to_owned()
        + &table(";", &["Bestellnr", "Kundennr", "Bestelldatum", "Straße", "Betrag", "Bezahlt"], 30, |n| {
            let amount = format!("{}.{:03},50", n + 1, n * 7);
            let paid = if n % 3 == 0 { "ja" } else { "nein" };
            let day = format!("{:02}.11.2026", n % 28 + 1);
            vec![format!("B{n}"), format!("{n:05}"), day, "Größe 1".into(), amount, paid.into()]
        })
        .replace('\n', "\r\n");
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    let (document, proposal) = inferred(&[("ORDERS_28112026.txt", &bytes)]);
    let (options, scope, _) = lands("ORDERS_28112026.txt", &bytes);
    assert_eq!(scope, "own_orders");
    assert_eq!(options["files"], "ORDERS_{date:ddmmyyyy}.txt");
    assert_eq!(options["encoding"], "windows-1252");
    assert_eq!(options["skip_lines"], 1);
    assert_eq!((&options["decimal"], &options["thousands"]), (&json!(","), &json!(".")));
    assert_eq!(options["date_formats"], json!(["dd.mm.yyyy"]));
    assert_eq!(options["columns"]["Straße"], "strasse");
    let schema = &document["scopes"]["own_orders"];
    assert_eq!(schema["primaryKey"], json!(["bestellnr"]));
    let types: Vec<&str> = schema["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["type"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(types, ["", "", "date", "", "number", "boolean"]);
    assert!(doubts(&proposal).iter().any(|doubt| doubt.contains("windows-1252, as in `Straße`")));
}

#[test]
fn products_of_two_days_are_one_import() {
    let labels = ["SKU", "Title", "Price", "Active", "Image Link"];
    let text = table(",", &labels, 25, |n| {
        let link = format!("https://shop.example.org/{n}.jpg");
        vec![format!("T-{n}"), format!("Boat {n}"), format!("{n}.50"), "yes".into(), link]
    });
    let files =
        [("products_2026-11-28.csv.gz", text.as_bytes()), ("products_2026-11-29.csv.gz", text.as_bytes())];
    let (document, proposal) = inferred(&files);
    assert_eq!(proposal.imports.len(), 1);
    assert_eq!(proposal.imports[0].files.len(), 2);
    let options = &document["acme"]["products"]["products"];
    assert_eq!(options["files"], "products_{date}.csv.gz");
    assert_eq!((&options["true_values"], &options["false_values"]), (&json!(["yes"]), &json!(["no"])));
}

#[test]
fn encodings_land() {
    let text = table(";", &["ref", "prénom"], 25, |n| vec![format!("r{n}"), "Zoé".into()]);
    let wide = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(order).collect()
    };
    for (bytes, encoding) in [
        (wide(u16::to_le_bytes, "\u{feff}"), json!("utf-16le")),
        (wide(u16::to_le_bytes, ""), json!("utf-16le")),
        (wide(u16::to_be_bytes, ""), json!("utf-16be")),
        (format!("\u{feff}{text}").into_bytes(), json!("auto")),
        (text.clone().into_bytes(), Value::Null),
        (encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(), json!("windows-1252")),
        ([text.as_bytes(), b"r99;Zo\xe9\n"].concat(), json!(["utf-8", "windows-1252"])),
    ] {
        let (options, _, _) = lands("names.csv", &bytes);
        assert_eq!(options["encoding"], encoding);
    }
}

#[test]
fn delimiters_and_quotes_land() {
    for delimiter in [";", ",", "\t", "|", "^", "~", "||"] {
        let (options, scope, _) = lands("parts.csv", plain(delimiter).as_bytes());
        let told = if delimiter == ";" { Value::Null } else { json!(delimiter) };
        assert_eq!((options["delimiter"].clone(), scope.as_str()), (told, "parts"));
        assert_eq!(options["columns"], Value::Null, "labels that are names need no mapping");
    }
    for row in ["12\" pipe,2", "\"a \\\"b\\\", c\",2", "'x, y','2'"] {
        let text = format!("thing,count\n{}", format!("{row}\n").repeat(25));
        lands("parts.csv", text.as_bytes());
    }
}

#[test]
fn what_stands_around_a_table_lands() {
    let table = plain(";");
    let (options, _, _) = lands("a.csv", format!("Report\n\nby x\n{table}TRAILER;25\n").as_bytes());
    assert_eq!((&options["skip_lines"], &options["trailer"]), (&json!(3), &json!("TRAILER;{count}")));
    let (options, _, _) = lands("a.csv", format!("# by x\n# today\n{table}").as_bytes());
    assert_eq!((&options["comment"], &options["skip_lines"]), (&json!("#"), &Value::Null));
    let (options, _, proposal) = lands("a.csv", table.split_once('\n').unwrap().1.as_bytes());
    assert_eq!(options["header"], false);
    assert_eq!(options["columns"], json!(["column_1", "column_2", "column_3"]));
    assert!(doubts(&proposal).iter().any(|doubt| doubt.contains("no header")));
    let (options, _, _) = lands("a.csv", table.replace(';', " ; ").as_bytes());
    assert_eq!(options["trim"], true);
    let (options, _, _) = lands("a.csv", b"id,\"two\nlines\"\n1,a\n2,b\n");
    assert_eq!(options["line_breaks"], "keep");
    let (options, _, _) = lands("a.csv", format!("sep=;\n{table}").as_bytes());
    assert_eq!(options["skip_lines"], 1);
    let (options, _, proposal) = lands("a.csv", b";a;a;b\n0;1;2;x\n1;2;3;y\n");
    assert_eq!(options["columns"][""], Value::Null);
    assert!(options["columns"].as_object().unwrap().contains_key("a"));
    assert_eq!(doubts(&proposal).iter().filter(|doubt| doubt.contains("not read")).count(), 2);
}

#[test]
fn rows_that_cannot_land_are_told() {
    let (_, proposal) = inferred(&[("a.csv", (plain(";") + "r;1\n").as_bytes())]);
    assert!(doubts(&proposal).iter().any(|doubt| doubt.contains("1 of 26 rows looked at do not land")));
    assert_eq!(checked(&proposal, "a.csv", (plain(";") + "r;1\n").as_bytes()), (26, 25));
}

#[test]
fn a_strange_value_makes_a_text() {
    let text = plain(";") + "r99;x;soon\n";
    let (_, _, proposal) = lands("a.csv", text.as_bytes());
    assert!(
        doubts(&proposal)
            .iter()
            .any(|doubt| doubt.starts_with("`weight`: 25 of 26 values are numbers, but not `soon`"))
    );
}

#[test]
fn a_scope_whose_references_are_not_given_is_not_taken() {
    let orders = table(",", &["Order No", "Email", "Ordered at", "Total"], 25, |n| {
        vec![format!("SO-{n}"), format!("c{n}@example.org"), "2026-01-31 13:45:00".into(), format!("{n}.50")]
    });
    let (_, scope, proposal) = lands("orders.csv", orders.as_bytes());
    assert_eq!(scope, "own_orders");
    assert!(
        doubts(&proposal)[0].contains("no file given here is one of contacts"),
        "{:?}",
        doubts(&proposal)
    );
    let contacts = table(",", &["Email", "Vorname"], 25, |n| vec![format!("c{n}@example.org"), "Ana".into()]);
    let (document, proposal) =
        inferred(&[("orders.csv", orders.as_bytes()), ("kunden.csv", contacts.as_bytes())]);
    assert_eq!(
        proposal.imports.iter().map(|import| import.scope.as_str()).collect::<Vec<_>>(),
        ["orders", "contacts"]
    );
    assert_eq!(document["acme"]["orders"]["orders"]["columns"]["Email"], "contact");
    assert_eq!(document["scopes"], Value::Null);
}

#[test]
fn a_column_that_breaks_the_rules_of_the_catalogue_is_left_out() {
    let text = table(",", &["email", "firstname", "country"], 25, |n| {
        vec![format!("c{n}@example.org"), "Ana".into(), "France".into()]
    });
    let (options, scope, proposal) = lands("people.csv", text.as_bytes());
    assert_eq!(scope, "contacts");
    assert_eq!(options["columns"], json!({ "country": null }));
    assert!(doubts(&proposal)[0].starts_with("`country` does not fit `country` of the catalogue"));
}

#[test]
fn a_few_bad_values_do_not_change_the_scope() {
    let text = table(",", &["email", "firstname", "birthdate"], 40, |n| {
        let day = if n == 7 { "soon".to_owned() } else { format!("{:02}/04/1988", n % 28 + 1) };
        let email = if n == 9 { "no address".to_owned() } else { format!("c{n}@example.org") };
        vec![email, "Ana".into(), day]
    });
    let (document, proposal) = inferred(&[("people.csv", text.as_bytes())]);
    assert_eq!(document["acme"]["contacts"]["people"]["date_formats"], json!(["dd/mm/yyyy"]));
    assert_eq!(checked(&proposal, "people.csv", text.as_bytes()), (40, 38));
    assert!(
        doubts(&proposal)[0].starts_with("2 of 40 rows looked at do not land"),
        "{:?}",
        doubts(&proposal)
    );
    let text = table(",", &["email", "firstname"], 25, |n| vec![format!("user {n}"), "Ana".into()]);
    let (_, scope, proposal) = lands("people.csv", text.as_bytes());
    assert_eq!(scope, "people");
    assert!(doubts(&proposal)[0].contains("its rules reject rows (`email`: not an e-mail address"));
}

#[test]
fn names_of_the_usual_form_need_no_pattern() {
    let (options, scope, proposal) =
        lands("acme_contacts_crm_20260131.csv", b"email;firstname\na@example.org;A\n");
    assert_eq!((options, scope.as_str()), (json!({}), "contacts"));
    assert_eq!(proposal.imports[0].import, "crm");
    let (options, scope, _) = lands("acme_visits_web_20260131.csv", plain(";").as_bytes());
    assert_eq!((options, scope.as_str()), (json!({}), "visits"));
}

#[test]
fn what_is_no_table_is_said_in_words() {
    let random: Vec<u8> = (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes, why) in [
        ("a.csv", b"".as_slice(), "is empty"),
        ("a.csv", b"\n\r\n\n", "is empty"),
        ("a.csv", b"\xef\xbb\xbf", "is empty"),
        ("a.xls", b"PK\x03\x04xyz", "workbook"),
        ("a.csv", b"PK\x03\x04xyz", "zip archive or an Excel workbook"),
        ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.csv", b"<html><body>", "web page"),
        ("a.csv", b"{\"a\": 1}", "JSON"),
        ("a.csv", &random, "is no text"),
        ("a.csv", b"a;b\r1;2\r", "carriage returns"),
        ("a.csv", "a,".repeat(9_000).as_bytes(), "9001 columns"),
    ] {
        let (_, proposal) = inferred(&[(name, bytes)]);
        assert_eq!(proposal.document, "", "{name}");
        assert!(proposal.unusable[0].why.contains(why), "{:?}", proposal.unusable);
    }
}

#[test]
fn a_header_alone_is_a_doubt() {
    let (document, proposal) = inferred(&[("a.csv", b"ref;label\n")]);
    assert_eq!(document["scopes"]["a"]["onExisting"], "append");
    assert!(doubts(&proposal).iter().any(|doubt| doubt.contains("too few rows (0)")));
    let (_, proposal) = inferred(&[("a.csv", b"email;firstname\n")]);
    assert!(doubts(&proposal)[0].contains("no row was read"));
}

#[test]
fn files_of_one_name_and_two_shapes_are_told() {
    let other = table(",", &["x", "y"], 5, |n| vec![format!("{n}"), "z".into()]);
    let (_, proposal) =
        inferred(&[("a_20260101.csv", plain(";").as_bytes()), ("a_20260102.csv", other.as_bytes())]);
    assert_eq!(proposal.imports.len(), 1);
    assert!(proposal.unusable[0].why.contains("with another delimiter than a_20260101.csv"));
    let files = [("a.csv", plain(";")), ("b.csv", other)];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (document, proposal) = inferred(&files);
    assert_eq!((proposal.imports.len(), document["acme"].as_object().unwrap().len()), (2, 2));
}

#[test]
fn scopes_and_imports_have_names_of_their_own() {
    let files = [("a-1x.csv", plain(";")), ("a 1x.csv", plain(","))];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (document, proposal) = inferred(&files);
    proposal.active().unwrap();
    assert_eq!(document["acme"].as_object().unwrap().len(), 2, "{}", proposal.document);
}

/// Whatever the bytes are, there is an answer.
#[test]
fn damaged_files_have_an_answer() {
    let whole = format!("# x\nReport\n{}TOTAL;25;\"x\n", plain(";")).into_bytes();
    for cut in 0..whole.len() {
        inferred(&[("a_1.csv", &whole[..cut])]);
    }
    for place in 0..whole.len() {
        let mut broken = whole.clone();
        broken[place] = [b'"', b';', b'\n', 0, 0xff, b'\r'][place % 6];
        let (_, proposal) = inferred(&[("a_1.csv", &broken)]);
        if !proposal.document.is_empty() {
            proposal.active().unwrap();
        }
    }
}
