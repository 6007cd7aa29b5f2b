//! File names: which are taken, for which import, and what is said about the others.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at what it does not expect")]

use jiff::civil::{Date, date};
use proptest::prelude::*;
use tidewaiter::id::ImportId;
use tidewaiter::name::{
    DataName, Directory, DroppedName, Entry, FilePattern, GroupTag, MAX_NAME_BYTES, NameError, with_import_id,
};
use tidewaiter::schema::catalogue;

const TODAY: Date = date(2026, 2, 1);

fn directory(entries: &[(&str, &str, &str)]) -> Directory {
    let mut directory = Directory::of_scopes(catalogue::names());
    for (universe, scope, name) in entries {
        directory.insert(Entry::new(universe, scope, name));
    }
    directory
}

fn acme() -> Directory {
    directory(&[
        ("acme", "contacts", "crm"),
        ("acme", "contacts", "web_shop"),
        ("acme", "orders", "crm"),
        ("acme_fr", "contacts", "crm"),
    ])
}

fn id() -> ImportId {
    "01J9Z3ND1V0000000000000000".parse().unwrap()
}

fn refused(file: &str) -> NameError {
    acme().resolve(file, TODAY).expect_err(file)
}

#[test]
fn parts_may_contain_underscores() {
    let name = acme().resolve("acme_fr_contacts_crm_20260131.csv", TODAY).unwrap();
    assert_eq!(name.entry(), Entry::new("acme_fr", "contacts", "crm"));
    let name = acme().resolve("week_ly.v2.02-02_acme_contacts_web_shop_20240229_B7.csv", TODAY).unwrap();
    assert_eq!(name.entry(), Entry::new("acme", "contacts", "web_shop"));
    assert_eq!(name.group, Some(GroupTag { id: "week_ly.v2".to_owned(), slot: 2, last: 2 }));
    assert_eq!((name.date, name.suffix.as_deref()), (date(2024, 2, 29), Some("B7")));
}

/// A mark that nobody sees would make a group of its own, which waits for ever.
#[test]
fn what_cannot_be_seen_is_in_no_legal_name() {
    for name in ["week\u{61c}.01-02_acme_contacts_crm_20260131.csv", "acme_contacts_crm\u{200b}_20260131.csv"]
    {
        assert!(refused(name).is_illegal());
        // As it is called from then on.
        let error = refused(&tidewaiter::keys::clean_name(name));
        assert!(error.is_illegal() && error.reason().contains("'%'"), "{error}");
        assert!(error.hint().unwrap().contains("invisible"), "{error}");
    }
}

#[test]
fn a_suffix_may_look_like_a_date() {
    let name = acme().resolve("acme_contacts_crm_20260131_20260201.csv", TODAY).unwrap();
    assert_eq!((name.date, name.suffix.as_deref()), (date(2026, 1, 31), Some("20260201")));
    let dated = directory(&[("acme", "contacts", "crm_20260131")]);
    let name = dated.resolve("acme_contacts_crm_20260131_20260201.csv", TODAY).unwrap();
    assert_eq!((name.date, name.suffix), (date(2026, 2, 1), None));
}

