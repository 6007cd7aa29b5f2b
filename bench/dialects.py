"""What it costs that files are not in the strict form."""

import csv
import json

from measure import by_turns, middle, ratio
from table import Table

CONFIGURATION = "shop_imports_config.json"


def variants(columns):
    """The imports: what the configuration says, how files are encoded, their delimiter and header, and how a row is changed."""
    labels = {column: f"Field {column}" for column in columns}

    def day_first(_, row):
        place = columns.index("birthdate")
        if row[place]:
            row[place] = "/".join(reversed(row[place].split("-")))
        return row

    def broken(number, row):
        if number % 10 == 0:
            row[columns.index("lastname")] = "two\nlines"
        return row

    def same(_, row):
        return row

    mapped = {"delimiter": ",", "columns": {label: column for column, label in labels.items()}}
    forms = {"date_formats": ["dd/mm/yyyy", "%Y-%m-%dT%H:%M:%SZ"]}
    return {
        "strict": ({}, "utf-8", ";", columns, same),
        "mapped": (mapped, "utf-8", ",", list(labels.values()), same),
        "windows-1252": ({"encoding": "windows-1252"}, "cp1252", ";", columns, same),
        "utf-16": ({"encoding": "auto"}, "utf-16", ";", columns, same),
        "dates": (forms, "utf-8", ";", columns, day_first),
        "line-breaks": ({"line_breaks": "keep"}, "utf-8", ";", columns, broken),
    }


def rewrite(plain, path, encoding, delimiter, header, change):
    """Writes a strict file in another form, row by row: what starts a process counts with its peak."""
    with plain.open(encoding="utf-8", newline="") as file, path.open("w", encoding=encoding, errors="replace", newline="") as out:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        written = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        written.writerow(header)
        written.writerows(change(number, row) for number, row in enumerate(rows))


def dialects(bench):
    """Files as partners have them, beside the strict form."""
    plain = bench.data.bytes(bench.gigabyte / 5)
    with plain.open(encoding="utf-8") as file:
        columns = file.readline().rstrip("\n").split(";")
    imports, paths = {}, {}
    for name, (options, *form) in variants(columns).items():
        imports[name] = options
        paths[name] = bench.data.folder / f"shop_contacts_{name}_20260131.csv"
        rewrite(plain, paths[name], *form)
    configuration = bench.data.folder / CONFIGURATION
    configuration.write_text(json.dumps({"shop": {"contacts": imports}}))
    engines = [bench.check(path, "--config", configuration, name=name) for name, path in paths.items()]
    peer = bench.core("csv", plain, "`csv` crate, the same checks")
    samples = by_turns([*engines, peer], bench.rounds)
    rows = []
    for name, runs in samples.items():
        path = paths.get(name, plain)
        speed = f"{path.stat().st_size / 1e6 / max(middle(runs, 'cpu'), 1e-4):,.0f} MB/s"
        of = [str(ratio(samples[other], runs)) for other in ("strict", peer.name)]
        rows.append([name, speed, *of, f"{middle(runs, 'peak'):.1f}"])
    return Table(
        "Files that are not in the strict form",
        ["file", "speed (CPU)", "speed, strict = 1", "speed, `csv` = 1", "peak MiB"],
        rows,
        [
            f"The same {plain.stat().st_size / 1e6:,.0f} MB of contacts on one core, written otherwise: commas and other labels; "
            "Windows-1252; UTF-16 (twice the bytes); days first; a value of two lines in each tenth record.",
            "Ratios are of lines in the same time. Asked for: at least 0.5 of the strict form; with line breaks at least 2 times the `csv` crate.",
        ],
    )
