"""What it costs to land files, whole: checked, put in order, loaded and brought to their place."""

import json
import pathlib
import shutil
import subprocess
import tempfile

from measure import Engine, by_turns, middle, once, ratio
from table import Table

CONFIGURATION = {"acme": {scope: {"crm": {}} for scope in ("contacts", "stores", "orders")}}


class Folder:
    """A folder of tidewaiter in which some files have landed already."""

    def __init__(self, bench, name, before=(), folder=None):
        folder = folder or bench.data.folder
        self.bench, self.base, self.root = bench, folder / f"{name}-base", folder / name
        shutil.rmtree(self.base, ignore_errors=True)
        drop = self.base / "imports" / "acme"
        drop.mkdir(parents=True)
        (drop / "acme_imports_config.json").write_text(json.dumps(CONFIGURATION))
        for scope, path in before:
            shutil.copy(path, drop / f"acme_{scope}_crm_20260101.csv")
        once(self.run("before", self.base))

    def run(self, name, root=None, cpus=(0,), prepare=None):
        command = [self.bench.binaries / "tidewaiter", "run", root or self.root, "--quiet-for", "0"]
        return Engine(name, command, cpus, prepare=prepare)

    def count(self, scope):
        """How many records of a scope there are."""
        counted = once(Engine("records", [self.bench.binaries / "tidewaiter", "records", self.root, "--format", "json"]))
        return next((row["count"] for row in json.loads(counted.output) if row["scope"] == scope), 0)

    def dropped(self, files):
        """What puts files into a fresh copy of the folder."""

        def prepare():
            shutil.rmtree(self.root, ignore_errors=True)
            shutil.copytree(self.base, self.root)
            for name, path in files:
                shutil.copy(path, self.root / "imports" / "acme" / name)

        return prepare


def header(path):
    with path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n").split(";")


class Peer:
    """A database of somebody else, with the tables of some scopes: each with its key and its references."""

    keys = {"contacts": "email", "stores": "store_id", "orders": "order_id"}
    references = {"orders": {"contact": "contacts", "store_id": "stores"}}

    def __init__(self, name, folder, before, file):
        self.name, self.base, self.path = name, folder / f"{name}-base.db", folder / f"{name}.db"
        self.base.unlink(missing_ok=True)
        for scope, path in before:
            once(self.load(scope, path, self.base))
        self.engine = self.load(*file, self.path)
        self.engine.prepare = self.fresh

    def count(self, scope):
        """How many rows a table has."""
        return int(once(Engine("count", self.asked(f"SELECT count(*) FROM {scope}"))).output)

    def fresh(self):
        for left in self.path.parent.glob(f"{self.path.name}*"):
            left.unlink()
        if self.base.exists():
            shutil.copy(self.base, self.path)

    def table(self, scope, path):
        columns = [f'"{column}" VARCHAR' + (" PRIMARY KEY" if column == self.keys[scope] else "") for column in header(path)]
        references = self.references.get(scope, {}).items()
        columns += [f'FOREIGN KEY ("{column}") REFERENCES {other} ("{self.keys[other]}")' for column, other in references]
        return f"CREATE TABLE {scope} ({', '.join(columns)});"


class Sqlite(Peer):
    """The command line of SQLite, one transaction."""

    def load(self, scope, path, database):
        script = database.with_suffix(f".{scope}.sql")
        script.write_text(
            f"PRAGMA foreign_keys = ON;\n{self.table(scope, path)}\n.mode csv\n.separator ;\n"
            f"BEGIN;\n.import --skip 1 '{path}' {scope}\nCOMMIT;\n"
        )
        return Engine(self.name, ["sqlite3", "-bail", database], stdin=script)

    def asked(self, query):
        return ["sqlite3", self.path, query]


class Duckdb(Peer):
    """The command line of DuckDB."""

    def __init__(self, program, *arguments):
        self.program = program
        super().__init__(*arguments)

    def load(self, scope, path, database):
        options = "delim = ';', header = true, quote = '\"', escape = '\"', all_varchar = true"
        script = f"SET threads = 1; {self.table(scope, path)} INSERT INTO {scope} SELECT * FROM read_csv('{path}', {options});"
        return Engine(self.name, [self.program, "-bail", database, "-c", script])

    def asked(self, query):
        return [self.program, "-csv", "-noheader", self.path, "-c", query]


