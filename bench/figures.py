"""What `make bench` shows: a function for each figure, in the order of the page.

A figure takes a `Bench` and gives a `Table`, perhaps with pictures. To add one, write a function and put it in FIGURES.
"""

import dataclasses
import json
import pathlib
import shutil

import peers
from dialects import dialects
from exporting import exporting
from landing import choosing, draining, loading, unpacking, workbooks
from measure import Engine, by_turns, middle, once, ratio
from model import modelled
from querying import querying
from table import Table

HERE = pathlib.Path(__file__).parent
MIB = 1 << 20


@dataclasses.dataclass
class Bench:
    """What figures need: the data, the programs, and how much to do."""

    data: object
    # The folder with `tidewaiter`, `bench` and `generate`.
    binaries: pathlib.Path
    # The Python that has the peers.
    python: pathlib.Path
    quick: bool

    @property
    def rounds(self):
        return 2 if self.quick else 5

    @property
    def gigabyte(self):
        """How large the large file is."""
        return 100 * 10**6 if self.quick else 10**9

    def check(self, path, *options, cpus=(0,), name="`tidewaiter check`"):
        command = [self.binaries / "tidewaiter", "check", *(options or ["--scope", "contacts"]), path]
        # 1 says that lines are bad.
        return Engine(name, command, cpus, allowed=(0, 1), bad=r"([\d,]+) rejected")

    def core(self, engine, path, name):
        return Engine(name, [self.binaries / "bench", engine, "contacts", path], bad=r"rejected (\d+)")

    def peer(self, peer, path, name):
        return Engine(name, [self.python, HERE / "peers.py", peer, path, self.schema()], bad=r"(\d+)\s*\Z")

    def duckdb(self, path, cpus=(0,), threads=1):
        script = peers.duckdb_script(path, json.loads(self.schema().read_text()))
        command = [self.python.parent / "duckdb", "-csv", "-noheader", "-c", f"SET threads = {threads};" + script]
        return Engine("DuckDB `read_csv`, `store_rejects`", command, cpus, bad=r"(\d+)\s*\Z")

    def qsv_program(self):
        """qsv, where it is: by `make qsv`, or on the path."""
        return shutil.which("qsvdp", path=self.python.parents[2] / "bin") or shutil.which("qsv")

    def qsv(self, path):
        """Its check of a file without a schema, and with one; none where it is not."""
        program = self.qsv_program()
        if not program:
            return []
        schema = self.data.folder / "qsv.schema.json"
        schema.write_text(json.dumps(peers.qsv_schema(path, json.loads(self.schema().read_text()))))
        command = [program, "validate", "--quiet", "--delimiter", ";", path]
        return [Engine("`qsv validate`", command, None), Engine("`qsv validate`, JSON Schema", [*command, schema], None)]

    def schema(self):
        return HERE.parent / "crates/core/schema/src/catalogue/contacts.json"


def speed(path, samples, what="cpu"):
    return f"{path.stat().st_size / 1e6 / max(middle(samples, what), 1e-4):,.0f} MB/s"


def checkers(bench, path):
    """Whoever reads a file of contacts on one core."""
    return {
        "ours": bench.core("check", path, "the checker"),
        "types": bench.core("types", path, "the checker, types alone"),
        "portable": bench.core("portable", path, "the checker without AVX2"),
        "command": bench.check(path),
        "csv": bench.core("csv", path, "`csv` crate, the same checks"),
        "duckdb": bench.duckdb(path),
        "polars": bench.peer("polars", path, "polars, typed"),
        "frictionless": bench.peer("frictionless", path, "Frictionless, typed"),
        "wc": Engine("`wc -l`", ["wc", "-l", path]),
    }


def prove(bench):
    """Each must see dates that are none. A time of somebody who does not look at the values would mean nothing."""
    path = bench.data.spoilt(1_000, 10)
    for engine in checkers(bench, path).values():
        if engine.bad and (seen := engine.bad_lines(once(engine).output)) != 100:
            raise SystemExit(f"{engine.name} sees {seen} of 100 bad dates")


