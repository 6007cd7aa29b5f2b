//! A query as its author writes it: one statement that reads, with `{lastItem}` where the read goes on.
//!
//! A lexer for each dialect finds strings, quoted names and comments. It is no guard against a hostile author, for whom
//! there are a read-only login and a read-only transaction. It finds mistakes early, tells what is meant by them, and
//! makes sure that `{lastItem}` is bound where a value can stand.
//!
//! - In a string or a quoted name, `{lastItem}` is a mistake: it would be text there.
//! - In a comment, it is a comment.

mod lexer;

use tidewaiter_engine::ports::{Fault, LastItem, Query, SourceError};

use lexer::{Lexer, Token};

/// What the author writes where the read goes on.
pub const LAST_ITEM: &str = "{lastItem}";
/// The longest query, in bytes.
const MOST_BYTES: usize = 256 << 10;

/// How a server writes strings, names and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL, with standard strings.
    Postgres,
    /// MySQL and MariaDB, with the modes `ANSI_QUOTES` and `NO_BACKSLASH_ESCAPES` off.
    Mysql,
    /// SQL Server, with `QUOTED_IDENTIFIER` on.
    SqlServer,
    /// ClickHouse.
    ClickHouse,
}

/// Words with which another statement begins in the middle of one: SQL Server needs no semicolon between them. They are
/// reserved, so that none of them is the name of a column without brackets.
const BEGIN_ANOTHER: [&str; 32] = [
    "alter",
    "backup",
    "begin",
    "bulk",
    "commit",
    "create",
    "dbcc",
    "declare",
    "delete",
    "deny",
    "drop",
    "exec",
    "execute",
    "goto",
    "grant",
    "if",
    "insert",
    "kill",
    "merge",
    "print",
    "raiserror",
    "reconfigure",
    "restore",
    "return",
    "revoke",
    "rollback",
    "save",
    "set",
    "shutdown",
    "truncate",
    "update",
    "waitfor",
];

/// A statement, cut where `{lastItem}` stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    parts: Vec<String>,
    /// The line of the query on which it begins, from 1 on.
    first_line: usize,
}

impl Statement {
    /// Reads a query.
    ///
    /// ```
    /// use tidewaiter_connect::sql::{Dialect, Statement};
    ///
    /// let sql = "SELECT * FROM orders WHERE id > {lastItem} ORDER BY id; -- '{lastItem}'";
    /// let statement = Statement::read(sql, Dialect::Postgres).unwrap();
    /// assert_eq!(statement.with(|n| format!("${n}")), "SELECT * FROM orders WHERE id >  $1  ORDER BY id");
    /// assert!(Statement::read("DELETE FROM orders", Dialect::Postgres).is_err());
    /// ```
    ///
    /// # Errors
    /// It is no single statement that begins with SELECT or WITH, or `{lastItem}` stands in a string.
    pub fn read(sql: &str, dialect: Dialect) -> Result<Self, SourceError> {
        if sql.len() > MOST_BYTES {
            return Err(mistake(format!("the query has more than {MOST_BYTES} bytes"), "use a view"));
        }
        if sql.contains('\0') {
            return Err(mistake("the query holds a NUL byte".to_owned(), "remove it"));
        }
        let mut reading = Reading { sql, places: Vec::new(), begin: None, end: 0, is_ended: false };
        let mut lexer = Lexer::new(sql, dialect);
        while let Some((token, at, text)) =
            lexer.next_token().map_err(|(at, error)| error.told(line(sql, at)))?
        {
            reading.take(token, at, text, dialect)?;
        }
        let Some(begin) = reading.begin else {
            return Err(mistake("the query is empty".to_owned(), "it begins with SELECT or WITH"));
        };
        let mut parts = Vec::new();
        let mut from = begin;
        for (place, behind) in reading.places {
            parts.push(sql.get(from..place).unwrap_or_default().to_owned());
            from = behind;
        }
        parts.push(sql.get(from..reading.end).unwrap_or_default().to_owned());
        Ok(Self { parts, first_line: line(sql, begin) })
    }

