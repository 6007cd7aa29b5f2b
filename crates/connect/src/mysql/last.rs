//! The last item as a parameter. A server of this kind compares a number with a text as floating-point numbers, so it
//! has to be bound as what it is.

use mysql_async::Value;
use tidewaiter_engine::ports::{Form, LastItem};

/// The most digits of a decimal before and behind its point that every server takes.
const DIGITS: (usize, usize) = (35, 30);

/// What stands in the place of `{lastItem}`, and what is bound to it.
pub(crate) fn bound(last: &LastItem) -> (&'static str, Value) {
    let text = || Value::Bytes(last.text.clone().into_bytes());
    match last.form {
        Form::Integer => {
            let signed = last.text.parse().map(Value::Int);
            ("?", signed.or_else(|_| last.text.parse().map(Value::UInt)).unwrap_or_else(|_| text()))
        }
        Form::Number if is_decimal(&last.text) => ("CAST(? AS DECIMAL(65,30))", text()),
        Form::Number => ("?", last.text.parse().map_or_else(|_| text(), Value::Double)),
        Form::Date | Form::Datetime | Form::Moment => ("?", date(&last.text).unwrap_or_else(text)),
        Form::Boolean | Form::Time | Form::Text => ("?", text()),
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.len() <= DIGITS.0 && part.len() <= DIGITS.1
}

/// `2026-01-31`, `2026-01-31T13:45:00.5`, `2026-01-31T13:45:00.5Z`.
fn date(text: &str) -> Option<Value> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut date = date.splitn(3, '-');
    let (year, month, day) =
        (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let (time, part) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':');
    let (hour, minute, second) =
        (time.next()?.parse().ok()?, time.next()?.parse().ok()?, time.next()?.parse().ok()?);
    let is_part = part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    let micros = format!("{part:0<6}").parse().ok().filter(|_| is_part)?;
    Some(Value::Date(year, month, day, hour, minute, second, micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, form: Form) -> (&'static str, Value) {
        bound(&LastItem { text: text.to_owned(), form })
    }

    #[test]
    fn an_item_is_bound_as_what_it_is() {
        assert_eq!(of("-7", Form::Integer), ("?", Value::Int(-7)));
        assert_eq!(of("18446744073709551615", Form::Integer), ("?", Value::UInt(u64::MAX)));
        assert_eq!(of("0.10", Form::Number), ("CAST(? AS DECIMAL(65,30))", Value::Bytes(b"0.10".to_vec())));
        assert_eq!(of(&"9".repeat(40), Form::Number).0, "?");
        assert_eq!(of("2026-01-31", Form::Date).1, Value::Date(2026, 1, 31, 0, 0, 0, 0));
        assert_eq!(
            of("2026-01-31T13:45:00.05Z", Form::Moment).1,
            Value::Date(2026, 1, 31, 13, 45, 0, 50_000)
        );
        assert_eq!(of("soon", Form::Datetime).1, Value::Bytes(b"soon".to_vec()));
        assert_eq!(of("2026-01-31T1:2:3.x", Form::Datetime).1, Value::Bytes(b"2026-01-31T1:2:3.x".to_vec()));
    }
}