def checking(bench):
    """All checks of all columns on a large file, beside those who can do something like it."""
    prove(bench)
    rows = []

    def measure(title, path, others):
        engines = checkers(bench, path)
        wanted = [engines[key] for key in ["ours", "types", *others]]
        samples = by_turns(wanted, bench.rounds)
        for engine in wanted:
            runs = samples[engine.name]
            bad = f"{engine.bad_lines(runs[0].output):,}" if engine.bad else ""
            ratios = [str(ratio(runs, samples[own.name])) for own in wanted[:2]]
            rows.append([title, engine.name, speed(path, runs), *ratios, bad, f"{middle(runs, 'peak'):.1f}"])

    small = 5_000 if bench.quick else 200_000
    measure("1 % bad", bench.data.bytes(bench.gigabyte, 0.01), ["portable", "command", "csv", "duckdb", "wc"])
    measure("none bad", bench.data.bytes(bench.gigabyte), ["duckdb", "polars"])
    measure("small", bench.data.lines(small), ["frictionless"])
    return Table(
        "Checking a large file on one core",
        ["file", "engine", "speed (CPU)", "time, the checker = 1", "time, types alone = 1", "bad lines found", "peak MiB"],
        rows,
        [
            f"{bench.gigabyte / 1e6:,.0f} MB of contacts, 15 columns; the small file is of {small:,} lines, since Frictionless takes long.",
            "Only the checker, the `csv` crate and Frictionless check e-mail addresses, patterns and bounds. "
            "`types alone` leaves that out, so that it checks what DuckDB and polars do, and the structure of the lines.",
            "Where a quote stays open, the `csv` crate and DuckDB make one record of several lines, and polars stops; so it has a file without bad lines.",
            "Asked for: `csv` at least 3, DuckDB 6, polars 5, Frictionless 100; `wc -l` at least 0.25.",
        ],
    )


def bad_lines(bench):
    """What it costs that lines are bad."""
    shares = [0.0, 0.001, 0.01, 0.1, 0.5, 1.0]
    paths = {share: bench.data.bytes(bench.gigabyte / 5, share) for share in shares}
    samples = by_turns([bench.core("check", path, f"{share:.1%}") for share, path in paths.items()], bench.rounds)
    clean = samples["0.0%"]
    rows = []
    for share, path in paths.items():
        runs = samples[f"{share:.1%}"]
        # Seconds for as many bytes.
        scale = path.stat().st_size / paths[0.0].stat().st_size
        slower = ratio(clean, runs)
        rows.append([f"{share:.1%}", speed(path, runs), f"{slower.middle * scale:.2f}", f"{middle(runs, 'peak'):.1f}"])
    points = [(share * 100, middle(samples[f"{share:.1%}"])) for share in shares]
    return Table(
        "Bad lines",
        ["bad lines", "speed (CPU)", "of the clean speed", "peak MiB"],
        rows,
        ["Six kinds of mistakes, each as often as the others. Asked for: at least 0.6 with every line bad."],
        {"bad-lines": ("Time against the share of bad lines", "% of lines bad", "CPU seconds", {"the checker": points})},
    )


def cores(bench):
    """The same file on one core and on two."""
    path = bench.data.bytes(bench.gigabyte, 0.01)
    one, two = bench.check(path, name="one core"), bench.check(path, cpus=(0, 1), name="two cores")
    # More rounds than others have: wall clock is what counts here, and it is what others on the machine disturb.
    samples = by_turns([one, two], bench.rounds * 4)
    rows = [
        [name, f"{middle(runs, 'wall'):.2f} s", f"{middle(runs):.2f} s", speed(path, runs, "wall"), f"{middle(runs, 'peak'):.1f}"]
        for name, runs in samples.items()
    ]
    gain = ratio(samples["one core"], samples["two cores"], "wall")
    return Table(
        "Cores",
        ["`tidewaiter check` on", "wall clock", "CPU", "speed (wall clock)", "peak MiB"],
        rows,
        [f"Two cores are {gain} times as fast as one. Asked for: at least 1.8."],
    )


