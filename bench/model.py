"""A run on Lambda, modelled: from what is measured here, what `make requests` counts, prices and assumptions, all named.

Nothing of it ran on AWS. The prices are those of docs/operating.md, which says where they are from.
"""

from landing import Folder
from measure import once
from table import Table

# Seconds that a request takes in the region, and what a function gets: assumed.
LATENCY = {"S3": 0.030, "DynamoDB": 0.006}
S3_BYTES = 90e6
# Lines a second that the processor of validate lands: by `make bench-landing`, when all parts were transactions. A request for
# each record takes more of it.
LANDED = 18_000
# Loaders of a large file, lines of a part and of a batch, records that a loader reads at once and writes at the same time.
LOADERS, PART, BATCH, READ, WRITTEN = 8, 250, 5_000, 100, 16
# Write units a second that a new table takes, and one that has grown; read and write units of a contact, counted by the
# test of what a line costs (tests/tests/records/dynamodb).
NEW, TABLE, READS, WRITES = 4_000, 40_000, 1.01, 2.43
# Seconds of an invocation until it leaves the rest to the next one.
TIME = 840
# Requests of a small clean file from its turn to that of the next, counted by `make requests`; and how many of them are
# made while others are on their way.
IN_TURN, AT_ONCE = {"S3": 5, "DynamoDB": 5}, {"S3": 1}
# Dollars: a file landed without its records, a line written, a second of validate (1.73 GB), an hour of a machine of two
# processors.
FILE, LINE = 64.00 / 1e6, (WRITES * 0.705 + READS * 0.1415) / 1e6
SECOND, HOUR = 1.73 * 0.0000133334, 0.10

LARGE, SMALL, SMALL_LINES = 10e9, 10_000, 100


def trips(lines):
    """How many requests follow each other to land so many lines: reads, the claim, a look at the fence, writes, the answer."""
    return -(-lines // READ) + 2 + -(-lines // WRITTEN) + 1


def loading(lines, line, table):
    """Seconds and invocations that loading takes. Each of them reads the file from the front, and the answers to what is landed."""
    by_requests, by_table = LOADERS * PART / (trips(PART) * LATENCY["DynamoDB"]), table / WRITES
    rate = min(LANDED, by_requests, by_table)
    landed, seconds, invocations = 0, 0, 0
    while landed < lines:
        again = landed * line / S3_BYTES + landed / BATCH * LATENCY["DynamoDB"]
        if again >= TIME:
            raise SystemExit("a file of this size is never loaded to its end")
        took = min(TIME, again + (lines - landed) / rate)
        landed += (took - again) * rate
        seconds, invocations = seconds + took, invocations + 1
    return seconds, invocations, rate


def modelled(bench):
    """10 GB in one file and 10,000 small files: on Lambda as modelled, and on one machine as measured."""
    path = bench.data.bytes(bench.gigabyte, 0.01)
    line = path.stat().st_size / sum(1 for _ in path.open("rb"))
    lines = LARGE / line
    core = path.stat().st_size / once(bench.check(path)).cpu
    both = path.stat().st_size / once(bench.check(path, cpus=None)).wall
    count = 20_000 if bench.quick else 500_000
    contacts = Folder(bench, "model")
    keyed = bench.data.keyed(count)
    loaded = once(contacts.run("load", cpus=None, prepare=contacts.dropped([("acme_contacts_crm_20260102.csv", keyed)])))
    per_line = loaded.wall / sum(1 for _ in keyed.open("rb"))
    files = 100 if bench.quick else 1_000
    small = bench.data.lines(SMALL_LINES)
    drops = [(f"acme_contacts_crm_20260101_{n:05}.csv", small) for n in range(files)]
    per_file = once(contacts.run("drain", cpus=None, prepare=contacts.dropped(drops))).wall / files

    check = max(LARGE / core, LARGE / S3_BYTES)
    load, invocations, rate = loading(lines, line, TABLE)
    first, _, _ = loading(lines, line, NEW)
    # Two of those of a file of one line are for its record.
    requests = {**IN_TURN, "DynamoDB": IN_TURN["DynamoDB"] - 2 + trips(SMALL_LINES)}
    turn = sum(LATENCY[service] * (count - AT_ONCE.get(service, 0)) for service, count in requests.items())
    in_order, by_line = SMALL * turn, SMALL * SMALL_LINES * LINE

    def row(what, seconds, dollars, machine):
        return [what, f"{seconds:,.0f} s", f"${dollars:,.2f}", f"{machine:,.0f} s", f"${machine * HOUR / 3600:,.2f}"]

    return Table(
        "A run on Lambda, modelled",
        ["what", "Lambda", "", "one machine", ""],
        [
            row("10 GB in one file, checked", check, check * SECOND, LARGE / both),
            row("10 GB in one file, checked and loaded", check + load, (check + load) * SECOND + lines * LINE, lines * per_line),
            row("the same, into a new table that does not grow", check + first, (check + first) * SECOND + lines * LINE, lines * per_line),
            row("10,000 files of 100 lines, in order, of one repository", in_order, SMALL * FILE + by_line, SMALL * per_file),
            row("the same, of ten repositories", in_order / 10, SMALL * FILE + by_line, SMALL * per_file),
        ],
        [
            f"Measured here: `tidewaiter check` {core / 1e6:,.0f} MB/s on one core and {both / 1e6:,.0f} on all, `tidewaiter run` {1 / per_line:,.0f} lines/s of a "
            f"large file and {1 / per_file:,.0f} files/s of 100 lines, {line:.0f} bytes a line.",
            f"Measured by `make bench-landing`: a processor of validate lands {LANDED:,} lines/s in transactions; fewer, if it sends a request for each record. Counted by `make requests`: from the turn of a small file to that of the next "
            f"{', '.join(f'{service} {n}' for service, n in IN_TURN.items())}, of those of S3 one beside another. Counted by the test of what a line costs: {READS} read and {WRITES} write units a contact.",
            f"Assumed: {', '.join(f'{service} {seconds * 1000:.0f} ms' for service, seconds in LATENCY.items())} a request, "
            f"{S3_BYTES / 1e6:.0f} MB/s from S3 for a function, {TABLE:,} write units/s of a table that has grown to that ({NEW:,} when it is new), ${HOUR:.2f} an hour for the machine; prices as in operating.md.",
            f"Loading goes on with {rate:,.0f} lines/s, {LOADERS} loaders that write {WRITTEN} records each at the same time, in {invocations} invocations one after the other: each ends after {TIME} s and leaves the rest to the next. "
            "Small files follow each other in the same invocation, for 5 s each.",
        ],
    )
