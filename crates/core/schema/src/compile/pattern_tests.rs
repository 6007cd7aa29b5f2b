//! Patterns match what they say, however they are compiled, and cost no more than the budget.

use proptest::prelude::*;

use super::*;

fn compile(text: &str) -> Result<Pattern, Mistake> {
    Patterns::default().compile(text).map(Option::unwrap)
}

/// The same without a table.
fn by_states(text: &str) -> Result<Pattern, Mistake> {
    Patterns { steps: STEPS, ..Patterns::default() }.compile(text).map(Option::unwrap)
}

fn mistake(text: &str) -> String {
    compile(text).expect_err(text).message
}

#[test]
fn small_patterns_are_tables_and_large_ones_are_not() {
    for small in
        ["[A-Z]{3}[0-9]{4}", "\\w+", "\\d{5}", "[^@\\s]+@[^@\\s]+\\.[^@\\s]+", "[A-Z0-9]{11,30}", "a|b|.*c"]
    {
        assert!(compile(small).unwrap().table().is_some(), "{small}");
        assert!(by_states(small).unwrap().table().is_none(), "{small}");
    }
    for large in ["\\w{3,20}", "[01]*1[01]{20}", "(?:a?){900}", "\\bword\\b"] {
        let pattern = compile(large).unwrap();
        assert!(pattern.table().is_none(), "{large}");
    }
    assert!(compile("\\w{3,20}").unwrap().takes("Ångström_7"));
    assert!(!compile("\\w{3,20}").unwrap().takes("no space"));
    assert!(compile("\\bé\\b").unwrap().takes("é"));
}

#[test]
fn few_characters_stand_for_no_giant() {
    assert_eq!(
        mistake("(?:(?:a?){100}){100}"),
        "the pattern has 10000 places where at most 1000 are allowed"
    );
    assert_eq!(mistake(".{1,1001}"), "the pattern has 1001 places where at most 1000 are allowed");
    // More than any number says.
    let deep = format!("{}a{}", "(?:".repeat(20), "){1000}".repeat(20));
    assert_eq!(mistake(&deep), format!("the pattern has {} places where at most 1000 are allowed", u64::MAX));
    assert_eq!(mistake("\\w{500}"), "the compiled pattern takes more than 1 MiB");
    assert_eq!(mistake(&"a".repeat(1_001)), "1001 bytes where at most 1000 are allowed");
    assert!(mistake(&"(".repeat(900)).contains("is not a regular expression"));
    assert!(compile(&"a".repeat(1_000)).is_ok());
}

#[test]
fn all_patterns_share_one_budget() {
    let mut patterns = Patterns::default();
    let costly = |n: usize| format!("(?:(?:a?){{30}}){{30}}{n}");
    let (mut built, mut before) = (0, 0);
    let mistake = loop {
        match patterns.compile(&costly(built)) {
            Ok(Some(_)) => built += 1,
            Ok(None) => panic!("that it is spent is not said"),
            Err(mistake) => break mistake,
        }
        assert!(patterns.spent() > before && patterns.spent() <= ALL_BYTES);
        before = patterns.spent();
    };
    assert!(built > 100, "{built}");
    assert_eq!(
        mistake.message,
        "with this one, the patterns of the configuration take more than the 16 MiB allowed for all of them"
    );
    // It is said once; what follows is not looked at, and what is known stays.
    assert!(patterns.compile("x{9}").unwrap().is_none());
    assert!(patterns.compile(&costly(0)).unwrap().is_some());
}

#[test]
fn the_same_pattern_costs_once() {
    let mut patterns = Patterns::default();
    patterns.compile("\\w{3,20}").unwrap();
    let once = patterns.spent();
    for _ in 0..1_000 {
        assert!(patterns.compile("\\w{3,20}").unwrap().is_some());
    }
    assert_eq!(patterns.spent(), once);
}

#[test]
fn what_is_slow_to_translate_is_counted_before_it_is_done() {
    // Each of these has all characters looked through; ten thousand fit into a document.
    let slow = "[\\x{0}-\\x{10FFFF}]";
    assert!(compile(&format!("(?i){slow}")).is_ok());
    assert!(mistake(&format!("(?i){}", slow.repeat(40))).contains("take more than the 16 MiB"));
    assert!(mistake("(?i)[[[[[[[[[[[[[[[[[[[[\\S]]]]]]]]]]]]]]]]]]]]").contains("take more than the 16 MiB"));
    // Without that, and for the classes that people write, it costs next to nothing.
    assert!(compile(&slow.repeat(40)).is_ok());
    assert!(compile("(?i)[a-z]{2}(?:[_-][a-z]{2})?").is_ok());
    let mut patterns = Patterns::default();
    for n in 0..5_000 {
        patterns.compile(&format!("[A-Z]{{3}}{n:04}")).unwrap();
    }
    assert!(patterns.spent() < ALL_BYTES, "{}", patterns.spent());
}

/// Pieces of patterns.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b",
        "é",
        "[ab]",
        "[^a]",
        ".",
        "\\w",
        "\\d",
        "(?:a|ab)",
        "(?:ab|a)",
        "(?i:A)",
        "\\b",
        "^",
        "$",
        "(?:)",
        "[a-cé-ü]",
    ];
    let times = ["", "", "?", "*", "+", "{2}", "{0,2}", "+?", "{1,}"];
    let piece = (prop::sample::select(pieces.to_vec()), prop::sample::select(times.to_vec()));
    prop::collection::vec(piece.prop_map(|(piece, times)| format!("{piece}{times}")), 0..5)
        .prop_flat_map(|parts| (Just(parts), 0..2_usize))
        .prop_map(|(parts, or)| parts.join(["", "|"][or]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Both engines take what the crate `regex` takes as a whole.
    #[test]
    fn a_pattern_takes_whole_values(text in pieces(), values in prop::collection::vec("[abcAé1_ ü]{0,5}", 1..8)) {
        let whole = regex::Regex::new(&format!("\\A(?:{text})\\z")).unwrap();
        for pattern in [compile(&text).unwrap(), by_states(&text).unwrap()] {
            for value in &values {
                prop_assert_eq!(pattern.takes(value), whole.is_match(value), "{} {:?} {:?}", text, value, pattern.table().is_some());
            }
        }
    }

    #[test]
    fn no_pattern_makes_it_panic_or_exceed_the_budget(text in "[(){}\\[\\]|*+?^$.\\\\pPLwWsSi0-9a,:&~-]{0,40}") {
        let mut patterns = Patterns::default();
        let compiled = patterns.compile(&text);
        prop_assert!(patterns.spent() <= ALL_BYTES || compiled.is_err());
        // No legal pattern is lost.
        let legal = regex::RegexBuilder::new(&text).size_limit(64 << 10).build().is_ok();
        if legal && let Err(mistake) = compiled {
            prop_assert!(mistake.message.contains("places") || mistake.message.contains("MiB"), "{}", mistake.message);
        }
    }
}
