"""Threads, greenlets, forks, subinterpreters, signals, and the end of the process."""

from __future__ import annotations

import sys

import pytest
from conftest import Drive

M = {
    "m.py": """
        def f(): return 1
        def g(): return f()
        def loop(n):
            for _ in range(n): f()
        def wait(event, done):
            event.wait(); f(); done.set()
    """
}


def test_all_threads_are_traced_also_those_started_before(drive: Drive) -> None:
    drive(
        """
        import threading, m
        event, done = threading.Event(), threading.Event()
        def work():
            event.wait(); m.f(); done.set()
        early = threading.Thread(target=work)
        early.start()
        probe.start()
        event.set(); done.wait(); early.join()
        assert probe.ran() == ["f"]
        def in_threads():
            threads = [threading.Thread(target=m.loop, args=(5000,)) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        for _ in range(3):
            assert probe.ran_during(in_threads) == ["f", "loop"]
        probe.stop()
        """,
        files=M,
    )


def test_switching_while_threads_run_loses_nothing(drive: Drive) -> None:
    drive(
        """
        import threading, m
        sys.setswitchinterval(1e-5)
        probe.start()
        stop = False
        def churn():
            while not stop: m.g()
        threads = [threading.Thread(target=churn) for _ in range(4)]
        for thread in threads: thread.start()
        for _ in range(2000):
            probe.native.tick()
            assert m.loop(1) is None
            names = set(probe.ran())
            assert "loop" in names and "f" in names, names
        stop = True
        for thread in threads: thread.join()
        probe.stop()
        """,
        files=M,
    )


def test_a_greenlet_that_goes_on_in_a_later_epoch(drive: Drive) -> None:
    drive(
        """
        import greenlet, m
        main = greenlet.getcurrent()
        def body():
            while True:
                m.f()
                main.switch()
        probe.start()
        other = greenlet.greenlet(body)
        for _ in range(50):
            assert probe.ran_during(other.switch) == ["f"]
        del other
        probe.stop()
        """,
        files=M,
    )


def test_an_import_that_switches_greenlets_stays_open_until_its_body_ends(drive: Drive) -> None:
    drive(
        """
        import greenlet
        sys.main = greenlet.getcurrent()
        def load():
            import pauses
        probe.start()
        other = greenlet.greenlet(load)
        other.switch()
        assert probe.story() == ['started pauses.py as pauses in "" for nobody']
        assert probe.native.import_line() == 2
        other.switch()
        assert probe.story() == ["ran pauses.py::f at 4", "finished pauses.py"]
        probe.stop()
        """,
        files={"pauses.py": "import sys\nsys.main.switch()\ndef f(): pass\nf()\n"},
    )


def test_a_forked_child_goes_on_recording_for_itself(drive: Drive) -> None:
    drive(
        """
        import os, warnings, m
        probe.start()
        for _ in range(100): m.f()
        child = os.fork()
        if child == 0:
            assert probe.ran() == ["f"]
            assert probe.ran_during(m.g) == ["f", "g"]
            import late
            assert probe.ran() == ["h@2"]
            probe.stop()
            os._exit(7)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
        assert probe.ran() == ["f"]
        assert probe.ran_during(m.g) == ["f", "g"]
        probe.stop()
        """,
        files={**M, "late.py": "def h(): pass\nh()\n"},
    )


def test_a_process_pool_of_forked_workers(drive: Drive) -> None:
    drive(
        """
        import multiprocessing, m
        probe.start()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.apply(m.g) == 1
        probe.stop()
        """,
        files=M,
    )


@pytest.mark.parametrize("leave_through", ["", "sys.exit(0)", "import os; os._exit(0)"])
def test_the_process_ends_with_the_tracer_on(drive: Drive, leave_through: str) -> None:
    drive(
        f"""
        import atexit, m
        atexit.register(m.g)
        class AtTheEnd:
            def __del__(self): m.f()
        sys.kept = AtTheEnd()
        kept = m.loop
        generator = (m.f() for _ in range(9))
        probe.start()
        for _ in range(100): m.f()
        next(generator)
        {leave_through}
        """,
        files=M,
    )


def test_the_process_ends_inside_of_an_import_with_the_tracer_on(drive: Drive) -> None:
    drive(
        "probe.start()\nimport ends\n",
        files={"ends.py": "import sys\ndef f(): sys.exit(0)\nf()\n"},
    )


def test_the_process_ends_while_daemon_threads_run(drive: Drive) -> None:
    for _ in range(5):
        drive(
            """
            import threading, time, m
            probe.start()
            def forever():
                while True: m.g()
            def load():
                import endless
            for target in forever, forever, load:
                threading.Thread(target=target, daemon=True).start()
            time.sleep(0.05)
            """,
            files={**M, "endless.py": "import m\nwhile True: m.f()\n"},
        )


def test_signals_are_raised_where_python_code_runs(drive: Drive) -> None:
    drive(
        """
        import signal, time, m
        probe.start()
        caught = 0
        def handler(*_): raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, handler)
        for i in range(200):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                while True:
                    m.loop(100)
                    probe.native.tick()
            except KeyboardInterrupt:
                caught += 1
        assert caught == 200
        assert probe.ran_during(m.g) == ["f", "g"]
        probe.stop()
        """,
        files=M,
    )


def test_a_subinterpreter_is_left_alone(drive: Drive) -> None:
    module = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    drive(
        f"""
        import {module} as interpreters, m
        probe.start()
        interpreter = interpreters.create()
        code = "import sys; sys.path.insert(0, {{!r}}); import m; m.g()".format(probe.root)
        probe.ran()
        interpreters.run_string(interpreter, code)
        interpreters.destroy(interpreter)
        assert probe.ran() == []
        assert probe.ran_during(m.g) == ["f", "g"]
        probe.stop()
        """,
        files=M,
    )
