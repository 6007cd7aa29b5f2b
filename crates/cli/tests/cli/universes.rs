//! `universe` and `config activate`: what an operator decides about configurations.

use crate::support::Place;

const CONFIG: &str = r#"{ "shop": { "contacts": { "crm": {} } } }"#;
const FILE: &str = "drop/imports/acme/shop_contacts_crm_20260131.csv";

/// A deployment with two repositories, and a configuration that lies beside it.
fn place() -> Place {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme", "--repository", "webshop"]).expect(0);
    place.write("shop_imports_config.json", CONFIG);
    place
}

fn activate(place: &Place, repository: &str, status: i32) -> String {
    let answer = place
        .run(&["config", "activate", "drop", "--repository", repository, "shop_imports_config.json"])
        .expect(status);
    format!("{}{}", answer.out, answer.err)
}

#[test]
fn the_first_repository_owns_a_universe_and_an_operator_shares_it() {
    let place = place();
    assert!(activate(&place, "acme", 0).contains("active configuration of universe shop"));
    let refused = activate(&place, "webshop", 2);
    assert!(refused.contains("universe share drop shop --with webshop"), "{refused}");
    place.run(&["universe", "share", "drop", "shop", "--with", "webshop"]).expect(0);
    activate(&place, "webshop", 0);
    let listed = place.run(&["universe", "list", "drop"]).expect(0);
    assert!(listed.out.contains("shop  belongs to acme, shared with webshop"), "{listed:?}");
    place.run(&["universe", "unshare", "drop", "shop", "--with", "webshop"]).expect(0);
    activate(&place, "webshop", 2);
    for unknown in [["share", "nothing", "webshop"], ["share", "shop", "nobody"]] {
        let [what, universe, repository] = unknown;
        place.run(&["universe", what, "drop", universe, "--with", repository]).expect(2);
    }
}

#[test]
fn where_only_operators_activate_a_dropped_configuration_takes_no_effect() {
    let place = place();
    place.write("drop/tidewaiter.toml", "[configurations]\npartners_activate = false\n");
    place.write("drop/imports/acme/shop_imports_config.json", CONFIG);
    let answer = place.import().expect(1);
    assert!(answer.out.contains("only an operator activates configurations here"), "{answer:?}");
    activate(&place, "acme", 0);
    place.write(FILE, "email\nada@example.org\n");
    place.import().expect(0);
    place.write("drop/tidewaiter.toml", "[configurations]\npartner_activate = false\n");
    let answer = place.run(&["run", "drop"]).expect(2);
    assert!(answer.err.contains("configurations.partner_activate: unknown setting"), "{answer:?}");
}

#[test]
fn a_file_that_waits_for_a_configuration_is_shown_with_it() {
    let place = place();
    place.write(FILE, "email\nada@example.org\n");
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    std::fs::File::open(place.path(FILE)).unwrap().set_modified(old).unwrap();
    place.write("drop/imports/acme/shop_imports_config.json", CONFIG);
    place.run(&["run", "drop", "--quiet-for", "600", "--patience", "0"]).expect(0);
    let status = place.run(&["status", "drop", "--repository", "acme"]).expect(0);
    for told in [
        "shop_imports_config.json is not active yet: no other file or group starts",
        "shop_contacts_crm_20260131.csv waits for a configuration",
    ] {
        assert!(status.out.contains(told), "{status:?}");
    }
    let explained = place.run(&["explain", "drop", "shop_contacts_crm_20260131.csv"]).expect(0);
    assert!(explained.out.contains("it waits for a configuration"), "{explained:?}");
    let history = place.run(&["history", "drop"]).expect(0);
    assert!(history.out.contains("waiting for a configuration"), "{history:?}");
    place.import().expect(0);
}
