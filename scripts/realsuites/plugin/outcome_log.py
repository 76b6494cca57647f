"""A pytest plugin that writes down what happened to every node, as JSON: {node ID: ["setup passed", …]}.

It is loaded with ``-p outcome_log`` and writes to the file that ``OUTCOME_LOG`` names. Under pytest-xdist the
controller writes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


class OutcomeLog:
    """Collects the reports of a session."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, list[str]] = {}

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

    def pytest_sessionfinish(self) -> None:
        """Writes the file."""
        self._path.write_text(json.dumps(self._outcomes), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the log, but not in a worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(OutcomeLog(Path(os.environ["OUTCOME_LOG"])))
