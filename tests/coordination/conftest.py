"""A project whose two processes' meeting can be disturbed at each step, from its conftest file."""

from __future__ import annotations

import subprocess

import pytest
from acceptance.project import Project, nodes

HANDSHAKE = {"TESTMON_XDIST_CONTROLLER_PRECREATION": "true"}

STEPS = """
    import os
    import signal

    import pytest

    # A copy: what disturbs a run is to be no dependency of its tests.
    ENVIRONMENT = dict(os.environ)
    STEP, ACTION = ENVIRONMENT.get("STEP", ""), ENVIRONMENT.get("ACTION", "")

    def reach(step, worker=None):
        with open(ENVIRONMENT["TRAIL"], "a") as trail:
            found = sorted(os.listdir(".testmon_xdist")) if os.path.isdir(".testmon_xdist") else []
            print(worker or "controller", step, *found, file=trail)
        if step == STEP and worker in (None, "gw0"):
            if ACTION.startswith("SIG"):
                os.kill(os.getpid(), getattr(signal, ACTION))
            else:
                exec(ACTION, globals())

    def worker(config):
        return getattr(config, "workerinput", {}).get("workerid")

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_xdist_setupnodes():
        reach("publish")

    @pytest.hookimpl(trylast=True, optionalhook=True)
    def pytest_configure_node(node):
        reach("start-" + node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready():
        reach("ready")

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(config):
        if worker(config):
            reach("acknowledge", worker(config))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(item):
        if worker(item.config):
            reach("run", worker(item.config))

    def pytest_runtest_logreport(report):
        if hasattr(report, "node"):
            reach("report")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(session):
        reach("send" if worker(session.config) else "finish", worker(session.config))
    """

COUNT = 6
EARLIER = nodes("test_earlier.py", "test_one", "test_two")
LATER = nodes("test_later.py", *(f"test_later[{n}]" for n in range(COUNT)))


class Meeting(Project):
    """That project."""

    def disturbed(self, step: str, action: str, **env: str) -> dict[str, str]:
        """The environment of a run in which ``action`` (a signal or statements) happens at ``step``."""
        return {**HANDSHAKE, "STEP": step, "ACTION": action, **env}

    def start_with(self, env: dict[str, str]) -> subprocess.Popen[bytes]:
        """Starts a run and does not wait for it."""
        for name, value in env.items():
            self._monkeypatch.setenv(name, value)
        try:
            return self.start()
        finally:
            for name in env:
                self._monkeypatch.delenv(name)

    @property
    def trail(self) -> list[str]:
        """What was reached, by whom, and which coordination files were there; forgotten then."""
        path = self.path.parent / f"{self.path.name}.trail"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def assert_clean(self) -> None:
        """That no coordination file is left."""
        assert not (self.path / ".testmon_xdist").exists()

    def assert_nothing_is_lost(self) -> None:
        """That a run cleans up, does what is missing and no more, and that the store is whole."""
        ran = self.run(env=HANDSHAKE)
        assert (ran.status, ran.warnings) == (0, [])
        assert not ran.executed & EARLIER
        assert ran.executed <= LATER
        self.assert_clean()
        again = self.run()
        assert (again.status, again.executed, again.deselected) == (0, set(), COUNT + 2)
        self.assert_clean()


@pytest.fixture
def meeting(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """A project with two test files, of which the first has records."""
    project = Meeting(pytester, monkeypatch, ("-n", "2"))
    monkeypatch.setenv("TRAIL", str(project.path.parent / f"{project.path.name}.trail"))
    project.write("conftest.py", STEPS)
    project.write("test_earlier.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    project.record()
    _ = project.trail
    project.write(
        "test_later.py",
        f"""
        import pytest

        @pytest.mark.parametrize("n", range({COUNT}))
        def test_later(n): pass
        """,
    )
    return project
