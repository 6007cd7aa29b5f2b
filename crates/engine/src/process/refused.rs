//! What is said of a good line that could not land.

use tidewaiter::finding::{Code, Finding};
use tidewaiter::record::{ADDRESS_BYTES, Change, Layout, MatchBy, Plan, Refusal, Subject};
use tidewaiter::schema::compile::MOST_DIGITS;

/// The kind of finding: its code and column.
pub(super) fn kind(plan: &Plan, refusal: &Refusal) -> (Code, Option<String>) {
    match refusal {
        Refusal::Missing { reference }
        | Refusal::Differs { reference, .. }
        | Refusal::Claimed { reference } => {
            (Code::ForeignKey, plan.references.get(*reference).map(|to| to.columns.join(", ")))
        }
        Refusal::Sum { column, .. } => (Code::SumError, Some(column.clone())),
        Refusal::Address { subscription } => (Code::ConstraintError, address_column(plan, *subscription)),
        Refusal::Ambiguous => (Code::UniqueError, plan.match_by.as_ref().map(|by| by.column().to_owned())),
        Refusal::Taken => (Code::UniqueError, None),
        Refusal::TooLarge => (Code::LineTooLong, None),
    }
}

/// The finding itself.
pub(super) fn finding(
    plan: &Plan,
    layout: &Layout,
    change: &Change,
    byte: u64,
    refusal: &Refusal,
) -> Finding {
    let (code, field) = kind(plan, refusal);
    let (message, mut hint) = words(plan, refusal);
    if let Refusal::Missing { reference } = refusal
        && change.reference(*reference).is_some_and(|value| value.trim() != value)
    {
        "remove the spaces before and after the value".clone_into(&mut hint);
    }
    let finding = Finding::line(code, change.line, byte, message).with_hint(hint);
    let (place, value) = match refusal {
        Refusal::Missing { reference }
        | Refusal::Differs { reference, .. }
        | Refusal::Claimed { reference } => {
            (layout.places.get(*reference).copied(), change.reference(*reference))
        }
        Refusal::Sum { column, .. } => {
            let at = layout.columns.iter().position(|name| name == column);
            (column_place(layout, Some(column)), at.and_then(|at| change.values.get(at)))
        }
        Refusal::Address { .. } => {
            let at = layout.columns.iter().position(|name| Some(name) == field.as_ref());
            (column_place(layout, field.as_deref()), at.and_then(|at| change.values.get(at)))
        }
        Refusal::Ambiguous => (column_place(layout, field.as_deref()), Some(change.subject.name())),
        Refusal::TooLarge => (None, Some(change.subject.name())),
        Refusal::Taken => (
            None,
            match &change.subject {
                Subject::Match { key, .. } => key.as_deref(),
                other => Some(other.name()),
            },
        ),
    };
    let finding = finding.with_value(value.unwrap_or_default().as_bytes());
    match field {
        Some(field) => finding.at(place.unwrap_or_default(), field),
        None => finding,
    }
}

fn address_column(plan: &Plan, subscription: usize) -> Option<String> {
    plan.subscriptions.get(subscription).map(|one| one.to.column.clone())
}

fn column_place(layout: &Layout, column: Option<&str>) -> Option<u64> {
    layout.columns.iter().position(|name| Some(name.as_str()) == column).map(|at| at as u64 + 1)
}

fn words(plan: &Plan, refusal: &Refusal) -> (String, String) {
    let scopes = |reference: &usize| {
        let scopes = plan.references.get(*reference).map(|to| to.scopes.join(" or "));
        scopes.unwrap_or_default()
    };
    let by = plan.match_by.as_ref().map_or("the key", MatchBy::column);
    match refusal {
        Refusal::Missing { reference } => (
            format!("there is no such record in {}", scopes(reference)),
            if plan.references.get(*reference).is_some_and(|to| to.scopes.contains(&plan.records)) {
                "put its line before the lines that refer to it, or import it first".to_owned()
            } else {
                format!("import it into {} first, or in the same group before this file", scopes(reference))
            },
        ),
        Refusal::Differs { reference, column } => (
            format!("the record in {} has another {column}", scopes(reference)),
            format!("{column} must be the same on this line as in {}", scopes(reference)),
        ),
        Refusal::Claimed { reference } => (
            format!(
                "the record in {} is already claimed by another record of {}",
                scopes(reference),
                plan.records
            ),
            "each can be claimed once; name another one, or remove the line".to_owned(),
        ),
        Refusal::Sum { reference, there, .. } => (
            format!(
                "with it, `{there}` of the record in {} is no whole number of at most {MOST_DIGITS} digits",
                scopes(reference)
            ),
            "check the amount, and the value the record already has".to_owned(),
        ),
        Refusal::Address { .. } => (
            format!("an address that is subscribed has at most {ADDRESS_BYTES} bytes"),
            "fix the value, or take its column out of `subscriptions`".to_owned(),
        ),
        Refusal::Ambiguous => (
            format!("several records of {} have this {by}", plan.records),
            format!("give each record of {} a {by} of its own", plan.records),
        ),
        Refusal::Taken => (
            format!("the key belongs to another record of {} with another {by}", plan.records),
            "fix the line; or, if it is right, give the other record another key first, in an earlier line or file"
                .to_owned(),
        ),
        Refusal::TooLarge => (
            format!("the record of {} is too large to store", plan.records),
            "remove or shorten the longest values".to_owned(),
        ),
    }
}
