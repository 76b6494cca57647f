"""How long pytest takes from its start to the first test under xdist: bare, by default, with the handshake.

make bench-startup                                         everything; writes docs/benchmarks-startup.md
make bench-startup BENCH_ARGS="--workers 2 --runs 3"       a part of it; only prints
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from realsuites import catalogue

_PAGE = catalogue.ROOT / "docs" / "benchmarks-startup.md"
_HANDSHAKE = {"TESTMON_XDIST_CONTROLLER_PRECREATION": "true"}
_PER_FILE = 50

_CONFTEST = """
import os
import time

import pytest

# A copy: these are no dependencies.
ENVIRONMENT = dict(os.environ)

def pytest_runtest_setup(item):
    place = ENVIRONMENT["FIRST_TEST"]
    try:
        with open(place, "x") as first:
            first.write(str(time.monotonic()))
    except FileExistsError:
        pass
    if "STOP" in ENVIRONMENT:
        pytest.fail("measured")  # --maxfail ends the run here.

def pytest_unconfigure(config):
    if hasattr(config, "workerinput"):
        status = open("/proc/self/status").read()
        own = next(line for line in status.splitlines() if line.startswith("RssAnon"))
        with open(ENVIRONMENT["FIRST_TEST"] + ".memory", "a") as memory:
            print(own.split()[1], file=memory)
"""


@dataclass(frozen=True)
class _Way:
    """One way to run the suite."""

    name: str
    python: Path
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class _Taken:
    """What one run took: seconds to the first test, and what the largest and the smallest worker have to themselves."""

    seconds: float
    largest: int
    smallest: int


def main() -> None:
    """Measures what the arguments ask for."""
    arguments = _arguments()
    ways = _ways(arguments.peer)
    rows = []
    with tempfile.TemporaryDirectory(prefix="testmonx-startup-") as directory:
        tree = Path(directory)
        _write_suite(tree, arguments.files)
        for store in ("empty", "large"):
            for workers in arguments.workers:
                for row in _measure(tree, ways, store, workers, arguments.runs):
                    print(row, flush=True)
                    rows.append(row)
    if arguments.output is not None:
        arguments.output.write_text(_page(rows, arguments.files, arguments.runs), encoding="utf-8")


def _measure(tree: Path, ways: list[_Way], store: str, workers: int, runs: int) -> Iterator[str]:
    taken: dict[str, list[_Taken]] = {way.name: [] for way in ways}
    for run in range(runs):
        for way in ways if run % 2 == 0 else reversed(ways):
            with _prepared(tree, way, store):
                taken[way.name].append(_run(tree, way, workers))
    bare = median(one.seconds for one in taken["bare"])
    for name, found in taken.items():
        seconds = median(one.seconds for one in found)
        least = min(one.seconds for one in found)
        largest = _more(found, taken["bare"], lambda one: one.largest)
        smallest = _more(found, taken["bare"], lambda one: one.smallest)
        yield (
            f"| {store} | {workers} | {name} | {seconds:.2f} | {least:.2f} | {seconds / bare:.3f} "
            f"| {largest:+.1f} | {smallest:+.1f} |"
        )


def _more(found: list[_Taken], bare: list[_Taken], memory: Callable[[_Taken], int]) -> float:
    """By how many MB the median of a way is above that of bare runs."""
    return (median(map(memory, found)) - median(map(memory, bare))) / 1024


@contextmanager
def _prepared(tree: Path, way: _Way, store: str) -> Iterator[None]:
    """The store as it is to be; with a large one, a file was edited, so that one test file runs."""
    for path in tree.glob(".testmondata*"):
        path.unlink()
    edited = tree / "test_000.py"
    before = edited.read_text()
    if store == "large" and way.arguments:
        kept = tree / f"store-of-{way.python.parent.parent.name}"
        if not kept.exists():
            _record(tree, way)
            shutil.copyfile(tree / ".testmondata", kept)
        shutil.copyfile(kept, tree / ".testmondata")
        edited.write_text(before.replace("assert n >= 0", "assert n >= 0 or n"))
    try:
        yield
    finally:
        edited.write_text(before)


def _record(tree: Path, way: _Way) -> None:
    command: tuple[str | Path, ...] = (
        way.python,
        "-m",
        "pytest",
        *_COMMON,
        *way.arguments,
        "-n",
        "2",
        "--maxfail=1",
    )
    environment = {**os.environ, "FIRST_TEST": str(tree / "unused")}
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout.decode())


_COMMON = ("-q", "-p", "no:asyncio", "-p", "no:cov")


def _run(tree: Path, way: _Way, workers: int) -> _Taken:
    first, memory = tree / "first", tree / "first.memory"
    for path in (first, memory):
        path.unlink(missing_ok=True)
    command: tuple[str | Path, ...] = (
        way.python,
        "-m",
        "pytest",
        *_COMMON,
        *way.arguments,
        "-n",
        str(workers),
        "--maxfail=1",
    )
    environment = {**os.environ, **way.environment, "FIRST_TEST": str(first), "STOP": "1"}
    started = time.monotonic()
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, check=False)
    if not first.exists():
        raise RuntimeError(f"{way.name}: no test ran\n{done.stdout.decode()}")
    kibibytes = [int(line) for line in memory.read_text().split()]
    return _Taken(float(first.read_text()) - started, max(kibibytes), min(kibibytes))


def _ways(peer: Path | None) -> list[_Way]:
    here = Path(sys.executable)
    ways = [
        _Way("bare", here, (), {}),
        _Way("default", here, ("--testmon",), {}),
        _Way("handshake", here, ("--testmon",), _HANDSHAKE),
    ]
    if peer is not None:
        ways.append(_Way("pytest-testmon", peer.absolute(), ("--testmon",), {}))
    return ways


def _write_suite(tree: Path, files: int) -> None:
    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "conftest.py").write_text(_CONFTEST)
    test = (
        "import pytest\n\n@pytest.mark.parametrize('n', range({}))\ndef test_m(n): assert n >= 0\n"
    )
    for file in range(files):
        (tree / f"test_{file:03}.py").write_text(test.format(_PER_FILE))


def _page(rows: list[str], files: int, runs: int) -> str:
    command = f'make bench-startup BENCH_ARGS="{" ".join(sys.argv[3:])}"'
    head = f"""\
# Start-up under pytest-xdist

Written by `{command}`; Python {sys.version.split()[0]}, {os.cpu_count()} cores.
{files * _PER_FILE:,} tests in {files} files. *To the first test* is the median of {runs} runs, in seconds of elapsed
time from pytest's start to the first test's set-up in any worker, and *least* the least; *ratio* is that of the medians
to bare xdist, which collects and runs everything. *Large*: all tests have records and one file was edited, so
that {files - 1} files are not imported. *Largest* and *smallest* are what these workers have to themselves
(`RssAnon`, at the end), in MB, less that of a bare one. Each worker says what was collected in a share
of the files, for which it parses them, beside those of which it runs tests. The native module's 4 MB of code are
shared by all.

| store | workers | way | to the first test | least | ratio | largest | smallest |
|---|--:|---|--:|--:|--:|--:|--:|
"""
    return head + "\n".join(rows) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8, 32])
    parser.add_argument("--files", type=int, default=400, help="of 50 tests each (default: 400)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind (default: 5)")
    parser.add_argument("--peer", type=Path, help="a Python with pytest-testmon and pytest-xdist")
    parser.add_argument("--output", type=Path, nargs="?", const=_PAGE, help="write the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
