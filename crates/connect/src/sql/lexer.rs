//! Cuts SQL into tokens, as far as it matters what is a string, a name or a comment.

use tidewaiter_engine::ports::SourceError;

use super::{Dialect, LAST_ITEM, mistake};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A comment.
    Comment,
    /// A string, or a quoted name.
    Quoted,
    /// A word: a keyword, a name without quotes, a number.
    Word,
    /// `{lastItem}`.
    Place,
    /// Anything else in braces.
    Braces,
    /// `$1`, `?1`, `:name`: a parameter of the server.
    Parameter,
    /// `;`
    Semicolon,
    /// Any other character.
    Other,
}

/// Why there is no token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unfinished {
    /// A string or quoted name has no end.
    Quote,
    /// A comment has no end.
    Comment,
    /// A comment of MySQL that is executed.
    Executed,
}

impl Unfinished {
    pub(super) fn told(self, line: usize) -> SourceError {
        let (what, hint) = match self {
            Self::Quote => ("a quote is not closed", "close it, and write a quote inside of a string twice"),
            Self::Comment => ("a comment is not closed", "close it with */"),
            Self::Executed => {
                ("a comment that begins with /*! is executed", "remove it, or write what it holds as SQL")
            }
        };
        mistake(format!("line {line}: {what}"), hint)
    }
}

/// A token, where it begins, and its text.
type Found<'a> = (Token, usize, &'a str);

pub(super) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a str, dialect: Dialect) -> Self {
        Self { sql, at: 0, dialect }
    }

    fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    /// The next token, where it begins, and its text. None at the end.
    ///
    /// # Errors
    /// The token that begins there has no end.
    pub(super) fn next_token(&mut self) -> Result<Option<Found<'a>>, (usize, Unfinished)> {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        self.at += blanks;
        let (begin, rest) = (self.at, self.rest());
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (token, length) = self.token(rest, first).map_err(|unfinished| (begin, unfinished))?;
        self.at += length;
        Ok(Some((token, begin, rest.get(..length).unwrap_or_default())))
    }

    /// What the rest begins with, and how long it is.
    fn token(&self, rest: &str, first: char) -> Result<(Token, usize), Unfinished> {
        use Dialect::{ClickHouse, Mysql, Postgres, SqlServer, Sqlite};
        let is_mysql = self.dialect == Mysql;
        let has_escapes = matches!(self.dialect, Mysql | ClickHouse);
        if self.begins_line_comment(rest) {
            return Ok((Token::Comment, rest.find('\n').unwrap_or(rest.len())));
        }
        if rest.starts_with("/*") {
            if is_mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
                return Err(Unfinished::Executed);
            }
            return Ok((Token::Comment, self.block_comment(rest)?));
        }
        if rest.starts_with(LAST_ITEM) {
            return Ok((Token::Place, LAST_ITEM.len()));
        }
        match first {
            '\'' => quoted(rest, '\'', has_escapes).map(|length| (Token::Quoted, length)),
            '"' => quoted(rest, '"', has_escapes).map(|length| (Token::Quoted, length)),
            '`' if matches!(self.dialect, Sqlite | Mysql | ClickHouse) => {
                quoted(rest, '`', self.dialect == ClickHouse).map(|length| (Token::Quoted, length))
            }
            '[' if self.dialect == Sqlite => {
                let end = rest.find(']').ok_or(Unfinished::Quote)?;
                Ok((Token::Quoted, end + 1))
            }
            '[' if self.dialect == SqlServer => {
                quoted(rest, ']', false).map(|length| (Token::Quoted, length))
            }
            '{' => Ok(braces(rest)),
            ';' => Ok((Token::Semicolon, 1)),
            '$' if matches!(self.dialect, Postgres | ClickHouse) => dollar(rest),
            '?' if matches!(self.dialect, Sqlite | Mysql) => Ok((Token::Parameter, 1)),
            // What the server itself counts is no parameter: `@@ROWCOUNT`.
            '@' if rest.starts_with("@@") => Ok((Token::Other, 2)),
            ':' | '@' | '$' if self.dialect == Sqlite => Ok(parameter(rest)),
            '@' if self.dialect == SqlServer => Ok(parameter(rest)),
            _ => match word(rest) {
                0 => Ok((Token::Other, first.len_utf8())),
                1 if self.dialect == Postgres && matches!(rest.get(..2), Some("e'" | "E'")) => {
                    let length = quoted(rest.get(1..).unwrap_or_default(), '\'', true)?;
                    Ok((Token::Quoted, length + 1))
                }
                length => Ok((Token::Word, length)),
            },
        }
    }

    fn begins_line_comment(&self, rest: &str) -> bool {
        match self.dialect {
            // MySQL takes `--1` for two signs.
            Dialect::Mysql => {
                rest.starts_with('#')
                    || rest.strip_prefix("--").is_some_and(|behind| {
                        behind.chars().next().is_none_or(|next| next.is_whitespace() || next.is_control())
                    })
            }
            Dialect::ClickHouse => ["--", "# ", "#!"].iter().any(|begin| rest.starts_with(begin)),
            Dialect::Sqlite | Dialect::Postgres | Dialect::SqlServer => rest.starts_with("--"),
        }
    }

    /// How long a comment is. PostgreSQL and SQL Server have comments in comments.
    fn block_comment(&self, rest: &str) -> Result<usize, Unfinished> {
        if !matches!(self.dialect, Dialect::Postgres | Dialect::SqlServer) {
            let end = rest.get(2..).and_then(|inside| inside.find("*/")).ok_or(Unfinished::Comment)?;
            return Ok(end + 4);
        }
        let (mut depth, mut at) = (0_usize, 0);
        let bytes = rest.as_bytes();
        while let Some(pair) = bytes.get(at..at + 2) {
            match pair {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        }
        Err(Unfinished::Comment)
    }
}

