"""The page of figures, and its pictures."""

import datetime
import html
import math
import os
import pathlib
import platform
import subprocess


def first_line(*command):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    return (done.stdout or done.stderr).strip().split("\n")[0]


def machine():
    """What the machine is."""
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    load = os.getloadavg()
    return [
        f"{cpu}, {os.cpu_count()} processors, {memory / 1e6:.0f} GB of memory, {platform.system()} {platform.release()}.",
        f"Load when it began: {load[0]:.1f}. Where others work on the machine, ratios of CPU time hold, and wall clock does not.",
    ]


def versions(bench):
    listed = subprocess.run(
        [str(bench.python), "-m", "pip", "list", "--format", "freeze"], capture_output=True, text=True, check=False
    ).stdout.split()
    wanted = [line.replace("==", " ") for line in listed if line.split("==")[0] in ("duckdb-cli", "polars", "frictionless", "dlt")]
    qsv = [first_line(qsv, "--version").split("-")[0]] if (qsv := bench.qsv_program()) else []
    return ", ".join([first_line("rustc", "--version"), *wanted, *qsv, first_line("wc", "--version")])


def write(bench, tables, folder, command):
    """Writes `benchmarks.md` and the pictures into a folder."""
    folder = pathlib.Path(folder)
    (folder / "benchmarks.md").write_text("\n".join(head(bench, command) + [section(table, folder) for table in tables.values()]) + "\n")


def renew(tables, folder):
    """Puts figures that were measured again in the place of those that the page has, and new ones behind them."""
    page = pathlib.Path(folder) / "benchmarks.md"
    text = page.read_text()
    for table in tables.values():
        begin = text.find(f"\n## {table.title}\n")
        begin = begin if begin >= 0 else len(text)
        end = text.find("\n## ", begin + 1)
        text = text[:begin] + section(table, folder, datetime.date.today().isoformat()) + "\n" + (text[end:] if end >= 0 else "")
    page.write_text(text)


def head(bench, command):
    """What is said before the figures."""
    return [
        "# What was measured",
        "",
        f"By `{command}` on {datetime.date.today().isoformat()}. It makes its data from a seed, runs each figure with its peers by turns, and throws the first round away.",
        "Figures are medians; ratios are of runs of the same round, with the least and the most of them in parentheses.",
        "",
        *[f"- {line}" for line in machine()],
        f"- {versions(bench)}.",
    ]


def section(table, folder, again=None):
    """A figure, with its picture; and when it was measured `again`, if that was by itself."""
    lines = ["", f"## {table.title}", "", "| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in table.rows]
    lines += ["", *table.notes, *([f"Measured by itself on {again}."] if again else [])]
    for name, picture in table.pictures.items():
        (pathlib.Path(folder) / "pictures" / f"bench-{name}.svg").write_text(drawn(*picture))
        lines += ["", f"![{picture[0]}](pictures/bench-{name}.svg)"]
    return "\n".join(lines)


def marks(most):
    """Round numbers from 0 on, four to seven of them."""
    size = 10 ** math.floor(math.log10(most))
    step = next(size * part for part in (0.2, 0.5, 1, 2) if size * part * 6 >= most)
    return [step * n for n in range(math.floor(most / step) + 1)]


def drawn(title, across, up, series):
    """A picture of lines, as SVG: points by series."""
    width, height, edge = 640, 320, 56
    points = [point for line in series.values() for point in line]
    right, top = max(x for x, _ in points) or 1, (max(y for _, y in points) or 1) * 1.15
    across_at, up_at = marks(right), marks(top)
    place = lambda x, y: (edge + x / right * (width - 2 * edge), height - edge - y / top * (height - 2 * edge))
    colors = ["#0b6e99", "#c4501b", "#4f7d2f", "#7a4b94"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{edge}" y="24" font-size="15">{html.escape(title)}</text>',
        f'<text x="{width - edge}" y="{height - 12}" text-anchor="end">{html.escape(across)}</text>',
        f'<text x="{edge}" y="{edge - 12}">{html.escape(up)}</text>',
        f'<path d="M{edge} {edge - 6} V{height - edge} H{width - edge}" fill="none" stroke="#444"/>',
    ]
    parts += [f'<text x="{place(x, 0)[0]:.0f}" y="{height - edge + 18}" text-anchor="middle">{x:,.6g}</text>' for x in across_at]
    parts += [f'<text x="{edge - 6}" y="{place(0, y)[1] + 4:.0f}" text-anchor="end">{y:,.6g}</text>' for y in up_at]
    for (name, line), color in zip(series.items(), colors):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in (place(*point) for point in line)]
        if len(series) > 1:
            x, y = place(*line[-1])
            parts.append(f'<text x="{x:.0f}" y="{y - 8:.0f}" text-anchor="end" fill="{color}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
