"""Loaded into the inner pytest: writes down what every test came to, down to the values that it saw.

A test hands values to ``seen``; their texts belong to its outcome. So a change that reaches a test changes its outcome,
although the test still passes, and the next edit meets a test with a passing trace. Under pytest-xdist the
controller writes; values travel with the reports.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

_values: list[str] = []


def seen(*values: object) -> None:
    """Adds values to the outcome of the test that runs."""
    _values.extend(map(repr, values))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test begins without values."""
    _values.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Lets the values travel with the report."""
    report = yield
    report.user_properties = [*item.user_properties, ("seen", list(_values))]
    _values.clear()
    return report


class _Log:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, list[str]] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            # Under xdist each worker says so.
            self._outcomes[report.nodeid] = ["collect failed"]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        xfail = "x" if hasattr(report, "wasxfail") else ""
        outcome = f"{report.when} {xfail}{report.outcome}"
        values = [value for _, found in report.user_properties for value in found]
        self._outcomes.setdefault(report.nodeid, []).append(" ".join([outcome, *values]))

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._outcomes), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Writes a log, but not in a worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Log(Path(os.environ["SOUNDNESS_LOG"])))