class Floor(Peer):
    """What the engine takes at least: SQLite copies the same rows, in the order of their keys, from one table to another."""

    def load(self, scope, path, database):
        if database == self.base:
            return Sqlite.load(self, scope, path, database)
        staged = database.with_suffix(f".{scope}.staged")
        staged.unlink(missing_ok=True)
        columns, key = [f'"{column}"' for column in header(path)], self.keys[scope]
        staging = (
            f"CREATE TEMP TABLE raw ({', '.join(f'{column} TEXT' for column in columns)});\n.mode csv\n.separator ;\n"
            f".import --skip 1 '{path}' raw\nCREATE TABLE main.lines AS SELECT * FROM raw ORDER BY \"{key}\";\n"
        )
        subprocess.run(["sqlite3", "-bail", staged], input=staging, text=True, check=True)
        script = database.with_suffix(f".{scope}.sql")
        script.write_text(
            f"PRAGMA foreign_keys = ON;\nPRAGMA cache_size = -16384;\nATTACH '{staged}' AS staged;\nBEGIN;\n"
            f"{self.table(scope, path)}\nINSERT INTO {scope} SELECT * FROM staged.lines;\nCOMMIT;\n"
        )
        return Engine(self.name, ["sqlite3", "-bail", database], stdin=script)

    def table(self, scope, path):
        return super().table(scope, path)[:-1] + " WITHOUT ROWID;"

    def asked(self, query):
        return ["sqlite3", self.path, query]


def database_bytes(paths):
    return sum(path.stat().st_size for path in paths if path.exists())


