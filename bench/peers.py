"""The peers that are Python packages, each as a process of its own: `python peers.py PEER FILE SCHEMA.json`.

Each reads all of the file with the types of the schema, and counts what is good. None of them checks e-mail
addresses, telephone numbers or patterns, apart from Frictionless, which checks the patterns.
"""

import json
import sys

DUCKDB = {"integer": "BIGINT", "number": "DECIMAL(38, 6)", "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMPTZ"}


def header(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n").split(";")


def types(path, schema):
    kinds = {field["name"]: field.get("type", "string") for field in schema["fields"]}
    return {name: kinds[name] for name in header(path)}


def duckdb_script(path, schema):
    """What makes DuckDB's command line read a file with types, and keep what it rejects."""
    columns = ", ".join(f"'{name}': '{DUCKDB.get(kind, 'VARCHAR')}'" for name, kind in types(path, schema).items())
    options = "delim = ';', header = true, quote = '\"', escape = '\"', strict_mode = false, store_rejects = true"
    return (
        f"SELECT count(*) FROM read_csv('{path}', {options}, columns = {{{columns}}});"
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
    good = [
        (read[kind](pl.col(name)).is_not_null() | pl.col(name).is_null()) for name, kind in kinds.items() if kind in read
    ]
    return frame.select(pl.all_horizontal(good or [pl.lit(True)]).sum()).collect().item()


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
