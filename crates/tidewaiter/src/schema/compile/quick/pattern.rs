//! Patterns as automata: one step of a table for each byte.

use std::sync::Arc;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind};

/// The most memory that an automaton may take, in bytes, and that making it may take.
const TABLE: usize = 64 << 10;
const MAKING: usize = 512 << 10;

/// An automaton that takes the texts that match a pattern as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    table: Arc<dense::DFA<Vec<u32>>>,
    start: StateID,
}

impl Automaton {
    /// Makes the automaton of a pattern; None if it would be large, or if the pattern is of a kind that has none.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let config = dense::Config::new()
            .accelerate(false)
            // All matches, not the first: the whole text must be one of them.
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(TABLE))
            .determinize_size_limit(Some(MAKING));
        let table = dense::Builder::new().configure(config).build(pattern).ok()?;
        // Without one, what comes first depends on what stands before it.
        let start = table.universal_start_state(Anchored::Yes)?;
        Some(Self { table: Arc::new(table), start })
    }

    /// True if the whole text matches.
    #[inline]
    pub(crate) fn accepts(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for &byte in text {
            state = self.table.next_state(state, byte);
        }
        self.table.is_match_state(self.table.next_eoi_state(state))
    }
}
