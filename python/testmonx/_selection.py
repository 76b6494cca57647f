"""The hooks that start a session: as a single process, as xdist's controller or as its worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from testmonx import _invocation
from testmonx._native import Recording, Session, UsageError
from testmonx.plugin import unrewritten

if TYPE_CHECKING:
    from collections.abc import Generator


class Preparation:
    """Observes from the first conftest file on, and starts the session once pytest is configured."""

    def __init__(self, early_config: pytest.Config) -> None:
        self._started = _invocation.start(early_config)
        self._recording = Recording(
            root=str(early_config.rootpath),
            installation=_invocation.installation(early_config),
            own_dirs=_invocation.own_dirs(early_config),
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Starts the session and registers the hooks of this process's part in it."""
        try:
            session = Session(
                self._recording,
                place=_invocation.place(config),
                switches=_invocation.switches(config),
                environment=_invocation.environment(config, self._started),
                installation=_invocation.installation(config),
            )
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        if not session.is_active:
            return
        register = config.pluginmanager.register
        register(Reporting(session), "testmonx-reporting")
        if session.role == "controller":
            with unrewritten():
                from testmonx._xdist import ControllerHooks

            register(ControllerHooks(session, config), "testmonx-controller")
            return
        register(Selecting(session), "testmonx-selecting")
        if session.is_recording:
            with unrewritten():
                from testmonx._recording import RecordingHooks

            register(RecordingHooks(session), "testmonx-recording")
        if session.role == "worker":
            with unrewritten():
                from testmonx._xdist import WorkerHooks

            register(WorkerHooks(session), "testmonx-worker")


class FreshFile(pytest.File):
    """Stands for a test file that is not imported, because all its tests are fresh."""

    def collect(self) -> list[pytest.Item]:
        """Nothing: that is the point of it."""
        return []


class LeftOut:
    """A test that was left out without being collected, as far as a report counts it."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


class Selecting:
    """Skips files and deselects tests as the session's plan says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collect_file(
        self, file_path: Any, parent: pytest.Collector
    ) -> Generator[None, Any, Any]:
        """Puts a stand-in in the place of a file that need not be imported."""
        collectors = yield
        if collectors and self._session.skips_file(str(file_path)):
            return [FreshFile.from_parent(parent, path=file_path)]
        return collectors

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leaves fresh tests out, and orders the others."""
        if hasattr(config, "workerinput"):
            for item in items:
                # As it is in the store: xdist is about to append the group's name.
                if item.get_closest_marker("xdist_group"):
                    item.stash[NODE_ID] = item.nodeid
        arranged = self._session.arrange(node_id(item) for item in items)
        if arranged is None:
            return
        run, deselected = arranged
        if deselected:
            config.hook.pytest_deselected(items=[items[index] for index in deselected])
        items[:] = [items[index] for index in run]


NODE_ID = pytest.StashKey[str]()


def node_id(item: pytest.Item) -> str:
    """The node ID that the store knows ``item`` by."""
    return item.stash.get(NODE_ID, item.nodeid)


class Reporting:
    """Says what happened: in the header, in the counts, at the end, and in the exit status."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pytest_report_header(self) -> str:
        """What changed and how many tests that affects."""
        return self._session.header()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tells the session how each phase of a test went."""
        self._session.report(
            report.nodeid,
            report.when or "",
            report.outcome,
            hasattr(report, "wasxfail"),
            report.duration,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Ends the session before the summary is written; "nothing affected" is a success."""
        if self._session.finish(int(exitstatus)):
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was left out and saved, and what went wrong with testmonx itself."""
        left_out = [LeftOut(nodeid) for nodeid in self._session.uncollected()]
        if left_out:
            terminalreporter.stats.setdefault("deselected", []).extend(left_out)
        for warning in self._session.warnings():
            terminalreporter.write_line(f"testmonx: warning: {warning}", yellow=True)
        summary = self._session.summary()
        if summary and terminalreporter.verbosity >= 0:
            terminalreporter.write_line(summary)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Lets go of the interpreter's hooks and of the store, however the run ended."""
        self._session.close()
