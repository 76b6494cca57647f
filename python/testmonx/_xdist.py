"""The way between xdist's controller and its workers: one state out, observations back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from testmonx._native import Session

_KEY = "testmonx"
"""Names the state in ``workerinput``, and observations in ``workeroutput`` and serialised reports."""

_WARNINGS = "testmonx_warnings"
"""Names a worker's warnings in ``workeroutput``."""


class ControllerHooks:
    """Hands the coordination state out and takes observations in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Runs before a worker starts, also for one that replaces a crashed worker."""
        node.workerinput[_KEY] = self._session.coordination_state()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_from_serializable(
        self, data: dict[str, Any]
    ) -> Generator[None, object, object]:
        """Takes the observations that travel with a report."""
        self._session.take_observations(data.pop(_KEY, None))
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes a worker's last observations and its warnings; a dead one leaves none."""
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        self._session.take_observations(output.get(_KEY))
        self._session.take_warnings(output.get(_WARNINGS, []))


class WorkerHooks:
    """Sends what this worker observed back to the controller."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_report_to_serializable(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
        """Puts a batch of observations, if one is due, beside a report's data."""
        data = yield
        if data is not None:
            batch = self._session.due_observations()
            if batch is not None:
                data[_KEY] = batch
        return data

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leaves the last batch where xdist sends it from, once the other hooks are through."""
        output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined]
        output[_KEY] = self._session.last_observations()
        output[_WARNINGS] = self._session.warnings()
