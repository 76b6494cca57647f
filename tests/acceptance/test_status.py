"""The ``testmonx`` command: what would run and why, without importing the project."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from .project import Project

FILES = {
    "m.py": "def f():\n    return 1\n\n\nclass C:\n    def g(self):\n        return 1\n",
    "data.txt": "one",
    "test_m.py": """
        import m

        def test_f(): assert m.f()

        def test_g(): assert m.C().g()

        def test_fg(): assert m.f() and m.C().g()

        def test_data(): assert open("data.txt").read()
        """,
    "test_other.py": "def test_other(): pass\n",
}


@pytest.fixture
def recorded(single: Project) -> Project:
    """A project with records of all its tests."""
    single.write_files(FILES)
    single.record()
    return single


def test_version(single: Project) -> None:
    assert single.testmonx("--version").out == f"testmonx {version('testmonx')}"


def test_usage(single: Project) -> None:
    assert "status" in single.testmonx("--help").out
    assert single.testmonx("nonsense").status == 2


def test_nothing_would_run(recorded: Project) -> None:
    done = recorded.testmonx("status")
    assert done.status == 0
    assert done.out == "0 of 5 known tests would run; environment: default"


def test_what_would_run_and_why(recorded: Project) -> None:
    recorded.replace("m.py", "def f():\n    return 1", "def f():\n    return 2")
    recorded.write("data.txt", "two")
    done = recorded.testmonx("status")
    assert done.out.splitlines() == [
        "test_m.py: 3 of 4",
        "    2 \N{MULTIPLICATION SIGN} `f` in m.py changed",
        "    1 \N{MULTIPLICATION SIGN} data.txt changed",
        "3 of 5 known tests would run; environment: default",
    ]
    verbose = recorded.testmonx("status", "-v").out.splitlines()
    assert "    test_m.py::test_f: `f` in m.py changed" in verbose
    assert "    test_m.py::test_data: data.txt changed" in verbose
    assert recorded.run().executed == {f"test_m.py::test_{name}" for name in ("f", "fg", "data")}


def test_failures_and_new_files(recorded: Project) -> None:
    recorded.replace(
        "m.py", "    def g(self):\n        return 1", "    def g(self):\n        return 0"
    )
    assert recorded.run().status == 1
    recorded.write("conftest.py", "")
    text = recorded.testmonx("status", "-v").out
    assert "    test_m.py::test_g: failed the last time" in text
    assert "    test_other.py::test_other: conftest.py is new" in text
    assert text.endswith("5 of 5 known tests would run; environment: default")


def test_the_project_is_not_imported(recorded: Project) -> None:
    recorded.write("m.py", "raise SystemExit('imported')\n")
    recorded.write("conftest.py", "raise SystemExit('imported')\n")
    done = recorded.testmonx("status")
    assert done.status == 0
    assert "imported" not in done.text


def test_status_changes_nothing(recorded: Project) -> None:
    recorded.replace("m.py", "def f():\n    return 1", "def f():\n    return 2")
    before = recorded.store.read_bytes()
    recorded.testmonx("status")
    assert recorded.store.read_bytes() == before


def test_from_a_directory_below(recorded: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    below = recorded.path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert "0 of 5" in recorded.testmonx("status").out
    assert "0 of 5" in recorded.testmonx("status", "--rootdir", str(recorded.path)).out


def test_without_records(single: Project) -> None:
    done = single.testmonx("status", "--rootdir", ".")
    assert done.status == 1
    assert done.err.startswith("testmonx: there is no store")
    assert "run `pytest --testmon` once" in done.err


def test_a_store_that_is_none(single: Project) -> None:
    single.write(".testmondata", "not a store")
    done = single.testmonx("status")
    assert done.status == 1
    assert "damaged or not a store" in done.err
    assert single.read(".testmondata") == "not a store"
