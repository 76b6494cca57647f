"""Runs pytest on an unpacked suite, and says what happened and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from realsuites.catalogue import Suite

_PLUGIN = Path(__file__).parent / "plugin"
_LONGEST = 900.0
_NOT_PASSED_ON = ("PYTEST_", "TESTMON", "COVERAGE_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Run:
    """One run of pytest. Times are in seconds; `cpu` is user and system time, children included.

    `marked` are the tests in which code called the log's `mark()`, if any did.
    """

    status: int
    output: str
    outcomes: dict[str, list[str]]
    elapsed: float
    cpu: float
    marked: frozenset[str] = frozenset()

    @property
    def executed(self) -> set[str]:
        """The node IDs that something is reported of."""
        return set(self.outcomes)


def run(
    python: Path,
    suite: Suite,
    tree: Path,
    *arguments: str,
    logged: bool = True,
    whole: bool = True,
    store: Path | None = None,
    longest: float = _LONGEST,
) -> Run:
    """Runs the suite's tests in `tree`.

    Without `logged`, nothing is loaded into pytest and `outcomes` is empty; without `whole`, the suite's own
    arguments are left out, so that `arguments` can name what to collect. `store` is where testmonx (or its peer)
    keeps its records, if not in the tree. A run of more than `longest` seconds is killed.
    """
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "outcomes.json"
        command = [str(python), "-m", "pytest", *arguments]
        if whole:
            command += suite.arguments
        path = [str(tree / suite.source)]
        if logged:
            command += ["-p", "outcome_log"]
            path.append(str(_PLUGIN))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)
        }
        environment = {**kept, "PYTHONPATH": os.pathsep.join(path), "OUTCOME_LOG": str(log)}
        if store is not None:
            environment["TESTMON_DATAFILE"] = str(store)
        status, output, elapsed, cpu = _measured(command, tree, environment, longest)
        outcomes = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}
        marks = log.with_suffix(".marks")
        marked = frozenset(marks.read_text(encoding="utf-8").splitlines() if marks.exists() else ())
    return Run(status, output, outcomes, elapsed, cpu, marked)


def call(program: Path, *arguments: str, directory: Path) -> str:
    """What a command prints; raises CalledProcessError if it fails."""
    command = [str(program), *arguments]
    finished = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return finished.stdout


def _measured(
    command: list[str], directory: Path, environment: dict[str, str], longest: float
) -> tuple[int, str, float, float]:
    """Exit status, output, elapsed and CPU seconds of a command, which is killed if it hangs."""
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        watchdog = threading.Timer(longest, process.kill)
        watchdog.start()
        try:
            _, waited, usage = os.wait4(process.pid, 0)
        finally:
            watchdog.cancel()
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(waited)
        file.seek(0)
        output = file.read().decode(errors="replace")
    return process.returncode, output, elapsed, usage.ru_utime + usage.ru_stime
