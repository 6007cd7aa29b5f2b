"""Runs commands as processes, by turns, and keeps what the operating system says of each."""

import dataclasses
import os
import re
import statistics
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Sample:
    """One run: seconds of wall clock, seconds of all processors, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float
    output: str


@dataclasses.dataclass
class Engine:
    """Something that is measured: a command, and the processors it may use (None: all)."""

    name: str
    command: list
    cpus: tuple | None = (0,)
    # The exit codes of one that did what it should.
    allowed: tuple = (0,)
    stdin: str | None = None
    prepare: object = None
    # What in its output is the number of bad lines, as a regular expression with one group.
    bad: str | None = None

    def bad_lines(self, output):
        """How many lines it found bad, by its output."""
        said = re.search(self.bad, output)
        if not said:
            raise RuntimeError(f"{self.name} does not say how many lines are bad:\n{output[-500:]}")
        return int(said[1].replace(",", ""))


def once(engine):
    """Runs an engine once. Its exit code must be one that is allowed."""
    if engine.prepare:
        engine.prepare()
    pin = (lambda: os.sched_setaffinity(0, engine.cpus)) if engine.cpus else None
    environment = {**os.environ, "POLARS_MAX_THREADS": str(len(engine.cpus or os.sched_getaffinity(0)))}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        feed = open(engine.stdin, "rb") if engine.stdin else subprocess.DEVNULL
        began = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in engine.command],
            stdin=feed, stdout=out, stderr=errors, preexec_fn=pin, env=environment,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        # The process is waited for already; Popen must not ask again.
        process.returncode = os.waitstatus_to_exitcode(status)
        if engine.stdin:
            feed.close()
        out.seek(0)
        errors.seek(0)
        output = out.read().decode(errors="replace")
        if process.returncode not in engine.allowed:
            raise RuntimeError(f"{engine.name}: exit code {process.returncode}\n{errors.read().decode(errors='replace')}")
    return Sample(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def by_turns(engines, rounds, warm=True):
    """Runs each engine in each round; gives the samples of each by name. The first round is thrown away."""
    samples = {engine.name: [] for engine in engines}
    for number in range(rounds + warm):
        for engine in engines:
            sample = once(engine)
            if number >= warm:
                samples[engine.name].append(sample)
    return samples


def middle(samples, what="cpu"):
    """The median of one figure of some samples."""
    return statistics.median(getattr(sample, what) for sample in samples)


@dataclasses.dataclass
class Ratio:
    """How much longer one takes than another, round by round."""

    middle: float
    least: float
    most: float

    def __str__(self):
        return f"{self.middle:.2f} ({self.least:.2f}–{self.most:.2f})"


def ratio(of, to, what="cpu"):
    """`of` over `to`, each pair from the same round, so that a machine that drifts does not matter."""
    pairs = [getattr(a, what) / max(getattr(b, what), 1e-4) for a, b in zip(of, to)]
    return Ratio(statistics.median(pairs), min(pairs), max(pairs))
