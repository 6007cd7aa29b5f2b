//! Patterns as tables: one step for each byte.

use std::sync::Arc;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind};

/// The most memory that a table may take, in bytes, and that making it may take.
const TABLE: usize = 256 << 10;
const MAKING: usize = 128 << 10;

/// An automaton that takes the texts that match a pattern as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Automaton {
    table: Arc<dense::DFA<Vec<u32>>>,
    start: StateID,
}

impl Automaton {
    /// Makes the table of a state machine that takes whole texts; None if it would be large, or if the machine is of a
    /// kind that has none.
    pub(crate) fn of(machine: &NFA) -> Option<Self> {
        let config = dense::Config::new()
            .accelerate(false)
            // All matches, not the first: the whole text must be one of them.
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(TABLE))
            .determinize_size_limit(Some(MAKING));
        let table = dense::Builder::new().configure(config).build_from_nfa(machine).ok()?;
        // Without one, what comes first depends on what stands before it.
        let start = table.universal_start_state(Anchored::Yes)?;
        Some(Self { table: Arc::new(table), start })
    }

    /// How many steps it may take to make the table of a pattern with so many places: each entry comes from all the
    /// places where a text can be at that point.
    pub(crate) fn steps(places: u64) -> u64 {
        steps(TABLE, places)
    }

    /// How many steps it took at most.
    pub(crate) fn steps_taken(&self, places: u64) -> u64 {
        steps(self.bytes(), places)
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.memory_usage()
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

fn steps(bytes: usize, places: u64) -> u64 {
    // A class beyond ASCII has a few states of its own.
    (bytes as u64 / 4).saturating_mul(places.max(4))
}
