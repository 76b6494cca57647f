"""Ctrl-C, a kill, and two runs at once: records made before are kept, and no run is harmed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .project import Project, nodes

COUNT = 30
SLOW = nodes("test_slow.py", *(f"test_slow[{n}]" for n in range(COUNT)))
EARLIER = nodes("test_earlier.py", "test_one", "test_two")
PATIENCE = 60.0


@pytest.fixture
def started(project: Project) -> Project:
    """A project with records of two tests, and others that take a while and say how far they are."""
    project.write("test_earlier.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    project.record()
    project.write(
        "test_slow.py",
        f"""
        import os
        import time

        import pytest

        @pytest.mark.parametrize("n", range({COUNT}))
        def test_slow(n):
            if "HURRY" not in dict(os.environ):
                open("reached.txt", "w").close()
                time.sleep(0.1)
        """,
    )
    return project


def wait_for(project: Project, process: subprocess.Popen[bytes]) -> None:
    """Until the first slow test is reached."""
    deadline = time.monotonic() + PATIENCE
    while not (project.path / "reached.txt").exists():
        assert process.poll() is None, "it ended before it was interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[bytes]) -> int:
    """Presses Ctrl-C until it is taken, and returns the exit status.

    Python itself drops one that arrives in a finalizer ("Exception ignored in ZipFile.__del__"), and there are some
    when plugins are looked for: bare pytest runs on to the end then, as here.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.5)
    raise TimeoutError("it goes on whatever is pressed")


def assert_nothing_is_lost(project: Project) -> None:
    """That the next run does all that is missing, and no more than that."""
    ran = project.run(env={"HURRY": "1"})
    assert (ran.status, ran.warnings) == (0, [])
    assert not ran.executed & EARLIER
    assert ran.executed <= SLOW
    again = project.run(env={"HURRY": "1"})
    assert (again.status, again.executed, again.deselected) == (0, set(), COUNT + 2)


@pytest.mark.parametrize("delay", [0.0, 0.6])
def test_ctrl_c_while_tests_run(started: Project, delay: float) -> None:
    process = started.start()
    wait_for(started, process)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 2
    assert_nothing_is_lost(started)


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.4])
def test_ctrl_c_while_pytest_starts(started: Project, delay: float) -> None:
    process = started.start()
    time.sleep(delay)
    assert interrupt(process) != 0
    assert_nothing_is_lost(started)


def test_ctrl_c_while_the_observation_starts(started: Project) -> None:
    """It arrives in Python code that the native side calls, and goes on from there."""
    started.write(
        "interrupting.py",
        """
        import os

        def interrupted(**_: object) -> None:
            raise KeyboardInterrupt

        os.register_at_fork = interrupted
        """,
    )
    ran = started.run("-p", "interrupting", env={"PYTHONPATH": "."})
    assert ran.status != 0
    assert not ran.executed
    assert_nothing_is_lost(started)


def test_ctrl_c_twice(started: Project) -> None:
    process = started.start()
    wait_for(started, process)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert process.wait(PATIENCE) != 0
    assert_nothing_is_lost(started)


def test_ctrl_c_in_a_terminal_reaches_the_workers_too(started: Project) -> None:
    process = started.start()
    wait_for(started, process)
    for pid in [process.pid, *children(process.pid)]:
        os.kill(pid, signal.SIGINT)
    assert process.wait(PATIENCE) != 0
    assert_nothing_is_lost(started)


def test_a_kill(started: Project) -> None:
    process = started.start()
    wait_for(started, process)
    time.sleep(1.5)
    workers = children(process.pid)
    assert len(workers) == (2 if started.mode else 0)
    process.kill()
    assert process.wait(PATIENCE) == -signal.SIGKILL
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert_nothing_is_lost(started)


def test_what_was_done_long_before_a_kill_is_kept(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import os
        import time

        def test_done(): pass

        def test_goes_on():
            if "HURRY" not in dict(os.environ):
                time.sleep(3.5)  # Longer than runs are gathered at least.

        def test_hangs():
            if "HURRY" not in dict(os.environ):
                open("reached.txt", "w").close()
                time.sleep(60)
        """,
    )
    process = single.start()
    wait_for(single, process)
    time.sleep(3)  # What was handed over is written on another thread.
    process.kill()
    process.wait(PATIENCE)
    assert single.run(env={"HURRY": "1"}).executed == nodes("test_m.py", "test_hangs")


def test_two_runs_at_once(started: Project) -> None:
    first, second = started.start(), started.start()
    assert (first.wait(PATIENCE), second.wait(PATIENCE)) == (0, 0)
    assert "warning" not in started.output.read_text()
    ran = started.run()
    assert (ran.executed, ran.deselected) == (set(), COUNT + 2)


def test_two_first_runs_at_once(project: Project) -> None:
    for number in range(4):
        project.write(f"test_{number}.py", "def test_one(): pass\n\ndef test_two(): pass\n")
    runs = [
        project.start(*files) for files in (["test_0.py", "test_1.py"], ["test_2.py", "test_3.py"])
    ]
    assert [run.wait(PATIENCE) for run in runs] == [0, 0]
    ran = project.run()
    assert (ran.executed, ran.deselected) == (set(), 8)


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started: xdist's workers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended.
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found
