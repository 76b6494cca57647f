"""What can go wrong does: the store stays whole, no file is left, and pytest's own status stands."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing

import pytest

from .conftest import HANDSHAKE, LATER, Meeting

PATIENCE = 60.0
READY = ".testmon_xdist/controller_ready.json"


@pytest.mark.parametrize("step", ["acknowledge", "run", "send"])
def test_a_worker_is_killed(meeting: Meeting, step: str) -> None:
    env = meeting.disturbed(step, "SIGKILL")
    bare = meeting.pytest("-n", "2", "-p", "no:testmonx", env=env)
    assert "Traceback" not in bare.err
    ran = meeting.run(env=env)
    assert ran.status == bare.status
    assert "Traceback" not in ran.err
    assert ran.warnings == []
    meeting.assert_clean()
    meeting.assert_nothing_is_lost()


@pytest.mark.parametrize("step", ["publish", "start-gw0", "start-gw1", "ready", "report", "finish"])
def test_the_controller_is_killed(meeting: Meeting, step: str) -> None:
    process = meeting.start_with(meeting.disturbed(step, "SIGKILL"))
    assert process.wait(PATIENCE) == -signal.SIGKILL
    left = (meeting.path / READY).exists()
    assert left == (step != "publish")
    meeting.assert_nothing_is_lost()


def test_a_run_without_handshake_clears_what_a_killed_one_left(meeting: Meeting) -> None:
    process = meeting.start_with(meeting.disturbed("start-gw1", "SIGKILL"))
    process.wait(PATIENCE)
    assert (meeting.path / READY).exists()
    meeting.mode = ()
    assert meeting.run().executed == LATER
    meeting.assert_clean()


@pytest.mark.parametrize("step", ["publish", "start-gw0", "start-gw1", "ready", "report", "finish"])
def test_ctrl_c(meeting: Meeting, step: str) -> None:
    env = meeting.disturbed(step, "SIGINT")
    bare = meeting.pytest("-n", "2", "-p", "no:testmonx", env=env)
    ran = meeting.run(env=env)
    assert ran.status == bare.status
    meeting.assert_clean()
    meeting.assert_nothing_is_lost()


def test_ctrl_c_while_a_worker_waits(meeting: Meeting) -> None:
    env = meeting.disturbed("start-gw1", f"os.remove({READY!r})")
    process = meeting.start_with(env)
    deadline = time.monotonic() + PATIENCE
    while not [line for line in meeting.trail if "gw1 acknowledge" in line]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 2, meeting.output.read_text()
    meeting.assert_clean()
    meeting.assert_nothing_is_lost()


DAMAGE = {
    "gone": (
        f"os.remove({READY!r})",
        "controller_ready.json` after 0.3 s (raise TESTMON_XDIST_WORK",
    ),
    "truncated": (
        f"data = open({READY!r}).read(); open({READY!r}, 'w').write(data[: len(data) // 2])",
        "the controller's message cannot be read: EOF",
    ),
    "empty": (f"open({READY!r}, 'w').close()", "the controller's message cannot be read: EOF"),
    "noise": (
        f"open({READY!r}, 'wb').write(bytes(range(256)))",
        "the controller's message cannot be read: expected value",
    ),
    "of another session": (
        f"import re; data = open({READY!r}).read();"
        f'open({READY!r}, \'w\').write(re.sub(\'"session": "[^"]*"\', \'"session": "s0"\', data))',
        "the controller's message is of session `s0`, not of `",
    ),
    "of another version": (
        f"data = open({READY!r}).read();"
        f"open({READY!r}, 'w').write(data.replace('\"protocol\": 3', '\"protocol\": 99'))",
        "the controller speaks protocol 99, this process 3 (install the same version of testmonx",
    ),
    "a directory": (
        f"os.remove({READY!r}); os.mkdir({READY!r})",
        "controller_ready.json` cannot be read: it is not a file (see to its directory, or unset",
    ),
    "a pipe": (
        f"os.remove({READY!r}); os.mkfifo({READY!r})",
        "controller_ready.json` cannot be read: it is not a file (see to its directory, or unset",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_signal_that_workers_cannot_use(meeting: Meeting, damage: str) -> None:
    action, words = DAMAGE[damage]
    # Before the first worker starts, so that all of them find it like this.
    env = meeting.disturbed("start-gw0", action, TESTMON_XDIST_WORKER_TIMEOUT="0.3")
    ran = meeting.run(env=env)
    assert (ran.status, ran.executed) == (0, LATER), "all workers leave out the same"
    [warning] = ran.warnings
    assert warning.startswith("2 workers ran what they were given unrecorded: ")
    assert words in warning
    if damage == "a directory":
        (meeting.path / READY).rmdir()
    assert meeting.run(env=HANDSHAKE).executed == LATER, "since nothing was recorded"
    meeting.assert_nothing_is_lost()


def test_one_worker_of_two_cannot_acknowledge(meeting: Meeting) -> None:
    action = "os.makedirs('.testmon_xdist/worker_gw1_ready/x')"
    ran = meeting.run(env=meeting.disturbed("start-gw0", action))
    assert (ran.status, ran.executed) == (0, LATER)
    [warning] = ran.warnings
    assert warning.startswith("1 worker ran what it was given unrecorded: ")
    assert "worker_gw1_ready` cannot be written" in warning
    (meeting.path / ".testmon_xdist/worker_gw1_ready/x").rmdir()
    (meeting.path / ".testmon_xdist/worker_gw1_ready").rmdir()
    meeting.assert_nothing_is_lost()


def test_something_else_in_the_directory_s_place(meeting: Meeting) -> None:
    (meeting.path / ".testmon_xdist").write_text("mine")
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed) == (0, LATER)
    [warning] = ran.warnings
    assert warning.startswith(
        "workers are coordinated without a handshake: the coordination file `"
    )
    assert ".testmon_xdist` cannot be used: it is not a directory" in warning
    assert (meeting.path / ".testmon_xdist").read_text() == "mine"
    (meeting.path / ".testmon_xdist").unlink()
    assert meeting.run().executed == set(), "it was recorded all the same"


def test_a_full_disk(meeting: Meeting) -> None:
    conftest = """
        import resource

        import pytest

        @pytest.hookimpl(wrapper=True, optionalhook=True, tryfirst=True)
        def pytest_xdist_setupnodes():
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
            try:
                return (yield)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
        """
    meeting.write("conftest.py", conftest)
    ran = meeting.run(env=HANDSHAKE)
    assert (ran.status, ran.executed >= LATER) == (0, True)
    [warning] = ran.warnings
    assert "controller_ready.json` cannot be written: File too large" in warning
    meeting.assert_clean()
    assert meeting.run().executed == set()


def test_a_store_that_lost_its_environment(meeting: Meeting) -> None:
    action = (
        "import sqlite3; store = sqlite3.connect('.testmondata');"
        "store.execute('DELETE FROM environments'); store.commit(); store.close()"
    )
    ran = meeting.run(env=meeting.disturbed("start-gw0", action))
    assert (ran.status, ran.executed) == (0, LATER)
    [warning] = [line for line in ran.warnings if "worker" in line]
    expected = (
        "2 workers ran what they were given unrecorded: environment `default` is not in the store, "
        "which this worker may only read (the controller should have created it: run with "
        "TESTMON_XDIST_DEBUG=1)"
    )
    assert warning == expected
    assert "readonly" not in ran.text
    meeting.assert_clean()
    with closing(sqlite3.connect(meeting.store)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("datafile", ["", "other.db"])
def test_two_sessions_at_once(meeting: Meeting, datafile: str) -> None:
    waiting = (
        "import time\nopen('one', 'w').close()\nwhile not os.path.exists('two'): time.sleep(.02)"
    )
    first = meeting.start_with(meeting.disturbed("start-gw1", waiting))
    deadline = time.monotonic() + PATIENCE
    while not (meeting.path / "one").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    _ = meeting.trail
    ran = meeting.run(env={**HANDSHAKE, **({"TESTMON_DATAFILE": datafile} if datafile else {})})
    assert (ran.status, ran.warnings) == (0, [])
    assert ran.executed >= LATER
    assert (meeting.path / READY).exists(), "the first session's, which still waits"
    (meeting.path / "two").touch()
    assert first.wait(PATIENCE) == 0
    assert "warning" not in meeting.output.read_text()
    meeting.assert_clean()
    meeting.assert_nothing_is_lost()


def test_a_clock_that_steps_back(meeting: Meeting) -> None:
    action = (
        f"import time; os.utime('.testmon_xdist', (4e9, 4e9)); os.utime({READY!r}, (4e9, 4e9));"
        "time.time = lambda: 1.0"
    )
    ran = meeting.run(env=meeting.disturbed("start-gw0", action))
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    meeting.assert_clean()
    assert meeting.run().executed == set()


def test_a_slow_controller_is_waited_for(meeting: Meeting) -> None:
    # The file comes back while the workers wait for it.
    action = (
        f"import threading; os.rename({READY!r}, 'later.json');"
        f"threading.Timer(3, os.rename, ('later.json', {READY!r})).start()"
    )
    ran = meeting.run(env={**meeting.disturbed("start-gw0", action), "TESTMON_XDIST_DEBUG": "1"})
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    assert ran.out.count("acknowledged after 1 looks") < 2, "at least one had to wait"
    meeting.assert_clean()
    assert meeting.run().executed == set()


def test_a_worker_that_is_later_than_the_timeout(meeting: Meeting) -> None:
    action = "import time; time.sleep(1)"
    env = meeting.disturbed("acknowledge", action, TESTMON_XDIST_WORKER_TIMEOUT="0.1")
    ran = meeting.run(env={**env, "TESTMON_XDIST_DEBUG": "1"})
    assert (ran.status, ran.executed, ran.warnings) == (0, LATER, [])
    assert "gw0 has not acknowledged within 0.1 s" in ran.out
    meeting.assert_clean()
    assert meeting.run().executed == set(), "late, and recorded all the same"