def loading(bench):
    """Rows per second into a table with a key, and with references, beside those who do not check."""
    folder = bench.data.folder
    lines = 50_000 if bench.quick else 1_000_000
    contacts = bench.data.keyed(lines)
    fewer, stores = bench.data.keyed(lines // 10), bench.data.lines(100, scope="stores")
    cases = [
        ("key", "contacts", contacts, [], bench.rounds),
        ("key and references", "orders", bench.data.orders(lines, fewer), [("contacts", fewer), ("stores", stores)], bench.rounds),
    ]
    if not bench.quick:
        cases.append(("key", "contacts", bench.data.keyed(8 * lines), [], 1))
    rows = []
    for label, scope, path, before, rounds in cases:
        ours = Folder(bench, f"land-{scope}", before)
        name = f"acme_{scope}_crm_20260102.csv"
        others = [
            Sqlite("sqlite3 .import", folder, before, (scope, path)),
            Duckdb(bench.python.parent / "duckdb", "DuckDB INSERT", folder, before, (scope, path)),
            Floor("INSERT … SELECT", folder, before, (scope, path)),
        ]
        run = ours.run("tidewaiter run", cpus=(0, 1), prepare=ours.dropped([(name, path)]))
        engines = [run, *(peer.engine for peer in others)]
        samples = by_turns(engines, rounds, warm=rounds > 1)
        count = sum(1 for _ in path.open("rb")) - 1
        for engine, loader in zip(engines, [ours, *others]):
            if (loaded := loader.count(scope)) != count:
                raise SystemExit(f"{engine.name} has loaded {loaded} of {count} rows")
        sizes = [database_bytes([ours.root / "records" / "acme.sqlite"]), *(database_bytes([peer.path]) for peer in others)]
        for (engine, runs), size in zip(samples.items(), sizes):
            rows.append(
                [
                    f"{count:,} {scope}, {label}",
                    f"`{engine}`",
                    f"{count / middle(runs):,.0f}",
                    f"{count / middle(runs, 'wall'):,.0f}",
                    str(ratio(runs, samples["tidewaiter run"])),
                    str(ratio(runs, samples["tidewaiter run"], "wall")),
                    f"{size / 1e6:,.0f}",
                    f"{middle(runs, 'peak'):.1f}",
                ]
            )
    return Table(
        "Loading",
        ["file", "program", "rows/s (CPU)", "rows/s (wall clock)", "CPU time, tidewaiter = 1", "wall clock, tidewaiter = 1", "database MB", "peak MiB"],
        rows,
        [
            "`tidewaiter run` has two cores, the others one: none of them uses two for this.",
            "It also reads the file a first time, checks each value, keeps where each record came from and the lists of contacts in a table of "
            "their own, writes the change feed (in the same database), log and ledger, and moves the file.",
            "`INSERT … SELECT` copies rows that are in the order of their keys already from another database: it is the floor.",
            "Asked for: at least 0.6 of the speed of `INSERT … SELECT` and twice that of `sqlite3 .import` by wall clock, 1.3 times that of `.import` by CPU.",
        ],
    )


def draining(bench):
    """Many small files, one after the other in their order."""
    rows, points = [], []
    for count in [100, 1_000] if bench.quick else [100, 1_000, 10_000]:
        small = bench.data.lines(10)
        files = [(f"acme_contacts_crm_20260101_{n:05}.csv", small) for n in range(count)]

        def landed(folder=None):
            ours = Folder(bench, "drain", folder=folder)
            return once(ours.run("files", cpus=None, prepare=ours.dropped(files)))

        sample = landed()
        # A file system in memory keeps nothing, so a sync costs nothing there.
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            unsynced = landed(pathlib.Path(memory))
        points.append((count, sample.wall))
        rows.append(
            [
                f"{count:,}",
                f"{sample.wall:.2f} s",
                f"{count / sample.wall:,.0f}",
                f"{count / sample.cpu:,.0f}",
                f"{unsynced.wall:.2f} s",
                f"{sample.wall / unsynced.wall:.2f}",
                f"{sample.peak:.1f}",
            ]
        )
    return Table(
        "Draining small files",
        ["files of ten lines", "wall clock", "files/s", "files/s (CPU)", "in memory", "wall clock, in memory = 1", "peak MiB"],
        rows,
        [
            "`tidewaiter run`, all cores: each file is checked, loaded, logged, entered in the ledger and moved, in the order of treatment.",
            "What a commit relies on is synced before it. In memory a sync costs nothing, so the ratio is what syncing costs on this disk.",
        ],
        {"draining": ("Time against small files", "files", "seconds", {"tidewaiter run": points})},
    )


def choosing(bench):
    """Which file is next, however many wait."""
    rows, points = [], []
    for waiting in [10, 1_000, 10_000 if bench.quick else 100_000]:
        runs = [once(Engine("choose", [bench.binaries / "bench", "choose", str(waiting)])) for _ in range(bench.rounds)]
        micros = sorted(float(run.output.split()[0]) for run in runs)
        points.append((waiting, micros[len(micros) // 2]))
        rows.append([f"{waiting:,}", f"{micros[len(micros) // 2]:.1f} µs", f"{micros[0]:.1f}–{micros[-1]:.1f}"])
    return Table(
        "Choosing the next file",
        ["files waiting", "time", "least–most"],
        rows,
        ["What the sequencer reads to decide: the state of a repository and the first two pieces of ready work, in SQLite. It should be flat."],
        {"choosing": ("Time to choose against files waiting", "files waiting", "microseconds", {"SQLite": points})},
    )


def unpacking(bench):
    """Archives, beside the tools that everybody has."""
    path = bench.data.bytes(bench.gigabyte / 5, 0.01)
    rows = []
    for ending, pack, unpack in [
        ("gz", ["gzip", "-kf", "-6"], ["gzip", "-dc"]),
        ("bz2", ["bzip2", "-kf"], ["bzip2", "-dc"]),
        ("zip", None, ["unzip", "-p"]),
    ]:
        packed = path.with_name(f"{path.name}.{ending}")
        if not packed.exists():
            subprocess.run([*pack, path] if pack else ["python3", "-m", "zipfile", "-c", packed, path], check=True)
        peer = shutil.which(unpack[0])
        command = [bench.binaries / "bench", "unpack", packed]
        engines = [Engine("tidewaiter", command), Engine("tidewaiter, two cores", command, cpus=(0, 1))]
        if peer:
            engines.append(Engine(" ".join(unpack), [*unpack, packed]))
        samples = by_turns(engines, bench.rounds)
        for name, runs in samples.items():
            speed = path.stat().st_size / 1e6 / middle(runs, "wall")
            rows.append([f".{ending}", f"`{name}`", f"{speed:,.0f} MB/s", str(ratio(runs, samples["tidewaiter"], "wall"))])
    return Table(
        "Unpacking",
        ["archive", "program", "unpacked (wall clock)", "time, tidewaiter = 1"],
        rows,
        ["On one core where nothing else is said. All checks of an archive included; what comes out is thrown away."],
    )


def workbooks(bench):
    """Sheets of workbooks, beside the crate that everybody uses."""
    rows = []
    for count in [20_000, 200_000]:
        path = bench.data.folder / f"products-{count}.xlsx"
        if not path.exists():
            subprocess.run([bench.binaries / "bench", "workbook", str(count), path], check=True, stdout=subprocess.DEVNULL)
        engines = [
            Engine("tidewaiter", [bench.binaries / "bench", "sheet", path]),
            Engine("calamine", [bench.binaries / "bench", "calamine", path]),
        ]
        samples = by_turns(engines, bench.rounds)
        for name, runs in samples.items():
            speed = f"{(count + 1) / max(middle(runs, 'cpu'), 1e-4):,.0f}"
            of = str(ratio(samples["calamine"], runs))
            rows.append([f"{count:,} rows", f"`{name}`", speed, of, f"{middle(runs, 'peak'):.1f}"])
    return Table(
        "Workbooks",
        ["sheet of 8 columns", "reader", "rows a second (CPU)", "speed, calamine = 1", "peak MiB"],
        rows,
        ["Every cell as text, on one core. Asked for: at least as fast as `calamine`, in bounded memory."],
    )
