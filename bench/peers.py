"""The peers that are Python packages, each as a process of its own: `python peers.py PEER FILE SCHEMA.json`.

Each reads all columns of the file with the types of the schema, and prints how many lines are bad. None of them checks
e-mail addresses, telephone numbers or patterns, apart from Frictionless.
"""

import json
import sys

# Numbers are not decimals of 38 digits, which take DuckDB ten times as long.
DUCKDB = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMPTZ"}


def header(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n").split(";")


def types(path, schema):
    kinds = {field["name"]: field.get("type", "string") for field in schema["fields"]}
    return {name: kinds[name] for name in header(path)}


def duckdb_script(path, schema):
    """What makes DuckDB's command line read a file with types, and keep what it rejects.

    It asks for each column: those that nobody asks for are not converted, and nothing in them is rejected.
    """
    columns = ", ".join(f"'{name}': '{DUCKDB.get(kind, 'VARCHAR')}'" for name, kind in types(path, schema).items())
    options = "delim = ';', header = true, quote = '\"', escape = '\"', strict_mode = false, store_rejects = true"
    return (
        f"SELECT count(COLUMNS(*)) FROM read_csv('{path}', {options}, columns = {{{columns}}});"
        "SELECT count(DISTINCT line) FROM reject_errors;"
    )


def qsv_schema(path, schema):
    """The columns of a file as a JSON Schema, by which `qsv validate` checks types, formats and constraints."""
    fields = {field["name"]: field for field in schema["fields"]}
    formats = {("date", None): "date", ("datetime", None): "date-time", ("string", "email"): "email"}
    # JSON Schema has no bounds for dates.
    kept = {"minLength", "maxLength", "minimum", "maximum"}
    properties = {}
    for name in header(path):
        field = fields[name]
        kind, constraints = field.get("type", "string"), field.get("constraints", {})
        cell = {"type": [kind if kind in ("integer", "number", "boolean") else "string", "null"]}
        cell |= {key: value for key, value in constraints.items() if key in kept and not isinstance(value, str)}
        if "pattern" in constraints:
            cell["pattern"] = f"^(?:{constraints['pattern']})$"
        if "enum" in constraints:
            cell["enum"] = [*constraints["enum"], None]
        if (kind, field.get("format")) in formats:
            cell["format"] = formats[kind, field.get("format")]
        properties[name] = cell
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties}


def polars(path, schema):
    # It reads text and converts that: to read what is typed takes twice as long, and makes of bad values none.
    import polars as pl

    kinds = types(path, schema)
    strings = {name: pl.String for name in kinds}
    frame = pl.scan_csv(path, separator=";", schema=strings, encoding="utf8-lossy", truncate_ragged_lines=True, ignore_errors=True)
    read = {
        "integer": lambda column: column.cast(pl.Int64, strict=False),
        "number": lambda column: column.cast(pl.Float64, strict=False),
        "date": lambda column: column.str.to_date("%Y-%m-%d", strict=False),
        "datetime": lambda column: column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False),
    }
    as_is = lambda column: column
    # Text, too: columns that nobody asks for are not read, and their UTF-8 is not looked at.
    good = [read.get(kind, as_is)(pl.col(name)).is_not_null() | pl.col(name).is_null() for name, kind in kinds.items()]
    return frame.select(pl.len() - pl.all_horizontal(good).sum()).collect().item()


def frictionless(path, schema):
    from frictionless import Dialect, Resource, Schema, formats, system

    known = {"name", "type", "format", "constraints"}
    fields = [{key: value for key, value in field.items() if key in known} for field in schema["fields"]]
    for field in fields:
        if field.get("format") not in (None, "email", "uri", "uuid"):
            del field["format"]
    by_name = {field["name"]: field for field in fields}
    described = Schema.from_descriptor({"fields": [by_name[name] for name in header(path)]})
    dialect = Dialect(controls=[formats.CsvControl(delimiter=";")])
    resource = Resource(path=path, schema=described, dialect=dialect, encoding="utf-8")
    # The path is ours.
    with system.use_context(trusted=True):
        return resource.validate().stats["errors"]


def main():
    peer, path, schema = sys.argv[1:]
    with open(schema, encoding="utf-8") as file:
        print(globals()[peer](path, json.load(file)))


if __name__ == "__main__":
    main()
