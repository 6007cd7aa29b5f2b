"""A run on Lambda, modelled: from what is measured here, what `make requests` counts, prices and assumptions, all named.

Nothing of it ran on AWS. The prices are those of docs/operating.md, which says where they are from.
"""

from landing import Folder
from measure import once
from table import Table

# Seconds that a request takes in the region, and what a function gets: assumed.
LATENCY = {"S3": 0.030, "DynamoDB": 0.006, "SQS": 0.010}
START = 0.015
S3_BYTES = 90e6
DYNAMODB_LINES = 5_000
LIMIT = 900
# Requests of a small clean file: counted by `make requests`.
REQUESTS = {"S3": 5, "DynamoDB": 8, "SQS": 3}
# Dollars: a file landed without its records, a line written, a second of validate (1.73 GB), an hour of a machine of two
# processors.
FILE, LINE = 65.20 / 1e6, (2 * 0.705 + 0.1415) / 1e6
SECOND, HOUR = 1.73 * 0.0000133334, 0.10

LARGE, SMALL, SMALL_LINES = 10e9, 10_000, 100


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
    load = lines / DYNAMODB_LINES
    # The sequencer and validate take turns; what one of them does for a file waits for the other.
    turn = sum(LATENCY[service] * requests for service, requests in REQUESTS.items()) + 2 * START
    in_order, by_line = SMALL * turn, SMALL * SMALL_LINES * LINE

    def row(what, seconds, dollars, machine):
        return [what, f"{seconds:,.0f} s", f"${dollars:,.2f}", f"{machine:,.0f} s", f"${machine * HOUR / 3600:,.2f}"]

    return Table(
        "A run on Lambda, modelled",
        ["what", "Lambda", "", "one machine", ""],
        [
            row("10 GB in one file, checked", check, check * SECOND, LARGE / both),
            row("10 GB in one file, checked and loaded", check + load, (check + load) * SECOND + lines * LINE, lines * per_line),
            row("10,000 files of 100 lines, in order, of one repository", in_order, SMALL * FILE + by_line, SMALL * per_file),
            row("the same, of ten repositories", in_order / 10, SMALL * FILE + by_line, SMALL * per_file),
        ],
        [
            f"Measured here: `tidewaiter check` {core / 1e6:,.0f} MB/s on one core and {both / 1e6:,.0f} on all, `tidewaiter run` {1 / per_line:,.0f} lines/s of a "
            f"large file and {1 / per_file:,.0f} files/s of 100 lines, {line:.0f} bytes a line.",
            f"Counted by `make requests`: {', '.join(f'{service} {n}' for service, n in REQUESTS.items())} of a small file.",
            f"Assumed: {', '.join(f'{service} {seconds * 1000:.0f} ms' for service, seconds in LATENCY.items())} a request, {START * 1000:.0f} ms to start a warm function, "
            f"{S3_BYTES / 1e6:.0f} MB/s from S3 and {DYNAMODB_LINES:,} lines/s into DynamoDB for a function, ${HOUR:.2f} an hour for the machine; prices as in operating.md.",
            f"A function ends after {LIMIT} s: the second row takes {-(-(check + load) // LIMIT):.0f} of them one after the other, each going on where the one before stopped. "
            "Whoever loads files of that size does it on one machine, or drops them in pieces.",
        ],
    )
