//! `init --from`: a configuration is inferred from files, and the untouched files land.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use crate::support::{Answer, Place};

/// A shop's customers: commas, days before months, line breaks in notes.
fn customers() -> String {
    let mut text = String::from("First Name,Last Name,Email,Phone,Birthday,Country,Notes\n");
    for n in 0..24 {
        let notes = if n % 3 == 0 { "\"likes boats,\nand says \"\"hi\"\"\"" } else { "" };
        writeln!(text, "Zoé,López,c{n}@example.org,+33 6 12 34 {n:02} 00,{:02}/04/1988,FR,{notes}", n + 1)
            .unwrap();
    }
    text
}

/// An ERP's orders in Windows-1252: a line before the header, decimal commas, accents in labels.
fn orders() -> Vec<u8> {
    let mut text = String::from("Aufträge vom 28.11.2026\r\n");
    text.push_str("Auftragsnr;Kundennr;Bestelldatum;Straße;Menge;Gesamtbetrag;Bezahlt\r\n");
    for n in 0..24 {
        let paid = if n % 2 == 0 { "ja" } else { "nein" };
        write!(text, "A-{n};{n:05};{:02}.11.2026;Größe {n};{n};{}.{:03},50;{paid}\r\n", n + 1, n + 1, n * 9)
            .unwrap();
    }
    // Windows-1252 has these letters at their numbers in Unicode.
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// A shop's products, packed.
fn products() -> Vec<u8> {
    let mut text = String::from("SKU,Title,Price,Stock,Active,Image Link\n");
    for n in 0..24 {
        writeln!(text, "TOY-{n:04},Boat {n},{n}.50,{n},yes,https://shop.example.org/{n}.jpg").unwrap();
    }
    packed(text.as_bytes())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The answer of `init --from` for a file, all of whose 24 rows land afterwards.
#[track_caller]
fn lands(file: &str, bytes: &[u8], scope: &str) -> String {
    let place = Place::empty();
    place.write(file, bytes);
    let answer = place.run(&["init", "drop", "--from", file]).expect(0);
    assert!(answer.out.contains("24 of 24 rows land"), "{answer:?}");
    place.dropped(file, bytes);
    let run = place.import().expect(0);
    assert!(run.out.contains("24 lines: 24 imported"), "{run:?}");
    let records = place.run(&["records", "drop", scope]).expect(0);
    assert_eq!(records.out.lines().count(), 24, "{records:?}");
    answer.out
}

#[test]
fn customers_of_a_shop_land() {
    let out = lands("customers-export.csv", customers().as_bytes(), "contacts");
    insta::assert_snapshot!(out, @r"
    ready  drop/imports/default
           drop/config/default/default.json is the configuration, active now

    contacts.customers-export
      from customers-export.csv: 24 rows read, the whole file
      chosen  scope contacts of the catalogue, with fields for 6 of 7 columns; its rules hold for 24 of 24 rows
      doubt   not read, since the catalogue has no such field: `Notes`
      chosen  fields between `,`: 7 in each of 24 rows
      chosen  dates as `dd/mm/yyyy`, from 24 values
      chosen  line breaks within quotes are kept: 8 rows with them
      chosen  files named `customers-export.csv`; the date of a file is the day on which it arrives, as the name has none

    The whole files, checked as an import would
      customers-export.csv: 24 of 24 rows land

    What to do next
      look at the doubts, drop the files as they are, and import them:
        cp customers-export.csv drop/imports/default
        tidewaiter run drop
    ");
}

#[test]
fn orders_of_an_erp_land() {
    let out = lands("ORDERS_28112026.txt", &orders(), "own_orders");
    insta::assert_snapshot!(out, @r"
    ready  drop/imports/default
           drop/config/default/default.json is the configuration, active now

    own_orders.orders
      from ORDERS_28112026.txt: 24 rows read, the whole file
      doubt   scope own_orders of its own: the labels are close to those of orders of the catalogue, but no column is its `contact`
      doubt   the bytes are not UTF-8; read as windows-1252, as in `Aufträge`
      chosen  fields between `;`: 7 in each of 24 rows
      chosen  1 line before the header is skipped
      chosen  numbers with a decimal `,` and `.` between thousands, from 2 columns
      chosen  dates as `dd.mm.yyyy`, from 24 values
      chosen  true is `ja`, false is `nein`
      chosen  files named `ORDERS_{date:ddmmyyyy}.txt`
      chosen  `Bestelldatum`: date, in 24 values
      chosen  `Menge`: whole number, in 24 values
      chosen  `Gesamtbetrag`: number, in 24 values
      chosen  `Bezahlt`: true or false, in 24 values
      chosen  `Auftragsnr` identifies a record: no value is empty, and none is there twice, in 24 rows
      chosen  required, since no value is empty in 24 rows: `Auftragsnr`, `Kundennr`, `Bestelldatum`, `Straße`, `Menge`, `Gesamtbetrag`, `Bezahlt`
      chosen  `Kundennr`: `00000` begins with a zero, which a number would lose: kept as text

    The whole files, checked as an import would
      ORDERS_28112026.txt: 24 of 24 rows land

    What to do next
      look at the doubts, drop the files as they are, and import them:
        cp ORDERS_28112026.txt drop/imports/default
        tidewaiter run drop
    ");
}

#[test]
fn packed_products_land() {
    let out = lands("products_2026-11-28.csv.gz", &products(), "products");
    insta::assert_snapshot!(out, @r"
    ready  drop/imports/default
           drop/config/default/default.json is the configuration, active now

    products.products
      from products_2026-11-28.csv.gz: 24 rows read, the whole file
      chosen  scope products of the catalogue, with fields for 6 of 6 columns; its rules hold for 24 of 24 rows
      chosen  fields between `,`: 6 in each of 24 rows
      chosen  true is `yes`, false is `no`
      chosen  files named `products_{date}.csv.gz`
      doubt   `Active`: only `yes` was seen; `no` is taken to be its opposite

    The whole files, checked as an import would
      products_2026-11-28.csv: 24 of 24 rows land

    What to do next
      look at the doubts, drop the files as they are, and import them:
        cp products_2026-11-28.csv.gz drop/imports/default
        tidewaiter run drop
    ");
}

#[test]
fn three_exports_share_a_configuration() {
    let place = Place::empty();
    let files = [
        ("customers-export.csv", customers().into_bytes()),
        ("ORDERS_28112026.txt", orders()),
        ("products_2026-11-28.csv.gz", products()),
    ];
    let mut arguments = vec!["init", "drop", "--from"];
    for (file, bytes) in &files {
        place.write(file, bytes);
        arguments.push(file);
    }
    place.run(&arguments).expect(0);
    for (file, bytes) in &files {
        place.dropped(file, bytes);
    }
    let run = place.import().expect(0);
    assert!(run.out.contains("3 files: 3 imported; 72 lines: 72 imported"), "{run:?}");
}

#[test]
fn a_configuration_that_is_there_stays() {
    let place = Place::deployment();
    place.write("customers-export.csv", customers());
    let path = place.path("drop/config/default/default.json");
    let before = std::fs::read(&path).unwrap();
    let answer = place.run(&["init", "drop", "--from", "customers-export.csv"]).expect(2);
    assert!(answer.out.contains("has a configuration already; it stays as it is"), "{answer:?}");
    assert!(answer.out.contains("--print"), "{answer:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_configuration_can_be_printed() {
    let place = Place::empty();
    place.write("customers-export.csv", customers());
    let answer =
        place.run(&["init", "--from", "customers-export.csv", "--repository", "acme", "--print"]).expect(0);
    let document: Value = answer.json();
    assert_eq!(document["acme"]["contacts"]["customers-export"]["delimiter"], ",");
    assert!(answer.err.contains("24 of 24 rows land"), "{answer:?}");
    place.write("acme_imports_config.json", &answer.out);
    place.run(&["check", "--config", "acme_imports_config.json", "customers-export.csv"]).expect(0);
    assert!(!place.path("drop").exists());
    for wrong in [&["init"][..], &["init", "drop", "--print"], &["init", "--print"]] {
        place.run(wrong).expect(2);
    }
}

/// The answer for files from which nothing can be inferred.
fn unusable(files: &[(&str, &[u8])]) -> Answer {
    let place = Place::empty();
    let mut arguments = vec!["init", "drop", "--from"];
    for (file, bytes) in files {
        place.write(file, bytes);
        arguments.push(file);
    }
    let answer = place.run(&arguments).expect(2);
    assert!(!place.path("drop/config/default/default.json").exists());
    answer
}

#[test]
fn what_is_no_table_is_said_in_words() {
    let noise: Vec<u8> = (0..3000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (file, bytes, why) in [
        ("empty.csv", b"".as_slice(), "empty.csv is empty"),
        ("empty.csv.gz", &packed(b""), "empty.csv.gz is empty"),
        ("noise.csv", &noise, "noise.csv is no text"),
        ("book.xlsx", b"PK\x03\x04", "book.xlsx cannot be read: the directory"),
        ("book.ods", b"PK\x03\x04", "book.ods is a workbook of a form that imports do not read"),
        ("cut.csv.gz", &packed(b"a;b\n1;2\n")[..12], "cut.csv.gz cannot be unpacked"),
    ] {
        let answer = unusable(&[(file, bytes)]);
        assert!(answer.out.contains(why), "{answer:?}");
        assert!(answer.out.contains("no configuration was written"), "{answer:?}");
    }
    let place = Place::empty();
    let answer = place.run(&["init", "drop", "--from", "nowhere.csv"]).expect(2);
    assert!(answer.out.contains("nowhere.csv cannot be read"), "{answer:?}");
}

#[test]
fn files_that_cannot_be_used_do_not_keep_others_from_it() {
    let place = Place::empty();
    place.write("empty.csv", "").write("header.csv", "ref;label\n").write("a.csv", "ref,size\nr1,2\nr2\n");
    let answer = place.run(&["init", "drop", "--from", "empty.csv", "header.csv", "a.csv"]).expect(1);
    for words in [
        "empty.csv is empty",
        "header.csv: 0 of 0 rows land",
        "a.csv: 1 of 2 rows land",
        "line 3: 1 field where the header has 2",
    ] {
        assert!(answer.out.contains(words), "{words}: {answer:?}");
    }
}

#[test]
fn files_of_one_name_and_two_shapes_are_told() {
    let place = Place::empty();
    place.write("a_20260101.csv", "ref;size\nr1;2\n").write("a_20260102.csv", "x,y,z\n1,2,3\n");
    let answer = place.run(&["init", "drop", "--from", "a_20260101.csv", "a_20260102.csv"]).expect(1);
    assert!(
        answer.out.contains("a_20260102.csv is written with another delimiter than a_20260101.csv"),
        "{answer:?}"
    );
}
