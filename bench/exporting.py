"""What it costs to get records out again: a whole scope, in each format."""

import csv
import shutil

from landing import Folder
from measure import Engine, by_turns, middle, once, ratio
from table import Table


def written(path, command):
    """A command whose output is a file, as people write it."""
    return ["sh", "-c", 'path=$1; shift; exec "$@" > "$path"', "sh", path, *command]


def cells(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter=delimiter)


def exporting(bench):
    """Rows per second out of the tables, beside SQLite's own command line."""
    folder = bench.data.folder
    contacts = bench.data.keyed(50_000 if bench.quick else 1_000_000)
    ours = Folder(bench, "export", [("contacts", contacts)])
    count = sum(1 for _ in contacts.open("rb")) - 1
    out = {name: folder / f"export.{name}" for name in ("csv", "jsonl", "parquet", "sqlite")}
    records = [bench.binaries / "tidewaiter", "records", ours.base, "contacts", "--universe", "acme", "--format"]
    engines = [
        Engine(f"records --format {name}", written(out[name], [*records, name])) for name in ("csv", "jsonl", "parquet")
    ]
    once(engines[0])
    columns = next(cells(out["csv"]))
    database = ours.base / "records" / "acme.sqlite"
    quoted = ", ".join(f'"{column}"' for column in columns)
    query = f"SELECT {quoted} FROM contacts ORDER BY _key"
    peer = shutil.which("sqlite3")
    if peer:
        engines.append(Engine("sqlite3 -csv", written(out["sqlite"], [peer, "-csv", "-header", database, query])))
    samples = by_turns(engines, bench.rounds)
    if peer:
        # SQLite writes true as 1 and rounds numbers to 15 digits; texts and dates are the same.
        for number, (own, other) in enumerate(zip(cells(out["csv"]), cells(out["sqlite"]), strict=True)):
            same = [a == b for a, b in zip(own, other, strict=True) if b not in ("0", "1") and not b[:1].isdigit()]
            if not all(same):
                raise SystemExit(f"row {number} is not what sqlite3 writes:\n{own}\n{other}")
    if (rows := sum(1 for _ in cells(out["csv"])) - 1) != count:
        raise SystemExit(f"{rows} of {count} rows were exported")
    base = samples.get("sqlite3 -csv")
    rows = [
        [
            f"`{name}`",
            f"{count / middle(runs):,.0f}",
            f"{count / middle(runs, 'wall'):,.0f}",
            *([str(ratio(runs, base)), str(ratio(runs, base, "wall"))] if base else ["", ""]),
            f"{out['sqlite' if 'sqlite' in name else name.split()[-1]].stat().st_size / 1e6:,.0f}",
            f"{middle(runs, 'peak'):.1f}",
        ]
        for name, runs in samples.items()
    ]
    notes = [f"{count:,} contacts of {len(columns)} columns, by key, into a file, on one core. `parquet` reads the rows twice."]
    if not peer:
        notes.append("`sqlite3` is not on this machine.")
    return Table(
        "Exporting on one core",
        ["program", "rows/s (CPU)", "rows/s (wall clock)", "CPU time, sqlite3 = 1", "wall clock, sqlite3 = 1", "MB written", "peak MiB"],
        rows,
        [*notes, "Asked for: at most 1.3 times the time of `sqlite3 -csv`."],
    )
