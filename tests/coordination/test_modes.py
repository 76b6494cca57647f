"""With and without the handshake: the same tests, the same store; files only with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from acceptance.project import Project, nodes

from .conftest import COUNT, EARLIER, HANDSHAKE, LATER, Meeting

FILES = {
    "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
    "test_m.py": "import m\n\ndef test_f(): assert m.f()\n\ndef test_g(): assert m.g()\n",
}
EDIT = ("def f():\n    return 1", "def f():\n    return 2")
UNDO = (EDIT[1], EDIT[0])


@pytest.fixture
def small(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two tests of two functions."""
    project = Project(pytester, monkeypatch, ("-n", "2"))
    project.write_files(FILES)
    return project


def test_the_steps_of_a_handshake(meeting: Meeting) -> None:
    _ = meeting.trail
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    meeting.assert_clean()
    trail = meeting.trail
    assert trail[0] == "controller publish"
    assert trail[1] == "controller start-gw0 controller_ready.json"
    signalled = [line for line in trail if "acknowledge" in line]
    assert len(signalled) == 2
    assert all("controller_ready.json" in line for line in signalled)
    running = [line for line in trail if " run " in line]
    assert running
    for line in running:
        worker = line.split()[0]
        assert f"worker_{worker}_ready" in line, "acknowledged before its first test"
    assert "controller finish controller_ready.json worker_gw0_ready worker_gw1_ready" in trail


@pytest.mark.parametrize("value", ["", "false", "0", "no", "off"])
def test_without_it_there_is_never_a_file(meeting: Meeting, value: str) -> None:
    _ = meeting.trail
    env = {"TESTMON_XDIST_CONTROLLER_PRECREATION": value} if value else {}
    assert meeting.run(env=env).executed == LATER
    assert not [line for line in meeting.trail if "ready.json" in line or "_ready" in line]
    meeting.assert_clean()


def test_modes_can_be_mixed_over_one_store(small: Project) -> None:
    both, f = nodes("test_m.py", "test_f", "test_g"), nodes("test_m.py", "test_f")
    assert small.run(env=HANDSHAKE).executed == both
    assert small.run().executed == set()
    small.replace("m.py", *EDIT)
    assert small.run().executed == f
    assert small.run(env=HANDSHAKE).executed == set()
    small.replace("m.py", *UNDO)
    assert small.run(env=HANDSHAKE).executed == set(), "its records are kept"
    small.mode = ()
    ran = small.run(env=HANDSHAKE)
    assert (ran.executed, ran.header) == (
        set(),
        "nothing changed, 2 tests fresh; environment: default",
    )


def test_the_state_that_workers_find(meeting: Meeting, tmp_path: Path) -> None:
    copy = tmp_path / "state.json"
    action = f"import shutil; shutil.copy('.testmon_xdist/controller_ready.json', {str(copy)!r})"
    args = ("--tx", "2*popen", "--tx", "popen//id=a/b", "--dist", "load")
    meeting.mode = args
    ran = meeting.run(env=meeting.disturbed("start-gw0", action))
    assert (ran.status, ran.warnings) == (0, [])
    state = json.loads(copy.read_text())
    assert state["workers"] == ["gw0", "gw1", "a/b"]
    assert state["site"]["root"] == str(meeting.path)
    assert state["store"]["path"] == str(meeting.store)
    assert state["store"]["environment"]["name"] == "default"
    assert (state["protocol"], state["is_recording"]) == (3, True)
    assert any("worker_a%2Fb_ready" in line for line in meeting.trail)
    meeting.assert_clean()


@pytest.mark.parametrize(
    ("args", "workers"),
    [
        (("-n", "3"), 3),
        (("-n", "logical", "--maxprocesses=2"), 2),
        (("--tx", "2*popen", "--dist", "each"), 2),
        (("-n", "0"), 0),
    ],
)
def test_as_many_workers_as_xdist_starts(
    meeting: Meeting, args: tuple[str, ...], workers: int
) -> None:
    _ = meeting.trail
    meeting.mode = args
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    assert len([line for line in meeting.trail if "start-gw" in line]) == workers
    meeting.assert_clean()
    assert meeting.run(env=HANDSHAKE).executed == set()


def test_thirty_two_workers(meeting: Meeting) -> None:
    _ = meeting.trail
    meeting.mode = ("-n", "32")
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    assert len([line for line in meeting.trail if "start-gw" in line]) == 32
    meeting.assert_clean()
    meeting.mode = ("-n", "2")
    assert meeting.run().executed == set()


def test_debugging_shows_each_process_with_times(meeting: Meeting) -> None:
    ran = meeting.run(env={**HANDSHAKE, "TESTMON_XDIST_DEBUG": "1"})
    lines = [line.removeprefix("xdist: ") for line in ran.said if line.startswith("xdist: ")]
    said = "\n".join(lines)
    for process in ("controller", "gw0", "gw1"):
        assert any(line.startswith(f"{process} +") and " s: " in line for line in lines), process
    for words in (
        "bytes, is written to",
        "gw0 has acknowledged",
        "acknowledged after 1 looks",
        "has the state of session",
        "all observations are in the store",
        "is removed",
    ):
        assert words in said, words
    quiet = meeting.run(env=HANDSHAKE)
    assert not [line for line in quiet.said if line.startswith("xdist: ")]


def test_debugging_without_a_handshake(meeting: Meeting) -> None:
    ran = meeting.run(env={"TESTMON_XDIST_DEBUG": "yes"})
    assert "bytes, is told to each worker" in ran.out
    assert "gw1 +" in ran.out
    assert "acknowledged" not in ran.out


def test_a_run_that_writes_nothing_writes_no_coordination_file(meeting: Meeting) -> None:
    _ = meeting.trail
    ran = meeting.pytest("--testmon-nocollect", "-n", "2", env=HANDSHAKE)
    assert ran.executed == LATER
    assert not [line for line in meeting.trail if "_ready" in line]
    assert meeting.run().executed == LATER


def test_everything_fresh(meeting: Meeting) -> None:
    meeting.record()
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed, ran.deselected) == (0, set(), COUNT + len(EARLIER))
    meeting.assert_clean()
