"""The way between xdist's controller and its workers: one state out, observations back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from testmonx._native import Session

_KEY = "testmonx"
"""Names the state in ``workerinput``, and observations in ``workeroutput`` and serialised reports."""

_SAID = "testmonx_said"
"""Names in ``workeroutput`` what a worker has to say: its warnings, its trouble, its debug lines."""


class ControllerHooks:
    """Hands the coordination state out and takes observations in."""

    def __init__(self, session: Session, config: pytest.Config) -> None:
        self._session = session
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: Sequence[Any]) -> None:
        """Runs when xdist has settled which workers there are, before it starts the first."""
        self._session.publish([(str(spec.id), _is_plain(spec)) for spec in specs])
        self._show(self._session.debug_lines())

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Runs before a worker starts, also for one that replaces a crashed worker."""
        node.workerinput[_KEY] = self._session.worker_input(node.gateway.id)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_from_serializable(
        self, data: dict[str, Any]
    ) -> Generator[None, object, object]:
        """Takes the observations that travel with a report."""
        self._session.take_observations(data.pop(_KEY, None))
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self) -> None:
        """A worker has started."""
        self._show(self._session.debug_lines())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Takes a worker's last observations and what it has to say; a dead one leaves nothing."""
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        self._session.take_observations(output.get(_KEY))
        warnings, trouble, lines = output.get(_SAID, ([], None, []))
        self._session.take_warnings(warnings, trouble)
        self._session.worker_ended(node.gateway.id, bool(error))
        self._show([*lines, *self._session.debug_lines()])

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """Shows what is left to show of the end."""
        self._show(self._session.debug_lines())

    def _show(self, lines: Sequence[str]) -> None:
        if not lines or not self._config.pluginmanager.has_plugin("terminalreporter"):
            return
        terminal = self._config.get_terminal_writer()
        if terminal.width_of_current_line:
            terminal.line()  # The dots of tests that ended.
        for line in lines:
            terminal.line(f"testmonx: xdist: {line}")


def _is_plain(spec: Any) -> bool:
    """Whether the worker runs on this host, with this interpreter, in this directory."""
    return bool(spec.popen) and not (spec.python or spec.chdir)


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
        said = (self._session.warnings(), self._session.trouble(), self._session.debug_lines())
        output[_SAID] = said
