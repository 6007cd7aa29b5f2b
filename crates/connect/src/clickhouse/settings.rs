//! What a query is asked with: settings that say how rows are written, and that a part is no answer.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tidewaiter_engine::ports::{Fault, SourceError};

use crate::meter::Meter;

/// The line behind the last row. No row is like it: a backslash in a value is written twice. An answer without it was cut
/// off, whatever the version of the server does when it fails in the middle of one.
pub(super) const END: &[u8] = b"\\.";
/// How an answer is written: its names, its types, its rows.
pub(super) const FORMAT: &str = "CustomSeparatedWithNamesAndTypes";

/// How rows are written.
const WRITTEN: [(&str, &str); 15] = [
    ("default_format", FORMAT),
    ("format_custom_escaping_rule", "Escaped"),
    ("format_custom_field_delimiter", "\t"),
    ("format_custom_row_before_delimiter", ""),
    ("format_custom_row_after_delimiter", "\n"),
    ("format_custom_row_between_delimiter", ""),
    ("format_custom_result_before_delimiter", ""),
    ("format_custom_result_after_delimiter", "\\.\n"),
    ("format_tsv_null_representation", "\\N"),
    ("bool_true_representation", "true"),
    ("bool_false_representation", "false"),
    ("date_time_output_format", "iso"),
    ("output_format_decimal_trailing_zeros", "1"),
    ("session_timezone", "UTC"),
    ("enable_http_compression", "0"),
];

/// What would otherwise answer a part of the rows as if it were all of them, and what ends with the connection.
const WHOLE: [(&str, &str); 11] = [
    ("timeout_overflow_mode", "throw"),
    ("read_overflow_mode", "throw"),
    ("read_overflow_mode_leaf", "throw"),
    ("result_overflow_mode", "throw"),
    ("group_by_overflow_mode", "throw"),
    ("sort_overflow_mode", "throw"),
    ("distinct_overflow_mode", "throw"),
    ("set_overflow_mode", "throw"),
    ("join_overflow_mode", "throw"),
    ("skip_unavailable_shards", "0"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
];

/// The target of a request without settings.
pub(super) fn plain(database: &str) -> String {
    target(&[("database", database)])
}

/// The target of a request for the rows of a query.
///
/// # Errors
/// Under the profile of the login, no setting can be given: the server refuses all of them. Or the server said something
/// else when it was asked for the profile.
pub(super) fn bounded(
    database: &str,
    readonly: &str,
    last: Option<&str>,
    meter: &Meter,
) -> Result<String, SourceError> {
    let remaining = meter.deadline.saturating_duration_since(tokio::time::Instant::now());
    let seconds = (remaining.as_secs() + 1).to_string();
    let mut settings = vec![("database", database), ("max_execution_time", &seconds)];
    settings.extend(WRITTEN);
    settings.extend(WHOLE);
    match readonly {
        "0" => settings.push(("readonly", "1")),
        // The session of the login is read-only already, and refuses to change that.
        "2" => {}
        "1" => {
            let message = "the profile of the login has readonly = 1, so that no query can be limited";
            return Err(SourceError::new(Fault::Operator, message)
                .with_hint("set readonly = 2 in it, or leave it out and GRANT SELECT only"));
        }
        _ => {
            return Err(SourceError::new(Fault::Passing, "the server answers as no ClickHouse does")
                .with_hint("check the port: it is that of HTTP, usually 8123, or 8443 with TLS"));
        }
    }
    if let Some(last) = last {
        settings.push(("param_last", last));
    }
    Ok(target(&settings))
}

fn target(settings: &[(&str, &str)]) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = settings.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    format!("/?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Limits;

    #[test]
    fn a_query_only_reads_whatever_the_profile_of_its_login_is() {
        let of = |readonly| bounded("a&b", readonly, Some("1\t2"), &Meter::start(Limits::default()));
        let may_write = of("0").unwrap();
        assert!(
            may_write.starts_with("/?database=a%26b&") && may_write.contains("&readonly=1"),
            "{may_write}"
        );
        assert!(may_write.ends_with("&param_last=1%092"), "{may_write}");
        assert!(!of("2").unwrap().contains("readonly="));
        assert_eq!(of("1").unwrap_err().fault, Fault::Operator);
        let other = of("<html>hello</html>").unwrap_err();
        assert!(other.fault == Fault::Passing && !other.message.contains("html"), "{other}");
    }
}
