"""pytest-testmon under xdist: ``sqlite3.OperationalError: attempt to write a readonly database``.

Its workers opened the database read-only, and tried to create their environment in it when that was
not there: after an upgrade of a package, with another option, or in a store that nobody may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from acceptance.project import Project, nodes
from acceptance.test_bad_store import POWERLESS, mode

from .conftest import HANDSHAKE

BOTH = nodes("test_m.py", "test_one", "test_two")


@pytest.fixture(params=[{}, HANDSHAKE], ids=["default", "handshake"])
def env(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Both ways of coordination."""
    found: Mapping[str, str] = request.param
    return found


@pytest.fixture
def recorded(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    """A project with records of one environment, and a directory for packages."""
    project = Project(pytester, monkeypatch, ("-n", "2"))
    project.write("test_m.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "upgraded-1.0.dist-info").mkdir()
    project.record()
    return project


def assert_no_worker_wrote(text: str) -> None:
    """That what pytest-testmon said is not said."""
    assert "OperationalError" not in text
    assert "readonly database" not in text
    assert "Traceback" not in text


def test_a_new_environment_and_changed_packages(
    recorded: Project, env: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "upgraded-1.0.dist-info").rename(tmp_path / "upgraded-2.0.dist-info")
    ran = recorded.run("--testmon-env", "another", env=env)
    assert (ran.status, ran.executed, ran.warnings) == (0, BOTH, [])
    assert_no_worker_wrote(ran.text)
    assert recorded.run("--testmon-env", "another", env=env).executed == set()


def test_a_store_that_nobody_may_write(recorded: Project, env: Mapping[str, str]) -> None:
    recorded.preparation = POWERLESS
    with mode(recorded.store, 0o444), mode(recorded.path, 0o555):
        ran = recorded.run("--testmon-env", "another", env=env)
    assert (ran.status, ran.executed) == (0, BOTH)
    [warning] = ran.warnings
    assert warning.startswith("all tests run, unrecorded: ")
    assert_no_worker_wrote(ran.text)


def test_a_store_that_nobody_may_write_while_workers_start(
    recorded: Project, env: Mapping[str, str]
) -> None:
    recorded.write(
        "conftest.py",
        """
        import os

        import pytest

        @pytest.hookimpl(optionalhook=True, trylast=True)
        def pytest_configure_node():
            os.chmod(".testmondata", 0o444)
        """,
    )
    recorded.preparation = POWERLESS
    ran = recorded.run("--testmon-env", "another", env=env)
    assert (ran.status, ran.executed) == (0, BOTH)
    assert_no_worker_wrote(ran.text)
