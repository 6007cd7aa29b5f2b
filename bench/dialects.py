"""What it costs that files are not in the strict form."""

import csv
import io
import json

from measure import by_turns, middle, ratio
from table import Table

CONFIGURATION = "shop_imports_config.json"


def variants(columns):
    """The imports: how the bytes of a strict file are rewritten, and what the configuration says of that."""
    labels = {column: f"Field {column}" for column in columns}

    def rows(text, delimiter, change=lambda number, row: row, header=columns):
        out = io.StringIO()
        written = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        written.writerow(header)
        lines = csv.reader(io.StringIO(text), delimiter=";")
        next(lines)
        written.writerows(change(number, row) for number, row in enumerate(lines))
        return out.getvalue()

    def day_first(_, row):
        place = columns.index("birthdate")
        if row[place]:
            row[place] = "/".join(reversed(row[place].split("-")))
        return row

    def broken(number, row):
        if number % 10 == 0:
            row[columns.index("lastname")] = "two\nlines"
        return row

    return {
        "strict": ({}, lambda text: text.encode()),
        "mapped": (
            {"delimiter": ",", "columns": {label: column for column, label in labels.items()}},
            lambda text: rows(text, ",", header=list(labels.values())).encode(),
        ),
        "windows-1252": ({"encoding": "windows-1252"}, lambda text: text.encode("cp1252", "replace")),
        "utf-16": ({"encoding": "auto"}, lambda text: text.encode("utf-16")),
        "dates": (
            {"date_formats": ["dd/mm/yyyy", "%Y-%m-%dT%H:%M:%SZ"]},
            lambda text: rows(text, ";", day_first).encode(),
        ),
        "line-breaks": ({"line_breaks": "keep"}, lambda text: rows(text, ";", broken).encode()),
    }


def dialects(bench):
    """Files as partners have them, beside the strict form."""
    plain = bench.data.bytes(bench.gigabyte / 5)
    text = plain.read_text(encoding="utf-8")
    imports, paths = {}, {}
    for name, (options, rewrite) in variants(text.split("\n", 1)[0].split(";")).items():
        imports[name] = options
        paths[name] = bench.data.folder / f"shop_contacts_{name}_20260131.csv"
        paths[name].write_bytes(rewrite(text))
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
