//! A page answers on many threads: whatever is asked of a deployment can be awaited on any of them.

use tidewaiter_ops::{
    Deployment, Location, day, explain, history, preflight, records, replay, report, status, universes,
};

fn is_send<T: Send>(_: T) {}

/// It is enough that this compiles.
#[test]
fn answers_can_be_awaited_on_any_thread() {
    let _ = |location: &Location| is_send(Deployment::look(location));
    let _ = |deployment: &Deployment, date| {
        is_send(status::status(deployment, None));
        is_send(status::outside(deployment));
        is_send(history::history(deployment, history::Search::default()));
        is_send(explain::explain(deployment, None, ""));
        is_send(report::report(deployment, None, ""));
        is_send(day::page(deployment, None, date));
        is_send(preflight::active_in(deployment, None));
        is_send(records::counts(deployment, None));
        is_send(records::Pages::new(deployment, &tidewaiter_engine::ports::Selection::default()).next());
        is_send(records::trace(deployment, "", "", None, 1));
        is_send(records::meant(deployment, "", "", None));
        is_send(universes::list(deployment));
    };
    let _ = |deployment: &Deployment, choice: &replay::Choice| is_send(replay::replay(deployment, choice));
}
