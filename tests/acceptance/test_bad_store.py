"""A store that cannot be used: one clear warning, all tests run, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .project import Project, nodes

BOTH = nodes("test_m.py", "test_one", "test_two")

POWERLESS = """
import ctypes, os
if os.getuid() == 0:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: permissions count for root too.
        ctypes.CDLL(None).prctl(24, capability)  # PR_CAPBSET_DROP
"""


@pytest.fixture
def recorded(project: Project) -> Project:
    """A project with records of both its tests."""
    project.write("test_m.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    project.record()
    return project


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Gives ``path`` other permissions for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


def set_aside(project: Project) -> Path:
    """Where a store that cannot be used goes first."""
    return project.store.with_name(".testmondata.set-aside-1")


def assert_replaced(project: Project, content: bytes, why: str) -> None:
    """That a run makes a new store, keeps the old content, and says so once."""
    ran = project.run()
    assert (ran.status, ran.executed) == (0, BOTH)
    [warning] = ran.warnings
    assert ".testmondata.set-aside-1" in warning
    assert why in warning
    assert "Traceback" not in ran.text
    assert set_aside(project).read_bytes() == content
    again = project.run()
    assert (again.executed, again.warnings) == (set(), [])


@pytest.mark.parametrize("content", [b"garbage", b"garbage" * 10_000, b"SQLite format 3\0" * 99])
def test_no_store_at_all(recorded: Project, content: bytes) -> None:
    recorded.store.write_bytes(content)
    assert_replaced(recorded, content, "damaged or not a store")


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_store_that_is_cut_short(recorded: Project, part: float) -> None:
    content = recorded.store.read_bytes()
    content = content[: int(len(content) * part) - 7]
    recorded.store.write_bytes(content)
    assert_replaced(recorded, content, "damaged or not a store")


def test_a_store_with_a_hole(single: Project) -> None:
    for number in range(20):
        single.write(f"test_{number}.py", "def test_one(): pass\n")
    everything = single.record().executed
    whole = single.store.read_bytes()
    page = 4096
    for start in range(page, len(whole), page):
        single.store.write_bytes(whole[:start] + bytes(page) + whole[start + page :])
        if start // page % 4 == 1:  # A run for each would take long.
            ran = single.run()
            assert ran.status == 0
            assert ran.executed in (everything, set())
            assert "Traceback" not in ran.text
            for aside in single.path.glob(".testmondata*"):
                aside.unlink()


def test_an_empty_file_is_a_new_store(recorded: Project) -> None:
    recorded.store.write_bytes(b"")
    ran = recorded.run()
    assert (ran.executed, ran.warnings) == (BOTH, [])
    assert recorded.run().executed == set()


def test_the_database_of_pytest_testmon(recorded: Project) -> None:
    recorded.store.unlink()
    with closing(sqlite3.connect(recorded.store)) as database:
        database.execute("CREATE TABLE metadata (dataid TEXT PRIMARY KEY, data TEXT)")
        database.execute("CREATE TABLE test_execution (id INTEGER PRIMARY KEY, test_name TEXT)")
        database.execute("PRAGMA user_version = 14")
    assert_replaced(recorded, recorded.store.read_bytes(), "a database of pytest-testmon")


def test_the_database_of_some_program(recorded: Project) -> None:
    recorded.store.unlink()
    with closing(sqlite3.connect(recorded.store)) as database:
        database.execute("CREATE TABLE accounts (balance)")
    assert_replaced(recorded, recorded.store.read_bytes(), "not a store of testmonx")


def test_a_store_of_a_newer_version(recorded: Project) -> None:
    with closing(sqlite3.connect(recorded.store)) as database:
        database.execute("PRAGMA user_version = 99")
    assert_replaced(recorded, recorded.store.read_bytes(), "store schema 99 is newer than")


def test_what_was_set_aside_is_never_overwritten(recorded: Project) -> None:
    for number in (1, 2):
        recorded.write(".testmondata", f"garbage {number}")
        assert recorded.run().executed == BOTH
    for number in (1, 2):
        assert recorded.read(f".testmondata.set-aside-{number}") == f"garbage {number}"


def assert_unrecorded(project: Project, why: str) -> None:
    """That all tests run, and that one warning says why they are not recorded."""
    for _ in range(2):
        ran = project.run()
        assert (ran.status, ran.executed) == (0, BOTH)
        [warning] = ran.warnings
        assert warning.startswith("all tests run, unrecorded: ")
        assert why in warning
        assert ran.summary.endswith("nothing recorded")
        assert "Traceback" not in ran.text


def test_a_directory_in_its_place(recorded: Project) -> None:
    recorded.store.unlink()
    recorded.store.mkdir()
    assert_unrecorded(recorded, "is a directory, not a store")


def test_a_directory_that_does_not_exist(
    recorded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTMON_DATAFILE", "nowhere/records.db")
    assert_unrecorded(recorded, "there is no directory for the store")
    monkeypatch.setenv("TESTMON_DATAFILE", "test_m.py/records.db")
    assert_unrecorded(recorded, "the store")


def test_a_project_without_write_permission(recorded: Project) -> None:
    recorded.preparation = POWERLESS
    recorded.store.unlink()
    with mode(recorded.path, 0o555):
        ran = recorded.run("-p", "no:cacheprovider")
    assert (ran.status, ran.executed) == (0, BOTH)
    [warning] = ran.warnings
    assert "no permission to use the store" in warning


def test_a_store_that_may_not_be_written(recorded: Project) -> None:
    recorded.preparation = POWERLESS
    recorded.replace("test_m.py", "def test_two(): pass", "def test_two(): assert 1")
    with mode(recorded.store, 0o444), mode(recorded.path, 0o555):
        before = recorded.store.read_bytes()
        ran = recorded.run("-p", "no:cacheprovider")
        assert ran.status == 0
        assert ran.executed >= nodes("test_m.py", "test_two")
        assert len(ran.warnings) == 1
        assert recorded.store.read_bytes() == before
    assert recorded.run().executed == nodes("test_m.py", "test_two")


def test_a_store_that_another_process_has_locked(recorded: Project) -> None:
    with closing(sqlite3.connect(recorded.store)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ran = recorded.run()
    assert (ran.status, ran.executed) == (0, BOTH)
    [warning] = ran.warnings
    assert "was locked by another process" in warning
    assert recorded.run().executed == set()


def test_a_lock_that_goes_in_time(recorded: Project) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys, time; other = sqlite3.connect(sys.argv[1]); "
            "other.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); time.sleep(1)",
            recorded.store,
        ],
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        ran = recorded.run()
    assert (ran.executed, ran.warnings) == (set(), [])


def write_much(project: Project) -> None:
    """Writes a test whose records need more space than there will be."""
    names = [f"a_function_with_a_long_name_so_that_its_facts_are_large_{n}" for n in range(1500)]
    project.write("m.py", "\n".join(f"def {name}(): pass" for name in names))
    project.write(
        "test_much.py",
        "import m\n\ndef test_all():\n    for f in vars(m).copy().values():\n"
        "        if callable(f): f()\n",
    )


def assert_survives_full_disk(project: Project) -> None:
    """That a run whose records find no space passes and says so."""
    full = project.run()
    assert (full.status, full.executed) == (0, nodes("test_much.py", "test_all"))
    [warning] = full.warnings
    assert "store" in warning
    assert "Traceback" not in full.text


def test_a_file_that_may_not_grow(single: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else the limit cuts byte code short, which Python then cannot read.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    single.write("test_m.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    single.record()
    write_much(single)
    size = single.store.stat().st_size + 20_000
    single.preparation = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size},) * 2)"
    )
    assert_survives_full_disk(single)
    single.preparation = ""
    ran = single.run()
    assert (ran.status, ran.executed) == (0, nodes("test_much.py", "test_all")), "the rest is kept"
    assert single.run().executed == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little space."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if os.getuid() or not shutil.which("mount") or subprocess.run(mounting).returncode:
        pytest.skip("file systems can only be mounted by root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_is_full(
    single: Project, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTMON_DATAFILE", str(small_disk / "records.db"))
    single.write("test_m.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    single.record()
    write_much(single)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                pass
        except OSError:
            pass
    assert_survives_full_disk(single)
    filler.unlink()
    assert not single.run("test_m.py").executed, "what was recorded before is still there"