/// How long a quoted text is, quotes included. A quote inside stands twice.
fn quoted(rest: &str, quote: char, has_escapes: bool) -> Result<usize, Unfinished> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && has_escapes {
            characters.next();
        } else if character == quote {
            if characters.peek().is_none_or(|(_, next)| *next != quote) {
                return Ok(at + quote.len_utf8());
            }
            characters.next();
        }
    }
    Err(Unfinished::Quote)
}

/// A parameter by its name, or a character.
fn parameter(rest: &str) -> (Token, usize) {
    match word(rest.get(1..).unwrap_or_default()) {
        0 => (Token::Other, 1),
        name => (Token::Parameter, name + 1),
    }
}

/// A name in braces. Anything else in braces is SQL.
fn braces(rest: &str) -> (Token, usize) {
    let is_name = |character: char| character == '_' || character == ' ' || character.is_ascii_alphanumeric();
    let end =
        rest.get(1..).and_then(|inside| inside.find(|character| !is_name(character))).map(|end| end + 1);
    match end.filter(|end| rest.get(*end..).is_some_and(|behind| behind.starts_with('}'))) {
        Some(end) => (Token::Braces, end + 1),
        None => (Token::Other, 1),
    }
}

/// `$tag$ … $tag$`, or `$1`.
fn dollar(rest: &str) -> Result<(Token, usize), Unfinished> {
    let inside = rest.get(1..).unwrap_or_default();
    let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        return Ok((Token::Parameter, digits + 1));
    }
    let is_name =
        |character: char| character == '_' || character.is_ascii_alphanumeric() || !character.is_ascii();
    let name = inside.find(|character| !is_name(character)).unwrap_or(inside.len());
    if !inside.get(name..).is_some_and(|behind| behind.starts_with('$')) {
        return Ok((Token::Other, 1));
    }
    let tag = rest.get(..name + 2).unwrap_or_default();
    let end = rest.get(tag.len()..).and_then(|body| body.find(tag)).ok_or(Unfinished::Quote)?;
    Ok((Token::Quoted, tag.len() + end + tag.len()))
}

/// How long a word is. A dollar sign inside of it does not begin a quote.
fn word(rest: &str) -> usize {
    let is_inside = |(n, character): (usize, char)| {
        character == '_'
            || character.is_alphanumeric()
            || !character.is_ascii()
            || (character == '$' && n > 0)
    };
    rest.chars()
        .enumerate()
        .take_while(|character| is_inside(*character))
        .map(|(_, character)| character.len_utf8())
        .sum()
}