    /// What is bound where `{lastItem}` stands. None if it stands nowhere.
    pub(crate) fn last_of<'q>(&self, query: &'q Query) -> Result<Option<&'q LastItem>, SourceError> {
        match (&query.last, self.places()) {
            (_, 0) => Ok(None),
            (Some(last), _) => Ok(Some(last)),
            (None, _) => Err(without_last_item()),
        }
    }

    /// How often `{lastItem}` stands in it.
    pub fn places(&self) -> usize {
        self.parts.len().saturating_sub(1)
    }

    /// The SQL with something in each place of `{lastItem}`; the places are counted from 1 on. Blanks keep it apart from
    /// what stands beside it.
    pub fn with(&self, place: impl Fn(usize) -> String) -> String {
        let mut parts = self.parts.iter();
        let mut sql = parts.next().cloned().unwrap_or_default();
        for (n, part) in parts.enumerate() {
            sql.push(' ');
            sql.push_str(&place(n + 1));
            sql.push(' ');
            sql.push_str(part);
        }
        sql
    }

    /// The line of the query on which a character of [`with`](Self::with) stands; characters are counted from 1 on.
    pub(crate) fn line_of(&self, rendered: &str, character: usize) -> usize {
        let before = rendered.chars().take(character.saturating_sub(1));
        self.first_line + before.filter(|character| *character == '\n').count()
    }
}

/// What is known of a query so far.
struct Reading<'a> {
    sql: &'a str,
    /// Where the places of `{lastItem}` begin and end.
    places: Vec<(usize, usize)>,
    /// Where the statement begins.
    begin: Option<usize>,
    /// Where it ends so far.
    end: usize,
    /// True behind its semicolon.
    is_ended: bool,
}

impl Reading<'_> {
    fn take(&mut self, token: Token, at: usize, text: &str, dialect: Dialect) -> Result<(), SourceError> {
        let here = || format!("line {}", line(self.sql, at));
        match token {
            Token::Comment => return Ok(()),
            Token::Semicolon if self.begin.is_some() => {
                self.is_ended = true;
                return Ok(());
            }
            _ if self.is_ended => {
                let message = format!("{}: there is more than one statement", here());
                return Err(mistake(message, "keep one SELECT, and remove what follows the semicolon"));
            }
            _ => {}
        }
        if self.begin.is_none() {
            let begins =
                token == Token::Word && ["select", "with"].iter().any(|word| text.eq_ignore_ascii_case(word));
            if !begins {
                let message = format!("{}: the query begins with neither SELECT nor WITH", here());
                return Err(mistake(message, "a query reads; it changes nothing"));
            }
            self.begin = Some(at);
        }
        match token {
            Token::Place => self.places.push((at, at + text.len())),
            Token::Quoted if text.contains(LAST_ITEM) => {
                let message = format!("{}: {LAST_ITEM} stands in quotes", here());
                return Err(mistake(message, "remove the quotes: the value is bound with its type"));
            }
            Token::Braces if is_nearly_last_item(text) => {
                let message = format!("{}: {text} is not known", here());
                return Err(mistake(message, "write {lastItem}"));
            }
            Token::Parameter => {
                let message = format!("{}: {text} is a parameter, and the query has none", here());
                return Err(mistake(
                    message,
                    "write {lastItem} where the read goes on, and values as they are",
                ));
            }
            Token::Word if text.eq_ignore_ascii_case("into") => {
                let message = format!("{}: INTO writes what is selected", here());
                let hint = match dialect {
                    Dialect::Mysql | Dialect::ClickHouse => {
                        "remove it; write a column of that name as `into`"
                    }
                    Dialect::Sqlite | Dialect::Postgres => {
                        "remove it; write a column of that name as \"into\""
                    }
                    Dialect::SqlServer => "remove it; write a column of that name as [into]",
                };
                return Err(mistake(message, hint));
            }
            Token::Word
                if dialect == Dialect::SqlServer
                    && BEGIN_ANOTHER.iter().any(|word| text.eq_ignore_ascii_case(word)) =>
            {
                let message = format!("{}: {text} begins another statement", here());
                let hint = "keep one SELECT; write a column of that name in brackets";
                return Err(mistake(message, hint));
            }
            _ => {}
        }
        self.end = at + text.len();
        Ok(())
    }
}

/// `{lastitem}`, `{last_item}`, `{ lastItem }`.
fn is_nearly_last_item(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic);
    letters.map(|letter| letter.to_ascii_lowercase()).eq("lastitem".chars())
}

/// The error for a query that goes on from an item, and was given none.
fn without_last_item() -> SourceError {
    mistake(
        format!("the query names {LAST_ITEM}, and there is no value for it"),
        "give the import a column and a start value",
    )
}

fn mistake(message: String, hint: &str) -> SourceError {
    SourceError::new(Fault::Query, message).with_hint(hint)
}

/// The line of a byte, from 1 on.
fn line(sql: &str, at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', sql.as_bytes().get(..at).unwrap_or_default()).count()
}

#[cfg(test)]
mod tests;
