//! The last item as a parameter: a place in the query that names its type, and a value beside the query.

use tidewaiter_engine::ports::{Form, LastItem};

/// The most digits of a decimal.
const DIGITS: usize = 76;

/// What stands in each place of `{lastItem}`, and what is bound to it.
pub(super) fn bound(last: &LastItem) -> (String, String) {
    let (kind, value) = typed(last);
    (format!("{{last:{kind}}}"), escaped(&value))
}

fn typed(last: &LastItem) -> (String, String) {
    let text = last.text.as_str();
    let known = match last.form {
        Form::Boolean => text.parse::<bool>().ok().map(|_| "Bool".to_owned()),
        Form::Integer => integer(text).map(str::to_owned),
        Form::Number => number(text),
        Form::Date => Some("Date32".to_owned()),
        Form::Moment | Form::Datetime => return moment(text),
        Form::Time | Form::Text => None,
    };
    (known.unwrap_or_else(|| "String".to_owned()), text.to_owned())
}

/// The smallest type that every whole number of this kind is compared with exactly.
fn integer(text: &str) -> Option<&'static str> {
    if text.parse::<i64>().is_ok() {
        return Some("Int64");
    }
    if text.parse::<u64>().is_ok() {
        return Some("UInt64");
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && digits.len() <= DIGITS).then_some("Int256")
}

fn number(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    if digits(whole) && digits(part) && !whole.is_empty() && whole.len() + part.len() <= DIGITS {
        return Some(format!("Decimal256({})", part.len()));
    }
    text.parse::<f64>().ok().map(|_| "Float64".to_owned())
}

/// `2026-01-31T13:45:00.5Z` with as many digits of its second as it has.
fn moment(text: &str) -> (String, String) {
    let time = text.strip_suffix('Z').unwrap_or(text).replace('T', " ");
    let digits = time.split_once('.').map_or(0, |(_, part)| part.len()).min(9);
    (format!("DateTime64({digits}, 'UTC')"), time)
}

/// The value as the server reads it: as a cell of a line.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\0', "\\0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, form: Form) -> (String, String) {
        bound(&LastItem { text: text.to_owned(), form })
    }

    fn pair(place: &str, value: &str) -> (String, String) {
        (place.to_owned(), value.to_owned())
    }

    #[test]
    fn an_item_is_bound_as_what_it_is() {
        assert_eq!(of("-7", Form::Integer), pair("{last:Int64}", "-7"));
        assert_eq!(of("18446744073709551615", Form::Integer).0, "{last:UInt64}");
        assert_eq!(of("-18446744073709551616", Form::Integer).0, "{last:Int256}");
        assert_eq!(of("-0.10", Form::Number).0, "{last:Decimal256(2)}");
        assert_eq!(of("-Infinity", Form::Number).0, "{last:Float64}");
        assert_eq!(of("2026-01-31", Form::Date).0, "{last:Date32}");
        let moment = of("2026-01-31T13:45:00.125Z", Form::Moment);
        assert_eq!(moment, pair("{last:DateTime64(3, 'UTC')}", "2026-01-31 13:45:00.125"));
        assert_eq!(of("a\\N'\n", Form::Text), pair("{last:String}", "a\\\\N'\\n"));
        assert_eq!(of("seven", Form::Integer).0, "{last:String}");
    }
}
