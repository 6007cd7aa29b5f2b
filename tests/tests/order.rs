//! The order of treatment: whatever arrives in whatever order, imports happen in the order of the design.
//!
//! The order is written down here a second time, as a comparison of parsed names, and as slowly and
//! plainly as possible.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

use proptest::prelude::*;
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

const SCOPES: [&str; 15] = [
    "contacts",
    "stores",
    "products",
    "orders",
    "abandonedcarts",
    "ordersitems",
    "batch",
    "cardcode",
    "earnreward",
    "burnreward",
    "creditpoints",
    "deletecontacts",
    "events",
    "tierchange",
    "masterreward",
];

/// A file to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    group: Option<(String, u8, u8)>,
    scope: usize,
    day: u8,
    suffix: Option<String>,
}

impl File {
    fn name(&self) -> String {
        let group = self.group.as_ref().map(|(id, slot, last)| format!("{id}.{slot:02}-{last:02}_"));
        let suffix = self.suffix.as_ref().map(|suffix| format!("_{suffix}"));
        format!(
            "{}acme_{}_crm_202601{:02}{}.csv",
            group.unwrap_or_default(),
            SCOPES[self.scope],
            self.day,
            suffix.unwrap_or_default()
        )
    }
}

/// The files in the order of the design, and the files that wait.
fn by_the_design(files: &[File], scope_order: &[usize]) -> (Vec<String>, Vec<String>) {
    let rank = |scope: usize| scope_order.iter().position(|one| *one == scope).unwrap_or(100 + scope);
    let mut groups: Vec<(String, u8)> = Vec::new();
    for (id, _, last) in files.iter().filter_map(|file| file.group.clone()) {
        if !groups.contains(&(id.clone(), last)) {
            groups.push((id, last));
        }
    }
    groups.sort();
    let (mut treated, mut waiting) = (Vec::new(), Vec::new());
    for (id, last) in groups {
        let of = |file: &&File| file.group.as_ref().is_some_and(|(i, _, l)| *i == id && *l == last);
        let mut members: Vec<&File> = files.iter().filter(of).collect();
        members.sort_by_key(|file| (file.group.as_ref().map(|(_, slot, _)| *slot), file.day, file.name()));
        let has = |slot| members.iter().any(|file| file.group.as_ref().is_some_and(|(_, s, _)| *s == slot));
        let to = if (1..=last).all(has) { &mut treated } else { &mut waiting };
        to.extend(members.iter().map(|file| file.name()));
    }
    let mut singles: Vec<&File> = files.iter().filter(|file| file.group.is_none()).collect();
    singles.sort_by_key(|file| (rank(file.scope), file.day, file.name()));
    treated.extend(singles.iter().map(|file| file.name()));
    (treated, waiting)
}

fn file() -> impl Strategy<Value = File> {
    let group = prop_oneof![
        2 => Just(None),
        3 => ("daily|daily2|Daily|d|a_b|a\\.b|a-b", 1..=3_u8, 1..=3_u8)
            .prop_map(|(id, slot, last)| Some((id, slot.min(last), last))),
    ];
    (group, 0..SCOPES.len(), 1..=3_u8, proptest::option::of("[a-zA-Z0-9]{1,3}"))
        .prop_map(|(group, scope, day, suffix)| File { group, scope, day, suffix })
}

/// Distinct files, cut into deliveries; and the scopes that the configuration puts first.
fn deliveries() -> impl Strategy<Value = (Vec<File>, usize, Vec<usize>)> {
    let files = proptest::collection::vec(file(), 1..25).prop_map(|mut files| {
        let mut names = std::collections::BTreeSet::new();
        files.retain(|file| names.insert(file.name()));
        files
    });
    let order = proptest::sample::subsequence((0..SCOPES.len()).collect::<Vec<_>>(), 0..4).prop_shuffle();
    (files.prop_shuffle(), 0..25_usize, order)
}

fn world(scope_order: &[usize]) -> World {
    let world = World::new();
    let scopes: serde_json::Map<_, _> =
        SCOPES.iter().map(|scope| ((*scope).to_owned(), serde_json::json!({ "crm": {} }))).collect();
    let first: Vec<&str> = scope_order.iter().map(|scope| SCOPES[*scope]).collect();
    let config = serde_json::json!({ "acme": scopes, "settings": { "scope_order": first } });
    world.config("acme", &config.to_string());
    world
}

/// A header and no lines: a valid, empty import of each scope.
fn header(scope: usize) -> String {
    let schema = &tidewaiter::schema::catalogue::scopes()[SCOPES[scope]];
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    format!("{}\n", names.join(";"))
}

fn treated(world: &World) -> Vec<String> {
    world.treated().into_iter().map(|import| import.file).collect()
}

fn waiting(world: &World) -> Vec<String> {
    world.waiting().into_iter().flat_map(|group| group.files).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn files_that_are_there_together_are_treated_in_the_order_of_the_design((files, _, order) in deliveries()) {
        let world = world(&order);
        for file in &files {
            world.drop(PARTNER, &file.name(), header(file.scope));
        }
        world.run();
        world.check();
        let (expected, held) = by_the_design(&files, &order);
        prop_assert_eq!(treated(&world), expected);
        prop_assert_eq!(waiting(&world), held);
    }

    #[test]
    fn deliveries_one_after_the_other_are_each_treated_in_that_order((files, cut, order) in deliveries()) {
        let world = world(&order);
        let (first, second) = files.split_at(cut.min(files.len()));
        for file in first {
            world.drop(PARTNER, &file.name(), header(file.scope));
        }
        world.run();
        let (mut expected, held) = by_the_design(first, &order);
        prop_assert_eq!(&treated(&world), &expected);
        for file in second {
            world.drop(PARTNER, &file.name(), header(file.scope));
        }
        world.run();
        world.check();
        // What waited takes part in the second run with what came for it.
        let open: Vec<File> =
            first.iter().filter(|file| held.contains(&file.name())).chain(second).cloned().collect();
        let (then, held) = by_the_design(&open, &order);
        expected.extend(then);
        prop_assert_eq!(treated(&world), expected);
        prop_assert_eq!(waiting(&world), held);
    }
}
