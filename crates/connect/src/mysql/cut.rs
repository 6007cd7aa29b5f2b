//! Answers that the server shortens: it warns, and says nothing else of it.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use tidewaiter_engine::ports::{Fault, SourceError};

/// The most warnings that a server keeps.
pub(super) const MOST_WARNINGS: usize = 65_535;

/// What refuses an answer that was cut, if this one was. The connection has read its last row.
pub(super) async fn cut(conn: &mut Conn) -> mysql_async::Result<Option<SourceError>> {
    if conn.get_warnings() == 0 {
        return Ok(None);
    }
    let warnings: Vec<Row> = conn.query("SHOW WARNINGS").await?;
    let codes = warnings.iter().filter_map(|warning| warning.get_opt::<u32, _>(1)?.ok());
    if let Some(error) = codes.into_iter().find_map(meant) {
        return Ok(Some(error));
    }
    if warnings.len() >= MOST_WARNINGS {
        let message = "the server warns so often that it does not say whether the answer is whole";
        return Ok(Some(SourceError::new(Fault::Query, message).with_hint(
            "SHOW WARNINGS after the query shows them: change what they name, such as a comparison of texts with numbers",
        )));
    }
    Ok(None)
}

/// What a warning says of the answer, if it says that a part is missing.
fn meant(code: u32) -> Option<SourceError> {
    let (message, hint) = match code {
        1260 => (
            "the server cuts a value of GROUP_CONCAT or of another function that puts rows together",
            "put fewer rows together, or raise the limit of the connection for a row and max_allowed_packet of the server",
        ),
        1301 => (
            "the server answers NULL in place of a value that is larger than its max_allowed_packet",
            "build shorter values, or raise max_allowed_packet of the server",
        ),
        1931 => (
            "the server stops before the last row, as by LIMIT ROWS EXAMINED",
            "remove LIMIT ROWS EXAMINED from the query, or raise it",
        ),
        _ => return None,
    };
    Some(SourceError::new(Fault::Query, format!("{message} (warning {code})")).with_hint(hint))
}
