//! Patterns, and what they may cost.
//!
//! Twenty characters can stand for an automaton of gigabytes: `((a?){100}){100}`. So the patterns of a configuration
//! share one budget of bytes. It counts what a pattern takes while it is compiled and what it takes afterwards, and so
//! bounds the time as well: nothing here takes much longer than writing the bytes that are counted.
//!
//! A pattern becomes a table with a step for each byte if that is small enough, and otherwise is followed state by
//! state. The number of its *places* (each character or class, times its repetitions) bounds how many states a byte of
//! a value can have to go through.

use std::collections::HashMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::hir::translate::Translator;
use regex_syntax::hir::{Hir, HirKind, Look};
use tidewaiter_model::mistake::Mistake;

use super::effort::translation;
use super::quick::{Automaton, Form};
use crate::bounds::PATTERN_BYTES;

/// The most that the patterns of one configuration may cost together, in bytes.
const ALL_BYTES: usize = 16 << 20;
/// The most that one of them may take, in bytes.
const BYTES: usize = 1 << 20;
/// The most places that a pattern may have.
const PLACES: u64 = 1_000;
/// The largest state machine that is tried as a table. Of larger ones the table would be too large.
const TABLED: usize = 32 << 10;
/// How many steps may be spent on making tables, in all.
const STEPS: u64 = 8_000_000;

/// A pattern that the whole value must match. Clones share what was compiled.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: Arc<str>,
    engine: Engine,
    /// The same as a few short forms, if it stands for no more.
    forms: Option<Box<[Form]>>,
}

#[derive(Debug, Clone)]
enum Engine {
    /// A step of a table for each byte.
    Table(Automaton),
    /// State by state.
    States(Arc<States>),
}

/// A state machine, and room for the threads that follow it.
struct States {
    machine: PikeVM,
    caches: Pool<pikevm::Cache, MakeCache>,
}

type MakeCache = Box<dyn Fn() -> pikevm::Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

impl Pattern {
    /// The pattern as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// True if the whole value matches.
    pub(super) fn takes(&self, value: &str) -> bool {
        match &self.engine {
            Engine::Table(table) => table.accepts(value.as_bytes()),
            Engine::States(states) => {
                states.machine.is_match(&mut states.caches.get(), Input::new(value).anchored(Anchored::Yes))
            }
        }
    }

    /// The same as a table, if it is one.
    pub(super) fn table(&self) -> Option<&Automaton> {
        match &self.engine {
            Engine::Table(table) => Some(table),
            Engine::States(_) => None,
        }
    }

    /// The same as a few short forms, if it stands for no more.
    pub(super) fn forms(&self) -> Option<&[Form]> {
        self.forms.as_deref()
    }
}

/// The patterns of one configuration, each compiled once, and what they have cost so far.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    bytes: usize,
    steps: u64,
    known: HashMap<Box<str>, Pattern>,
    /// The budget is spent, and that has been said.
    is_spent: bool,
}

impl Patterns {
    /// What the patterns have cost so far, in bytes.
    pub fn spent(&self) -> usize {
        self.bytes
    }

    /// Keeps the account, and no longer the patterns themselves.
    pub(crate) fn forget(&mut self) {
        self.known = HashMap::new();
    }

    /// Compiles a pattern. None if it is not, since the budget was spent before, which has been reported.
    ///
    /// # Errors
    /// What is wrong with it; the mistake has no path yet.
    pub(super) fn compile(&mut self, text: &str) -> Result<Option<Pattern>, Mistake> {
        if let Some(known) = self.known.get(text) {
            return Ok(Some(known.clone()));
        }
        if self.is_spent {
            return Ok(None);
        }
        if let Some(mistake) = PATTERN_BYTES.check("", text.len()) {
            return Err(mistake);
        }
        let ast = ParserBuilder::new().nest_limit(50).build().parse(text);
        let ast = ast.map_err(|error| unreadable(text, &error))?;
        self.charge(translation(&ast))?;
        let hir = Translator::new().translate(text, &ast).map_err(|error| unreadable(text, &error))?;
        let places = places(&hir);
        if places > PLACES {
            let message = format!("the pattern has {places} places where at most {PLACES} are allowed");
            return Err(Mistake::new("", message).with_hint(
                "each character or class is one place, times its repetitions: repeat less, or use minLength and maxLength",
            ));
        }
        let forms = Form::of(&hir);
        let machine = self.machine(hir)?;
        let engine = match self.table(&machine, places)? {
            Some(table) => Engine::Table(table),
            None => Engine::States(Arc::new(self.states(machine)?)),
        };
        let pattern = Pattern { text: text.into(), engine, forms };
        self.known.insert(text.into(), pattern.clone());
        Ok(Some(pattern))
    }

    /// The state machine that takes the texts of which all matches.
    fn machine(&mut self, hir: Hir) -> Result<NFA, Mistake> {
        let whole = Hir::concat(vec![hir, Hir::look(Look::End)]);
        let limit = BYTES.min(ALL_BYTES.saturating_sub(self.bytes));
        let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(limit));
        let Ok(machine) = thompson::Compiler::new().configure(config).build_from_hir(&whole) else {
            // It took as much to find that out. Where less than that was left, it may fit by itself.
            self.charge(BYTES)?;
            let message = format!("the compiled pattern takes more than {}", mebibytes(BYTES));
            return Err(Mistake::new("", message).with_hint(REPEAT_LESS));
        };
        self.charge(machine.memory_usage())?;
        Ok(machine)
    }

    /// The table of a state machine, if it is small. Whether one is tried depends on what has been spent on others, and
    /// decides about nothing but speed.
    fn table(&mut self, machine: &NFA, places: u64) -> Result<Option<Automaton>, Mistake> {
        let most = Automaton::steps(places);
        if machine.memory_usage() > TABLED || self.steps + most > STEPS {
            return Ok(None);
        }
        let table = Automaton::of(machine);
        self.steps += table.as_ref().map_or(most, |table| table.steps_taken(places));
        self.charge(table.as_ref().map_or(0, Automaton::bytes))?;
        Ok(table)
    }

    fn states(&mut self, machine: NFA) -> Result<States, Mistake> {
        let machine = PikeVM::new_from_nfa(machine).map_err(|error| Mistake::new("", error.to_string()))?;
        self.charge(machine.create_cache().memory_usage())?;
        let maker = machine.clone();
        Ok(States { machine, caches: Pool::new(Box::new(move || maker.create_cache())) })
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Mistake> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= ALL_BYTES {
            return Ok(());
        }
        self.is_spent = true;
        let message = format!(
            "with this one, the patterns of the configuration take more than the {} allowed for all of them",
            mebibytes(ALL_BYTES)
        );
        Err(Mistake::new("", message).with_hint(REPEAT_LESS))
    }
}

const REPEAT_LESS: &str = "classes such as `\\w` and `\\d` match thousands of characters: write `[0-9]`, repeat less, use \
                           minLength and maxLength, or use the same pattern for several fields";

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

/// The mistake for a text that is not a regular expression.
fn unreadable(text: &str, error: &dyn fmt::Display) -> Mistake {
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
    Mistake::new("", format!("`{text}` is not a regular expression: {reason}"))
}

/// How many characters and classes there are, each times its repetitions.
fn places(hir: &Hir) -> u64 {
    let sum = |parts: &[Hir]| parts.iter().map(places).fold(0, u64::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Capture(capture) => places(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
        HirKind::Repetition(repeated) => {
            let times = repeated.max.unwrap_or(repeated.min).max(1);
            places(&repeated.sub).saturating_mul(times.into())
        }
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
