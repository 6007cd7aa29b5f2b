//! What standard states of SQL mean, in our words.
//!
//! A server's own message for these may hold values of rows, so it is left out.

/// What a state means, and what to do about it.
pub(crate) fn meaning(state: &str) -> Option<(&'static str, &'static str)> {
    Some(match state {
        "22012" => ("the query divides by zero", "divide by NULLIF(…, 0), or leave those rows out"),
        "22003" => (
            "a number is out of the range of its type",
            "compute with a wider type, such as CAST(… AS decimal(38, 10))",
        ),
        "22P02" | "22018" => (
            "a text is not a value of the type that it is cast to, such as a number",
            "look at the casts and comparisons of the query, and cast only texts that fit",
        ),
        "22007" => (
            "a text is not a date or time of the expected form",
            "look at the dates of the query, and cast only texts that fit",
        ),
        "22008" | "22015" => (
            "a date, a time or an interval is out of range",
            "look at the dates of the query, and what is added to them",
        ),
        "22009" => ("a time zone is not valid", "look at the time zones of the query"),
        "22001" | "22026" => {
            ("a text is longer than its type allows", "cast it to a longer type, or shorten it with LEFT(…)")
        }
        "2201B" => (
            "a regular expression is not valid",
            "look at the regular expressions of the query, and at columns that hold some",
        ),
        "2200C" | "2200D" | "22019" | "22025" => (
            "the escape character of a pattern is not valid",
            "write a backslash in a pattern twice, or name another character with ESCAPE",
        ),
        "22011" => {
            ("a part of a text has a negative length", "look at SUBSTRING, LEFT and RIGHT in the query")
        }
        "22004" => ("a value is NULL where none may be", "leave those rows out, or write COALESCE(…)"),
        "22021" | "22P05" => (
            "a text has a character that the encoding does not have",
            "leave that row out, or select its bytes as hexadecimal digits",
        ),
        "2202E" => {
            ("an array has other dimensions than the query expects", "look at the arrays of the query")
        }
        "2201E" => ("the query takes the logarithm of a number that has none", "leave zero and less out"),
        "2201F" => ("the query raises a number to a power that gives no number", "leave those rows out"),
        "2201W" | "2201X" => ("LIMIT or OFFSET is negative", "give it a number that is 0 or more"),
        "22013" | "22014" | "22016" => {
            ("a window function has an argument out of range", "give it a number that is 1 or more")
        }
        "22023" => (
            "a function gets an argument that it does not take",
            "look at the arguments of the functions in the query",
        ),
        "2200L" | "2200M" | "2200N" | "2200S" | "2200T" => {
            ("a text is not valid XML", "look at the columns that the query takes for XML")
        }
        _ if state.starts_with("2203") => (
            "a JSON text is not valid, or of another form than the query expects",
            "look at the columns that the query takes for JSON",
        ),
        _ if state.starts_with("22") => (
            "a value does not fit where it is used",
            "look at the casts, functions and comparisons of the query",
        ),
        "21000" => (
            "a subquery that stands for one value gives more than one row",
            "add LIMIT 1 or an aggregate such as max(…) to it, or compare with IN",
        ),
        "P0001" | "45000" => (
            "a function that the query calls raises an error of its own",
            "look at the functions that the query and its views call",
        ),
        "P0002" | "P0003" => (
            "a function that the query calls finds no row, or too many",
            "look at the functions that the query and its views call",
        ),
        _ if state.starts_with("38") || state.starts_with("39") => (
            "a function that the query calls fails",
            "look at the functions that the query and its views call",
        ),
        _ => return None,
    })
}
