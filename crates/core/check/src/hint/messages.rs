//! The advice for what is classic about files, headers and lines, in one table. What is classic about values is the
//! table of `cell`: there the value decides what is said.
//!
//! `tests/check_csv/classics.rs` has a file for each, as partners send it.

/// The file begins with the byte order mark of UTF-8.
pub(crate) const BYTE_ORDER_MARK: &str =
    "save it as UTF-8 without BOM, or add `\"encoding\": \"auto\"` to the import";
/// It is UTF-32.
pub(crate) const WIDE: &str = "save it as UTF-8 without byte order mark";
/// It is a web page.
pub(crate) const WEB_PAGE: &str = "a download may have saved an error page";
/// It is a workbook of today, or an archive.
pub(crate) const WORKBOOK: &str =
    "save a workbook as CSV (UTF-8); an archive needs a name that ends in `.zip`";
/// It is a document of another program.
pub(crate) const SAVE_AS_CSV: &str = "open it in its program and save it as CSV (UTF-8)";
/// It is an archive, and its name does not say so.
pub(crate) const NAME_ARCHIVE: &str =
    "give the archive a name that ends in its type, such as `.zip` or `.gz`";
/// Its lines end as on very old systems.
pub(crate) const CARRIAGE_RETURNS: &str =
    "the lines end with a bare carriage return: save the file with LF or CRLF line endings";
/// It begins with empty lines.
pub(crate) const EMPTY_LINES: &str = "remove the empty lines at the beginning";
/// It begins with `sep=;`.
pub(crate) const SEPARATOR_NOTE: &str = "remove the first line: it is a spreadsheet setting, not data";
/// A column is there twice.
pub(crate) const TWICE: &str = "remove one of the two, or rename it after what it contains";
/// A line is the byte 0x1A and nothing else.
pub(crate) const END_MARK: &str = "remove this line: it is the end-of-file mark of old systems, 0x1A";
/// The header ends with a delimiter.
pub(crate) const HEADER_ENDS: &str = "the header seems to end with an extra delimiter";
/// A line ends with a delimiter.
pub(crate) const LINE_ENDS: &str =
    "the line ends with an extra delimiter, or an earlier value contains one and needs quotes";
/// A line has too many fields.
pub(crate) const BARE_DELIMITER: &str = "put a value that contains the delimiter in quotes";
/// A value holds a line break.
pub(crate) const LINE_BREAK: &str = "a record must be one line: replace the line break with a space, or add \
     `\"line_breaks\": \"keep\"` to the import";
/// A line does not end.
pub(crate) const LONG_LINE: &str = "a line break or a closing quote may be missing";
/// A quote stands within a value.
pub(crate) const STRAY_QUOTE: &str =
    "put quotes around the whole value and double those inside it: `\"5\"\" disc\"`";
/// A quote is not closed.
pub(crate) const OPEN_QUOTE: &str =
    "remove the quote, or close it after the value; double a quote inside a quoted value";

/// Blanks stand between a quote and a delimiter.
pub(crate) const BLANK_AT_QUOTE: &str = "remove the spaces between the quotes and the delimiter";
/// A line holds delimiters and no value.
pub(crate) const BLANK_ROW: &str = "remove the line: it holds delimiters, and no value";
/// A line is the header once more.
pub(crate) const REPEATED_HEADER: &str =
    "remove the line: it repeats the header, as where several files are joined into one";
/// A line ends the file.
pub(crate) const FOOTER: &str =
    "it seems to be a footer: remove the line, or describe it with `\"trailer\"` in the import";
/// A line is a comment.
pub(crate) const COMMENT: &str =
    "it seems to be a comment: remove the line, or say how comments begin with `\"comment\"` in the import";
/// NUL bytes end the file.
pub(crate) const UNFINISHED: &str =
    "the NUL bytes at the end are those of an unfinished upload: send the whole file again";
/// The lines end with CR CR LF.
pub(crate) const DOUBLED_RETURNS: &str =
    "the lines end with CR CR LF: save the file with LF or CRLF line endings";
/// UTF-16 stands behind other text.
pub(crate) const JOINED_UTF16: &str =
    "a file in UTF-16 seems to be joined to another: join them after saving each as UTF-8";
/// Lines end with a separator of Unicode.
pub(crate) const UNICODE_ENDS: &str =
    "it contains a line separator of Unicode: save the file with LF or CRLF line endings";
/// The first line has values.
pub(crate) const NO_HEADER: &str = "the first line seems to be data: add a header line with the names of the columns, or name \
     them with `\"header\"` and `\"columns\"` in the import";
/// What an import says of columns that its scope does not have.
pub(crate) const OTHER_COLUMNS: &str =
    "`\"columns\"` in the import maps or ignores other names, and `\"scopes\"` adds columns";
/// The first line is a title.
pub(crate) const PREAMBLE: &str = "if the first line is a title, remove what stands before the header, or add `\"skip_lines\"` to the import";

/// It is Windows-1252 or Latin-1; `read` is how a piece of it reads then.
pub(crate) fn windows_1252(read: &str) -> String {
    format!(
        "it seems to be Windows-1252 or Latin-1, `{read}`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import"
    )
}

/// It is UTF-16, by an encoding of this label.
pub(crate) fn utf_16(label: &str) -> String {
    format!("save it as UTF-8 without byte order mark, or add `\"encoding\": \"{label}\"` to the import")
}

/// Another delimiter than that of the import, in the whole file.
pub(crate) fn delimiter_of_file(seems: &str, wanted: &str, option: &str) -> String {
    format!(
        "{}: use it, or add `\"delimiter\": \"{option}\"` to the import",
        delimiter("file", seems, wanted)
    )
}

/// Another delimiter, in `what`.
pub(crate) fn delimiter(what: &str, seems: &str, wanted: &str) -> String {
    format!("the {what} seems to be delimited by {seems}; {wanted} is expected")
}

/// The header as a whole stands in quotes.
pub(crate) fn quoted_header(delimiter: &str) -> String {
    format!("quote each column name separately or not at all, with {delimiter} between them")
}

/// What an import says whose partner writes column names in another way.
const LOOSE: &str = "or add `\"labels\": \"loose\"` to the import";

/// A column with spaces around its name.
pub(crate) fn around_label(name: &str) -> String {
    format!("write `{name}` without spaces around it, {LOOSE}")
}

/// A column with quotes around its name that CSV does not know.
pub(crate) fn quoted_label(name: &str) -> String {
    format!("write `{name}` without spaces or quotes around it")
}

/// A column that differs in spaces, hyphens and underscores from one that is known.
pub(crate) fn like_label(name: &str) -> String {
    format!("did you mean `{name}`? Write it so, {LOOSE}")
}

/// A column in other letters than those it has, small for large.
pub(crate) fn capitals(name: &str) -> String {
    format!("column names are case-sensitive: write `{name}`, {LOOSE}")
}

/// A column with the name of a field for which the import takes another one.
pub(crate) fn mapped(field: &str, label: &str) -> String {
    format!(
        "the import takes the column `{label}` for `{field}`: name it so, leave it out, or change `columns` of the import"
    )
}

/// A column that means the same as another one, which is named as it must be.
pub(crate) fn there_too(name: &str) -> String {
    format!("`{name}` is in the header, too: {TWICE}")
}

/// A near miss of a column, or of a value of a list.
pub(crate) fn near_miss(name: &str) -> String {
    format!("did you mean `{name}`?")
}
