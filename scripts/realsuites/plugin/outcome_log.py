"""A pytest plugin that writes down what happened to every node, as JSON: {node ID: ["setup passed", …]}.

It is loaded with ``-p outcome_log`` and writes to the file that ``OUTCOME_LOG`` names. Under pytest-xdist the
controller writes.

Code under test can call ``mark()``, which notes the running test in a second file. Marks are for one process: a
worker's are lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest


class OutcomeLog:
    """Collects the reports of a session."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, list[str]] = {}
        self._marked: set[str] = set()
        self._running = ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes a file that cannot be collected; the others are no outcomes."""
        if report.failed:
            self._outcomes.setdefault(report.nodeid, []).append("collect failed")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes one phase of a test."""
        xfail = "x" if hasattr(report, "wasxfail") else ""
        self._outcomes.setdefault(report.nodeid, []).append(
            f"{report.when} {xfail}{report.outcome}"
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item
    ) -> Generator[None, object | None, object | None]:
        """Knows which test runs."""
        self._running = item.nodeid
        result = yield
        self._running = ""
        return result

    def mark(self) -> None:
        """Notes the running test."""
        self._marked.add(self._running)

    def pytest_sessionfinish(self) -> None:
        """Writes the files."""
        self._path.write_text(json.dumps(self._outcomes), encoding="utf-8")
        if self._marked:
            marks = "\n".join(sorted(self._marked - {""}))
            self._path.with_suffix(".marks").write_text(marks, encoding="utf-8")


def mark() -> None:
    """To be called by code under test: the test that runs now came here."""
    if _log is not None:
        _log.mark()


_log: OutcomeLog | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Registers the log, but not in a worker."""
    global _log
    if not hasattr(config, "workerinput"):
        _log = OutcomeLog(Path(os.environ["OUTCOME_LOG"]))
        config.pluginmanager.register(_log)
