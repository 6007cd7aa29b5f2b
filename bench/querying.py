"""What it costs to read a database by the query of an import: rows into a file, and all the way into records."""

import contextlib
import datetime
import json
import pathlib
import shutil
import subprocess
import time
import urllib.parse

from measure import Engine, by_turns, middle, once, ratio
from table import Table

HERE = pathlib.Path(__file__).parent
SQL = "SELECT * FROM customers WHERE id > {lastItem} ORDER BY id"
COLUMNS = {"id": "customer_key", "balance": None, "is_open": None}


def configuration(schedule=None):
    query = {"connection": "shop", "sql": SQL, "last_item": {"column": "id", "start": 0}, "run_on_change": schedule is None}
    query |= {"schedule": schedule} if schedule else {}
    return {"shop": {"contacts": {"crm": {"query": query, "columns": COLUMNS}}}}


@contextlib.contextmanager
def server():
    """A PostgreSQL of the tests; its port."""
    program = HERE.parent / "tests" / "postgres" / "postgres"
    process = subprocess.Popen([program, "fixture"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield urllib.parse.urlsplit(process.stdout.readline().strip()).port
    finally:
        process.stdin.close()
        process.wait()


def deployment(folder, port, document):
    """A folder whose one import reads the server."""
    shutil.rmtree(folder, ignore_errors=True)
    drop = folder / "imports" / "acme"
    drop.mkdir(parents=True)
    (folder / "tidewaiter.toml").write_text(
        f'[connections.shop]\nengine = "postgres"\nhost = "127.0.0.1"\nport = {port}\ndatabase = "postgres"\n'
        'user = "tidewaiter"\ntls = false\nrepositories = ["acme"]\n'
    )
    (drop / "shop_imports_config.json").write_text(json.dumps(document))
    return folder


def latency(bench, port):
    """Seconds from a scheduled time to the end of a read of few rows, by a process that watches."""
    folder = deployment(bench.data.folder / "watched", port, configuration({"every": "minute"}))
    program = bench.binaries / "tidewaiter"
    watch = subprocess.Popen([program, "watch", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(90):
            time.sleep(1)
            asked = subprocess.run([program, "history", folder, "--import", "crm", "--format", "json"], capture_output=True, text=True)
            reads = json.loads(asked.stdout) if asked.returncode == 0 else []
            if reads:
                due, begun = (datetime.datetime.fromisoformat(text) for text in (reads[0]["why"]["scheduled"]["at"], reads[0]["at"]))
                return (begun - due).total_seconds() + reads[0]["millis"] / 1_000
        raise SystemExit("a scheduled read did not begin")
    finally:
        watch.terminate()
        watch.wait()


def querying(bench):
    """Rows per second out of PostgreSQL, beside COPY and dlt."""
    rows = []
    with server() as port:
        for count in [100_000] if bench.quick else [1_000_000, 10_000_000]:
            rows += measured(bench, port, count)
        once(Engine("few", [bench.python, HERE / "peers_dlt.py", "make", port, 1_000], None))
        seconds = latency(bench, port)
    return Table(
        "Queries of PostgreSQL",
        ["program", "rows", "rows/s (wall clock)", "wall clock, COPY = 1", "CPU seconds here", "peak MiB"],
        rows,
        [
            "Eight columns of a table into a file: numbers, decimals, dates, moments, texts with NULL. The server works on the same machine; its time is in the wall clock.",
            "`tidewaiter run` goes all the way: it reads, checks every line, and lands the rows in an empty table of records. dlt writes CSV files.",
            f"From a scheduled time to the end of the read of 1,000 rows, with `tidewaiter watch`: {seconds:.2f} s.",
            "Asked for: at least 0.7 of the speed of COPY, at least 5 times that of dlt, flat memory, a second from the schedule to the first row.",
        ],
    )


def measured(bench, port, count):
    folder = bench.data.folder
    once(Engine("make", [bench.python, HERE / "peers_dlt.py", "make", port, count], None))
    document, out = folder / "query.json", folder / "rows.csv"
    document.write_text(json.dumps(configuration()))
    landed, taken = folder / "landed", folder / "taken"
    engines = [
        Engine("a query into a file", [bench.binaries / "bench", "query", port, document, out], None),
        Engine("`COPY … TO STDOUT` into a file", [bench.binaries / "bench", "copy", port, "SELECT * FROM customers ORDER BY id", folder / "copied.csv"], None),
        Engine(
            "`tidewaiter run`, into records",
            [bench.binaries / "tidewaiter", "run", landed, "--quiet-for", "0"], None,
            prepare=lambda: deployment(landed, port, configuration()),
        ),
    ]
    if count <= 1_000_000:
        engines.append(Engine(
            "dlt, `sql_table` into CSV", [bench.python, HERE / "peers_dlt.py", "read", port, taken], None,
            prepare=lambda: shutil.rmtree(taken, ignore_errors=True),
        ))
    samples = by_turns(engines, 1 if count > 1_000_000 else bench.rounds)
    if (found := sum(1 for _ in out.open("rb"))) != count + 1:
        raise SystemExit(f"{found - 1} of {count} rows were read")
    base = samples["`COPY … TO STDOUT` into a file"]
    return [
        [name, f"{count:,}", f"{count / middle(runs, 'wall'):,.0f}", str(ratio(runs, base, "wall")), f"{middle(runs):.1f}", f"{middle(runs, 'peak'):.1f}"]
        for name, runs in samples.items()
    ]