#[test]
fn illegal_names_are_told_from_unconfigured_ones_and_explained() {
    let table = [
        ("acme_contacts_crm_20260131.xls", "does not end in `.csv`", "save the table as .xlsx", true),
        ("daily.3-3_acme_contacts_crm_20260131.csv", "\"3-3\" is not a valid group tag", "two digits", true),
        ("daily.01-003_acme_contacts_crm_20260131.csv", "\"01-003\"", "two digits", true),
        ("daily.04-03_acme_contacts_crm_20260131.csv", "slot 04 is greater", "`-04_`", true),
        ("daily.00-03_acme_contacts_crm_20260131.csv", "start at 01", "two digits", true),
        (".01-03_acme_contacts_crm_20260131.csv", "no group id", "daily.01-03_", true),
        ("acme_contacts_crm_20260131.old.csv", "a dot outside a group tag", "dots are allowed only", true),
        ("acme_contacts_crm_20260230.csv", "\"20260230\" is not a valid date", "", true),
        ("acme_contacts_crm_31012026.csv", "is not a valid date", "`20260131`", true),
        ("acme_contacts_crm_20260131_a-7.csv", "\"a-7\"", "letters and digits", true),
        ("acme_contacts_crm_20260131 (1).csv", "\" (1)\"", "letters and digits", true),
        ("acme_contacts_crm_20260131_.csv", "\"\"", "letters and digits", true),
        ("acme_contacts_crm.csv", "no date", "yyyymmdd", true),
        ("acme_contacts_crm_2026-01-31.csv", "no date", "yyyymmdd", true),
        ("acme_20260131.csv", "expected `universe_scope_name_date.csv`", "acme_contacts", true),
        ("acme contacts_crm_x_20260131.csv", "contains ' '", "ASCII", true),
        ("acmé_contacts_crm_20260131.csv", "contains 'é'", "ASCII", true),
        ("a\u{7}_contacts_crm_20260131.csv", "'\\u{7}'", "", true),
        ("sub/acme_contacts_crm_20260131.csv", "contains '/'", "folders", true),
        ("acne_contacts_crm_20260131.csv", r#"can't find universe "acne""#, "`acme`", false),
        ("acme_fx_contacts_crm_20260131.csv", r#"can't find universe "acme_fx""#, "`acme_fr`", false),
        ("daily_01-03_acme_contacts_crm_20260131.csv", "universe \"daily_01-03_acme\"", "put a dot", false),
        ("acme_products_crm_20260131.csv", "no configuration available for products imports", "", false),
        (
            "acme_contact_crm_20260131.csv",
            "no configuration available for contact imports",
            "`contacts`",
            false,
        ),
        (
            "acme_Contacts_crm_20260131.csv",
            "no configuration available for Contacts imports",
            "`contacts`",
            false,
        ),
        (
            "acme_contacts_webshop_20260131.csv",
            r#"can't find config for contacts scope import named "webshop""#,
            "`web_shop`",
            false,
        ),
    ];
    for (file, reason, hint, illegal) in table {
        let error = refused(file);
        assert!(error.reason().contains(reason), "{file}: {}", error.reason());
        assert!(error.hint().unwrap_or_default().contains(hint), "{file}: {:?}", error.hint());
        assert_eq!(error.is_illegal(), illegal, "{file}");
        assert_eq!(error.file(), file);
    }
    assert_eq!(
        refused("a\u{1b}[2J.csv").to_string(),
        "\"a\\u{1b}[2J.csv\": the name contains '\\u{1b}', which is not allowed"
    );
}

#[test]
fn an_empty_repository_says_so() {
    let error = directory(&[]).resolve("my_uni_orders_crm_20260131.csv", TODAY).unwrap_err();
    assert_eq!(error.reason(), r#"can't find universe "my_uni""#);
    assert_eq!(error.hint(), Some("no configuration is active in this repository"));
}

#[test]
fn names_that_fit_two_imports_are_conflicts() {
    let same = directory(&[("acme", "contacts", "a_orders_b"), ("acme_contacts_a", "orders", "b")]);
    let conflicts = same.conflicts();
    assert_eq!(conflicts.len(), 1);
    let mistake = conflicts[0].mistake("acme");
    assert_eq!(mistake.path, "acme.contacts.a_orders_b");
    assert!(mistake.message.contains("also matches acme_contacts_a.orders.b"), "{mistake}");
    let error = same.resolve("acme_contacts_a_orders_b_20260131.csv", TODAY).unwrap_err();
    assert!(!error.is_illegal() && error.reason().contains("matches two"), "{error}");

    let dated = directory(&[("acme", "contacts", "crm"), ("acme", "contacts", "crm_20260131")]);
    assert_eq!(dated.conflicts().len(), 1);
    assert!(dated.resolve(dated.conflicts()[0].example.as_ref().unwrap(), TODAY).is_err());
    assert_eq!(acme().conflicts(), []);
}

#[test]
fn what_was_dropped_is_told_by_its_ending() {
    for archive in ["a.zip", "a.tar", "a.gz", "a.BZ2", "a.tar.gz", "a.TGZ", "a.Tar.Bz2", "x.csv.gz"] {
        assert_eq!(DroppedName::of(archive), DroppedName::Archive, "{archive}");
    }
    for other in ["a.rar", "a", "", "csv", "_imports_config.json", "imports_config.json", "zip"] {
        assert_eq!(DroppedName::of(other), DroppedName::Other, "{other}");
    }
}

#[test]
fn an_encrypted_file_is_what_it_holds() {
    for (file, content) in [
        ("x.csv.pgp", "x.csv"),
        ("x.CSV.PGP", "x.CSV"),
        ("x.csv.gz.gpg", "x.csv.gz"),
        ("x.xlsx.Asc", "x.xlsx"),
        ("acme_imports_config.json.pgp", "acme_imports_config.json"),
        ("x.csv.pgp.asc", "x.csv.pgp"),
    ] {
        assert_eq!(DroppedName::of(file), DroppedName::Encrypted { content }, "{file}");
        assert_eq!(DroppedName::decrypted(file), DroppedName::of(content), "{file}");
    }
    assert_eq!(DroppedName::of(".pgp"), DroppedName::Other);
    // As a member of an archive with several, it is none.
    let error = acme().resolve("acme_contacts_crm_20260131.csv.pgp", TODAY).unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("not in an archive")), "{error}");
    let pattern = FilePattern::parse("Customers {date}.csv").unwrap();
    for file in
        ["Customers 2026-11-28.csv.pgp", "Customers 2026-11-28.xlsx.GPG", "Customers 2026-11-28.zip.asc"]
    {
        assert!(pattern.fit(file).is_some(), "{file}");
    }
}

#[test]
fn an_older_encrypted_file_keeps_its_meaning() {
    let id = "01J9Z3ND1V0000000000000000".parse().unwrap();
    for (file, renamed) in [
        (
            "acme_contacts_crm_20260131.csv.pgp",
            "acme_contacts_crm_20260131_01J9Z3ND1V0000000000000000.csv.pgp",
        ),
        (
            "acme_contacts_crm_20260131.csv.gz.asc",
            "acme_contacts_crm_20260131_01J9Z3ND1V0000000000000000.csv.gz.asc",
        ),
        ("Customers.xlsx.pgp", "Customers.01J9Z3ND1V0000000000000000.xlsx.pgp"),
        ("monday.tar.gz.gpg", "monday.01J9Z3ND1V0000000000000000.tar.gz.gpg"),
    ] {
        assert_eq!(with_import_id(file, id), renamed);
    }
}

#[test]
fn an_ending_may_have_capitals() {
    for file in ["acme_contacts_crm_20260131.CSV", "daily.01-02_acme_contacts_crm_20260131_a7.Csv"] {
        assert_eq!(DroppedName::of(file), DroppedName::Data, "{file}");
        assert_eq!(acme().resolve(file, TODAY).unwrap().file, file, "it keeps its name");
    }
    let name = acme().resolve("daily.01-02_acme_contacts_crm_20260131.CSV", TODAY).unwrap();
    assert_eq!(name.ungrouped(), "acme_contacts_crm_20260131.CSV");
}

#[test]
fn the_only_file_of_an_archive_goes_by_its_own_name_or_by_that_of_the_archive() {
    const FILE: &str = "acme_contacts_crm_20260131.csv";
    let resolved = |archive: &str, member: &str| acme().resolve_packed(archive, member, TODAY);
    for (archive, member) in [
        ("acme_contacts_crm_20260131.csv.gz", FILE),
        ("monday.zip", FILE),
        ("acme_contacts_crm_20260131.zip", "export.csv"),
        ("acme_contacts_crm_20260131.CSV.ZIP", "export.csv"),
        ("acme_contacts_crm_20260131.tar.gz", "acme_contacts_shop_20260131.csv"),
    ] {
        let name = resolved(archive, member).unwrap();
        assert_eq!((name.file.to_lowercase().as_str(), name.subsection.as_str()), (FILE, "crm"), "{archive}");
    }
    let unknown = "acme_contacts_shop_20260131";
    let error = resolved(&format!("{unknown}.zip"), "export.csv").unwrap_err();
    assert_eq!((error.file(), error.is_illegal()), ("acme_contacts_shop_20260131.csv", false));
    let error = resolved("monday.zip", "export.csv").unwrap_err();
    assert_eq!((error.file(), error.is_illegal()), ("export.csv", true), "its own name is told");
}

#[test]
fn older_files_keep_a_meaningful_name() {
    let table = [
        ("daily.zip", "daily.01J9Z3ND1V0000000000000000.zip"),
        ("daily.TAR.gz", "daily.01J9Z3ND1V0000000000000000.TAR.gz"),
        ("README", "README.01J9Z3ND1V0000000000000000"),
        (".profile", ".profile.01J9Z3ND1V0000000000000000"),
        ("acme_imports_config.json", "acme_imports_config.01J9Z3ND1V0000000000000000.json"),
        (
            "g.01-01_acme_contacts_crm_20260131.csv.gz",
            "g.01-01_acme_contacts_crm_20260131_01J9Z3ND1V0000000000000000.csv.gz",
        ),
    ];
    for (file, renamed) in table {
        assert_eq!(with_import_id(file, id()), renamed);
    }
    let long = format!("{}.txt", "é".repeat(200));
    assert!(with_import_id(&long, id()).len() <= 255);
    assert!(with_import_id(&long, id()).ends_with(".01J9Z3ND1V0000000000000000.txt"));
}

#[test]
fn the_longest_name_can_still_be_renamed() {
    let tail = ".01-01_acme_contacts_crm_20260131.csv";
    let file = format!("{}{tail}", "g".repeat(MAX_NAME_BYTES - tail.len()));
    assert!(acme().resolve(&file, TODAY).is_ok());
    assert_eq!(with_import_id(&file, id()).len(), 255);
    let error = acme().resolve(&format!("g{file}"), TODAY).unwrap_err();
    assert!(error.is_illegal() && error.reason().contains("229 bytes"), "{error}");
}

/// Imports with patterns: products of acme, contacts of globex.
fn with_patterns() -> Directory {
    let mut names = acme();
    for (pattern, entry) in [
        ("products_{date}.csv.gz", Entry::new("acme", "products", "shop")),
        ("kunden*.txt", Entry::new("globex", "contacts", "erp")),
        ("shop_all_orders_{date}_{suffix}.csv", Entry::new("acme", "orders", "crm")),
    ] {
        names.insert(entry.clone());
        names.insert_pattern(FilePattern::parse(pattern).unwrap(), entry);
    }
    assert_eq!(names.conflicts(), []);
    names
}

#[test]
fn files_with_names_of_their_own_find_their_import_by_a_pattern() {
    let names = with_patterns();
    for (file, entry, day) in [
        ("products_2026-01-31.csv", "acme.products.shop", date(2026, 1, 31)),
        ("products_20260131.CSV", "acme.products.shop", date(2026, 1, 31)),
        ("kunden.txt", "globex.contacts.erp", TODAY),
        ("kunden-neu (2).TXT", "globex.contacts.erp", TODAY),
        ("shop_all_orders_20260131_b.csv", "acme.orders.crm", date(2026, 1, 31)),
        ("acme_orders_crm_20260131.csv", "acme.orders.crm", date(2026, 1, 31)),
    ] {
        let name = names.resolve(file, TODAY).unwrap();
        assert_eq!((name.entry().to_string(), name.date), (entry.to_owned(), day), "{file}");
        assert_eq!(name.file, file);
        // Rejected lines that are corrected and dropped again, however often.
        let again = names.resolve(&with_import_id(&with_import_id(file, id()), id()), TODAY).unwrap();
        assert_eq!((again.entry(), again.date), (name.entry(), name.date), "{file}");
        let grouped = names.resolve(&format!("daily.v2.02-03_{file}"), TODAY).unwrap();
        assert_eq!((grouped.entry(), grouped.date), (name.entry(), name.date), "{file}");
        let tag = GroupTag { id: "daily.v2".to_owned(), slot: 2, last: 3 };
        assert_eq!((grouped.ungrouped(), &grouped.group), (file, &Some(tag)));
    }
    let packed = names.resolve_packed("products_2026-01-31.csv.gz", "products.csv", TODAY).unwrap();
    assert_eq!((packed.subsection.as_str(), packed.date), ("shop", date(2026, 1, 31)));
    for file in
        ["products_2026-02-31.csv", "produkte.csv", "kunden\u{202e}.txt", "kunden/a.txt", "kunden%0A.txt"]
    {
        assert!(names.resolve(file, TODAY).unwrap_err().is_illegal(), "{file}");
    }
}

#[test]
fn patterns_that_take_names_of_other_imports_are_mistakes() {
    for (pattern, other) in [
        ("acme_orders_crm_{date}.csv", "acme.orders.crm"),
        ("acme_*", "acme"),
        ("products_2026*.csv", "acme.products.shop"),
        ("*{date}.zip", "acme"),
    ] {
        let mut names = with_patterns();
        let entry = Entry::new("globex", "products", "all");
        names.insert(entry.clone());
        names.insert_pattern(FilePattern::parse(pattern).unwrap(), entry);
        let conflicts = names.conflicts();
        assert!(!conflicts.is_empty(), "{pattern}");
        for conflict in conflicts {
            let mistake = conflict.mistake("globex");
            assert_eq!(mistake.path, "globex.products.all.files", "{pattern}");
            assert!(mistake.message.contains(&format!("also matches {other}")), "{pattern}: {mistake}");
            let found = names.resolve(&conflict.example.unwrap(), TODAY);
            assert!(
                found.map_or(true, |name| name.universe == "acme"),
                "{pattern} takes nothing from others"
            );
        }
    }
    // Another pattern of the same import, and its own usual name.
    let mut names = with_patterns();
    let entry = Entry::new("acme", "products", "shop");
    for pattern in ["products_{date:yyyymmdd}.csv", "acme_products_shop_{date}.csv"] {
        names.insert_pattern(FilePattern::parse(pattern).unwrap(), entry.clone());
    }
    assert_eq!(names.conflicts(), []);
}

#[test]
fn patterns_that_are_too_open_are_not_compared_for_ever() {
    let mut names = Directory::default();
    for n in 0..40 {
        let entry = Entry::new("acme", "contacts", &n.to_string());
        let part = "a".repeat(50);
        names.insert_pattern(FilePattern::parse(&format!("*{part}*{part}*{part}*{n}")).unwrap(), entry);
    }
    let mistakes: Vec<String> = names.conflicts().iter().map(|one| one.mistake("acme").to_string()).collect();
    assert!(mistakes.iter().any(|mistake| mistake.contains("too open to be compared")), "{mistakes:?}");
}

prop_compose! {
    fn parts()(
        universe in "[A-Za-z0-9_-]{1,12}",
        scope in "[a-z_-]{1,12}",
        name in "[A-Za-z0-9_-]{1,12}",
        group in proptest::option::of(("[ -$&-.0-9a-zA-Zé_]{1,12}", 1..=99_u8, 1..=99_u8)),
        day in (1..=9999_i16, 1..=12_i8, 1..=28_i8),
        suffix in proptest::option::of("[A-Za-z0-9]{1,10}"),
    ) -> DataName {
        let group = group.map(|(id, a, b)| GroupTag { id, slot: a.min(b), last: a.max(b) });
        let tag = group.as_ref().map(|g| format!("{}.{:02}-{:02}_", g.id, g.slot, g.last));
        let end = suffix.as_ref().map(|s| format!("_{s}"));
        let file = format!(
            "{}{universe}_{scope}_{name}_{:04}{:02}{:02}{}.csv",
            tag.unwrap_or_default(), day.0, day.1, day.2, end.unwrap_or_default()
        );
        DataName { file, group, universe, scope, subsection: name, date: date(day.0, day.1, day.2), suffix }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_made_of_parts_resolves_to_them(name in parts()) {
        let mut names = acme();
        names.insert(name.entry());
        prop_assume!(names.conflicts().is_empty());
        prop_assert_eq!(names.resolve(&name.file, TODAY).unwrap(), name.clone());
        prop_assert_eq!(DroppedName::of(&name.file), DroppedName::Data);
    }

    #[test]
    fn a_renamed_data_file_is_still_for_the_same_import(name in parts()) {
        let mut names = Directory::default();
        names.insert(name.entry());
        let renamed = names.resolve(&with_import_id(&name.file, id()), TODAY).unwrap();
        prop_assert_eq!((renamed.entry(), renamed.date, renamed.group), (name.entry(), name.date, name.group));
    }

    #[test]
    fn no_text_makes_it_panic(file in "\\PC{0,300}", near in "[a-z]{0,4}[._-]?[0-9.-]{0,6}_?acme_contacts_crm_[0-9é]{6,9}[_a7-]{0,4}(\\.csv)?") {
        for file in [file, near] {
            let _ = DroppedName::of(&file);
            if let Err(error) = acme().resolve(&file, TODAY) {
                prop_assert!(!error.reason().is_empty() && !error.to_string().is_empty());
            }
            prop_assert!(with_import_id(&file, id()).len() <= 255);
        }
    }
}
