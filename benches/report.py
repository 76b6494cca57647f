"""Puts measurements into words: the page docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from math import prod
from pathlib import Path
from statistics import median

from measure import PEER, Measurement

_HEAD = """\
# What testmonx costs

Written by `{command}`; {machine}. The suites are published projects' own, pinned in `tests/real/suites.toml`.
All times are CPU time (user and system, children included) in seconds, medians of {pairs} runs; a ratio is the
median over {pairs} pairs of runs made one after the other.

## Recording

The first run with `--testmon`: every test runs, and what it uses is recorded.
"""

_UNCHANGED = """\

## An unchanged run

`--testmon` when nothing has changed, beside pytest's own start (`pytest --collect-only` of an empty directory of
the same project) and the bare suite.
"""


def page(measurements: list[Measurement], pairs: int, command: str) -> str:
    """The whole page, in Markdown."""
    head = _HEAD.format(command=command, machine=_machine(), pairs=pairs)
    return "\n".join((head, _recording(measurements), _UNCHANGED, _unchanged(measurements), ""))


def line(measurement: Measurement) -> str:
    """One measurement as a line of text, while the others are being made."""
    return (
        f"{measurement.suite.name:14} {measurement.version}  bare {median(measurement.bare):6.2f} s"
        f"  recording {measurement.ratio:5.3f}"
        f"  unchanged {median(measurement.unchanged):5.2f} s"
        f"  start {median(measurement.start):5.2f} s"
        + (f"  {PEER} {measurement.peer_ratio:5.2f}" if measurement.peer_ratio else "")
    )


def _recording(measurements: list[Measurement]) -> str:
    with_peer = any(measurement.peer for measurement in measurements)
    names = ["suite", "Python", "tests", "bare", "testmonx", "ratio"]
    rows = []
    for one in measurements:
        row = [one.suite.name, one.version, str(one.tests)]
        row += [f"{median(one.bare):.2f}", f"{median(one.recording):.2f}", f"{one.ratio:.3f}"]
        if with_peer:
            row.append(f"{one.peer_ratio:.2f}" if one.peer_ratio else "")
        rows.append(row)
    for version in sorted({one.version for one in measurements}):
        ratios = [one.ratio for one in measurements if one.version == version]
        mean = prod(ratios) ** (1 / len(ratios))
        row = ["*geometric mean*", version, "", "", "", f"**{mean:.3f}**"]
        rows.append(row + [""] * with_peer)
    return _table(names + [f"{PEER}, ratio"] * with_peer, rows, texts=2)


def _unchanged(measurements: list[Measurement]) -> str:
    rows = [
        [one.suite.name, one.version]
        + [f"{median(times):.2f}" for times in (one.start, one.unchanged, one.bare)]
        for one in measurements
    ]
    return _table(["suite", "Python", "pytest's start", "testmonx", "bare"], rows, texts=2)


def _table(names: list[str], rows: list[list[str]], texts: int) -> str:
    """A Markdown table whose first `texts` columns are text and the others numbers."""
    rules = ["---"] * texts + ["--:"] * (len(names) - texts)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (names, rules, *rows))


def _machine() -> str:
    """The processor's name as Linux gives it, and how many there are."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores of {model}, {platform.system()}"