def processes(bench):
    """`tidewaiter check` from start to report, on files of any size."""
    rows = []
    for label, size in [("1 KB", 10**3), ("1 MB", 10**6), ("large", bench.gigabyte)]:
        path = bench.data.bytes(size)
        qsv = bench.qsv(path)
        engines = [bench.check(path, cpus=None, name="tidewaiter"), bench.duckdb(path, None, 2), *qsv]
        samples = by_turns(engines, bench.rounds * (1 if label == "large" else 4))
        ours = samples["tidewaiter"]
        for name, runs in samples.items():
            rows.append(
                [label, name, f"{middle(runs, 'wall') * 1000:,.1f} ms", str(ratio(runs, ours, "wall")), f"{middle(runs, 'peak'):.1f}"]
            )
    notes = [
        "Wall clock, all cores. No line is bad, since `qsv validate` stops at the first one that has more fields or fewer. Without a "
        "schema it only looks whether the file is CSV in UTF-8; the JSON Schema has types, lengths, patterns, and the formats of dates and addresses."
    ]
    if not qsv:
        notes.append("`qsv` is not on this machine: `make qsv` installs it.")
    return Table(
        "The whole process",
        ["file", "program", "wall clock", "time, tidewaiter = 1", "peak MiB"],
        rows,
        notes,
    )


def growth(bench):
    """Time and memory of a check against everything that can grow."""
    engines, grown = [], {"size": [], "columns": [], "bad": []}

    def add(of, x, path, *options):
        engine = bench.check(path, *options, cpus=None, name=f"{of} {x}")
        engines.append(engine)
        grown[of].append((x, engine.name, path))

    for size in [10**3, 10**6, 10**7, 10**8] + ([] if bench.quick else [5 * 10**8, 10**9]):
        path = bench.data.bytes(size, 0.01)
        add("size", path.stat().st_size / 1e6, path)
    for columns in [10, 100, 300, 1_000]:
        path, setup = bench.data.wide(columns, 50 * 10**6)
        add("columns", columns, path, "--config", setup)
    for bad in [0.1, 1.0]:
        add("bad", bad, bench.data.bytes(10**8, bad))
    samples = by_turns(engines, 3)
    named = {"size": "{:,.3f} MB", "columns": "{:,} columns, 50 MB", "bad": "{:.0%} of the lines bad, 100 MB"}
    rows = [
        [named[of].format(x), f"{middle(samples[name]):.3f} s", speed(path, samples[name]), f"{middle(samples[name], 'peak'):.1f}"]
        for of, points in grown.items()
        for x, name, path in points
    ]
    line = lambda of, what: [(x, middle(samples[name], what)) for x, name, _ in grown[of]]
    return Table(
        "Growth of `tidewaiter check`",
        ["file", "CPU", "speed (CPU)", "peak MiB"],
        rows,
        [
            "All cores. Asked for: memory below 64 MiB whatever the size, the width up to 1,000 columns, and the share of bad lines.",
            "A file is judged in parts of 256 KB, so parts grow as the size does. "
            "What starts a process counts with it here and in the other tables: no peak is below 10 MiB or so, which is Python's.",
        ],
        {
            "time-size": ("Time against size and parts", "MB (4 parts each)", "CPU seconds", {"size": line("size", "cpu")}),
            "memory": ("Memory against size and parts", "MB (4 parts each)", "peak MiB", {"size": line("size", "peak")}),
            "time-columns": ("Time against columns, for 50 MB", "columns", "CPU seconds", {"columns": line("columns", "cpu")}),
            "memory-columns": ("Memory against columns", "columns", "peak MiB", {"columns": line("columns", "peak")}),
        },
    )


FIGURES = {
    "checking": checking,
    "bad-lines": bad_lines,
    "cores": cores,
    "processes": processes,
    "growth": growth,
    "dialects": dialects,
    "loading": loading,
    "exporting": exporting,
    "draining": draining,
    "querying": querying,
    "choosing": choosing,
    "unpacking": unpacking,
    "workbooks": workbooks,
    "modelled": modelled,
}
