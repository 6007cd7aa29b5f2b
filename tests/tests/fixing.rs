//! Rejected lines come back: fixed and dropped again, they are imported like any others.

use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{Conclusion, Progress};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

const CONFIG: &str =
    r#"{ "acme": { "contacts": { "crm": {} }, "orders": { "crm": {} }, "ordersitems": { "crm": {} } } }"#;

fn conclusions(world: &World, file: &str) -> Vec<Conclusion> {
    let of_file = world.treated().into_iter().filter(|import| import.file == file);
    of_file
        .filter_map(|import| match import.progress {
            Progress::Done(done) => Some(done),
            _ => None,
        })
        .collect()
}

#[test]
fn badlines_are_fixed_and_dropped_back() {
    let world = World::new();
    world.config("acme", CONFIG);
    let name = "acme_contacts_crm_20260131.csv";
    let sent = "email;firstname;birthdate\r\n\
        ana@example.org;Ana;1988-04-23\r\n\
        bob@example.org;Bob;23/04/1988\r\n\
        cyd@example.org;Cyd\r\n\
        dan@example.org;Dan;\r\n";
    world.drop(PARTNER, name, sent);
    world.run();
    world.check();
    let badlines = world.text(&format!("badlines/partner/{name}"));
    assert_eq!(
        badlines,
        "email;firstname;birthdate\r\nbob@example.org;Bob;23/04/1988\r\ncyd@example.org;Cyd\r\n"
    );
    assert_eq!(world.keys("contacts"), ["ana@example.org", "dan@example.org"]);

    let fixed = badlines.replace("23/04/1988", "1988-04-23").replace("Cyd\r", "Cyd;\r");
    world.drop(PARTNER, name, &fixed);
    world.run();
    world.check();
    assert_eq!(
        world.keys("contacts"),
        ["ana@example.org", "bob@example.org", "cyd@example.org", "dan@example.org"]
    );
    let [first, second] = &conclusions(&world, name)[..] else { panic!("two imports") };
    assert_eq!((first.outcome, first.counts.rejected), (Outcome::Imported, 2));
    assert_eq!((second.outcome, second.counts.imported, second.counts.rejected), (Outcome::Imported, 2, 0));
    // Both contents are kept, each where its ledger line says; the badlines of the first stay.
    let tree = world.raw_tree();
    assert_eq!(tree[first.place.as_str()], sent.as_bytes());
    assert_eq!(tree[second.place.as_str()], fixed.as_bytes());
    assert_eq!(tree[first.badlines.as_ref().unwrap().as_str()], badlines.as_bytes());
}

#[test]
fn badlines_of_a_group_come_back_without_the_group() {
    let world = World::new();
    world.config("acme", CONFIG);
    let orders = "order_id;contact;order_date;total_price\n\
        SO-1;ana@example.org;2026-01-31T10:00:00Z;10.00\nSO-2;late@example.org;2026-01-31T10:00:00Z;20.00\n";
    world.drop(PARTNER, "daily.01-02_acme_contacts_crm_20260131.csv", "email\nana@example.org\n");
    world.drop(PARTNER, "daily.02-02_acme_orders_crm_20260131.csv", orders);
    world.run();
    let badlines = "badlines/partner/acme_orders_crm_20260131.csv";
    assert_eq!(
        world.text(badlines),
        "order_id;contact;order_date;total_price\nSO-2;late@example.org;2026-01-31T10:00:00Z;20.00\n"
    );

    // Nothing to fix: the parent was missing, and comes now.
    let content = std::fs::read(world.path(badlines)).unwrap();
    world.drop(PARTNER, "acme_orders_crm_20260131.csv", content);
    world.drop(PARTNER, "acme_contacts_crm_20260201.csv", "email\nlate@example.org\n");
    world.run();
    world.check();
    assert_eq!(world.keys("orders"), ["SO-1", "SO-2"]);
    assert!(world.waiting().is_empty());
}

#[test]
fn badlines_dropped_back_unmended_are_rejected_again() {
    let world = World::new();
    world.config("acme", CONFIG);
    let name = "acme_contacts_crm_20260131.csv";
    world.drop(PARTNER, name, "email\nana@example.org\nbob\n");
    world.run();
    let badlines = std::fs::read(world.path(&format!("badlines/partner/{name}"))).unwrap();
    world.drop(PARTNER, name, &badlines);
    world.run();
    world.check();
    let counts: Vec<_> =
        conclusions(&world, name).iter().map(|c| (c.counts.read, c.counts.rejected)).collect();
    assert_eq!(counts, [(2, 1), (1, 1)]);
    // Both badlines files are kept.
    let kept: Vec<_> = world.raw_tree().into_iter().filter(|(key, _)| key.starts_with("badlines/")).collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|(_, content)| *content == badlines));
}
