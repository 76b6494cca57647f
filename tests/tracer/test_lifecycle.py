"""Starting, stopping, starting again, and what stands in the way."""

from __future__ import annotations

import sys

import pytest
from conftest import Drive

M = {"m.py": "def f(): return 1\ndef g(): return f()\n"}

has_monitoring = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="sys.monitoring came with 3.12"
)
has_eval_frame = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from 3.12 on the tracer uses sys.monitoring"
)


def test_nothing_is_recorded_before_the_start_and_after_the_stop(drive: Drive) -> None:
    drive(
        """
        import m
        m.f()
        assert probe.story() == []
        probe.start()
        m.f()
        probe.stop()
        m.g()
        assert probe.story() == ["ran m.py::f at 0"]
        probe.stop()
        assert probe.native.import_line() == 0
        """,
        files=M,
    )


def test_stopping_what_never_started(drive: Drive) -> None:
    drive("probe.stop()\nprobe.stop()\nprobe.native.tick()\n")


def test_a_second_tracer_is_refused_and_leaves_the_first_alone(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        other = Probe(probe.root)
        try:
            other.start()
        except RuntimeError as error:
            assert "already traces this process" in str(error)
        else:
            raise AssertionError("not refused")
        assert probe.ran_during(m.f) == ["f"]
        probe.stop()
        """,
        files=M,
    )


@pytest.mark.parametrize("calls", [1, 100])
def test_a_tracer_started_again_sees_everything_anew(drive: Drive, calls: int) -> None:
    drive(
        f"""
        import m
        for _ in range(10):
            again = Probe(probe.root)
            again.start()
            for _ in range({calls}): m.f()
            assert again.ran() == ["f"]
            for _ in range({calls}): m.f()
            again.stop()
        again = Probe(probe.root)
        again.start()
        assert again.ran_during(m.g) == ["f", "g"]
        again.stop()
        """,
        files=M,
    )


def test_what_was_foreign_to_one_tracer_can_be_project_code_to_the_next(drive: Drive) -> None:
    drive(
        """
        import m, pkg.n
        inner = Probe(probe.root + "/pkg")
        inner.start()
        m.f(); pkg.n.f()
        rows = inner.native.switch()
        assert rows == [("n.py", "f", 1, 0)], rows
        inner.stop()
        probe.start()
        m.f(); pkg.n.f()
        rows = probe.native.switch()
        assert rows == [("m.py", "f", 1, 0), ("pkg/n.py", "f", 1, 0)], rows
        probe.stop()
        """,
        files={**M, "pkg/__init__.py": "", "pkg/n.py": M["m.py"]},
    )


def test_a_tracer_stopped_inside_of_an_import(drive: Drive) -> None:
    drive(
        """
        sys.probe = probe
        probe.start()
        import stops
        import m
        m.f()
        again = Probe(probe.root)
        again.start()
        assert again.ran_during(m.f) == ["f"]
        again.stop()
        """,
        files={**M, "stops.py": "import sys\nsys.probe.stop()\ndef f(): pass\nf()\n"},
    )


def test_a_tracer_started_inside_of_an_import(drive: Drive) -> None:
    drive(
        """
        sys.probe = probe
        import starts
        assert probe.story() == ["ran starts.py::f at 0"]
        probe.stop()
        """,
        files={"starts.py": "import sys\nsys.probe.start()\ndef f(): pass\nf()\n"},
    )


@has_monitoring
@pytest.mark.parametrize("tool", [4, 5])
def test_a_tool_id_that_is_taken_is_named_with_its_owner(drive: Drive, tool: int) -> None:
    drive(
        f"""
        import m
        sys.monitoring.use_tool_id({tool}, "some tool")
        try:
            probe.start()
        except RuntimeError as error:
            assert "`sys.monitoring` tool id {tool} is taken by `some tool` (" in str(error), error
        else:
            raise AssertionError("not refused")
        assert sys.monitoring.get_tool({9 - tool}) is None
        sys.monitoring.free_tool_id({tool})
        probe.start()
        assert probe.ran_during(m.f) == ["f"]
        probe.stop()
        """,
        files=M,
    )


@has_monitoring
def test_the_tool_ids_are_given_back_as_they_were(drive: Drive) -> None:
    drive(
        """
        import m
        monitoring = sys.monitoring
        PY_START = monitoring.events.PY_START
        probe.start()
        m.g()
        for _ in range(100): m.f()
        assert monitoring.get_tool(5) == "testmonx (discovery)"
        assert monitoring.get_tool(4) == "testmonx (recording)"
        probe.stop()
        for tool in 4, 5:
            assert monitoring.get_tool(tool) is None
            monitoring.use_tool_id(tool, "next")
            assert monitoring.get_events(tool) == 0
            assert monitoring.get_local_events(tool, m.f.__code__) == 0
            assert monitoring.register_callback(tool, PY_START, None) is None
            called = []
            monitoring.register_callback(tool, PY_START, lambda code, _: called.append(code))
            m.f()
            assert called == []
        """,
        files=M,
    )


@has_monitoring
def test_a_tool_that_takes_over_an_id_is_a_fault(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.f()
        sys.monitoring.free_tool_id(4)
        sys.monitoring.use_tool_id(4, "thief")
        probe.ran()
        fault = probe.fault()
        assert fault.startswith("`thief` replaced the tracer while it was on ("), fault
        probe.native.stop()
        assert sys.monitoring.get_tool(4) == "thief"
        assert sys.monitoring.get_tool(5) is None
        """,
        files=M,
    )


@has_monitoring
def test_callbacks_that_are_called_by_hand_do_nothing(drive: Drive) -> None:
    drive(
        """
        import m
        monitoring = sys.monitoring
        probe.start()
        for tool in 4, 5:
            for event in "PY_START", "PY_RESUME", "PY_RETURN", "PY_THROW":
                callback = monitoring.register_callback(tool, getattr(monitoring.events, event), None)
                if callback is None: continue
                for arguments in (), (1,), (m.f, 2), (None, None, None):
                    callback(*arguments)
                try: type(callback)()
                except TypeError: pass
                else: raise AssertionError
        assert probe.story() == []
        probe.stop()
        """,
        files=M,
    )


@has_eval_frame
def test_an_evaluation_function_that_replaces_the_hook_is_a_fault(drive: Drive) -> None:
    drive(
        """
        import ctypes, m
        api = ctypes.pythonapi
        api.PyInterpreterState_Get.restype = ctypes.c_void_p
        interpreter = ctypes.c_void_p(api.PyInterpreterState_Get())
        get = api._PyInterpreterState_GetEvalFrameFunc
        get.restype = ctypes.c_void_p
        def put(address): api._PyInterpreterState_SetEvalFrameFunc(interpreter, ctypes.c_void_p(address))
        default = get(interpreter)
        probe.start()
        hook = get(interpreter)
        assert hook != default
        put(default)
        probe.ran()
        assert "replaced the tracer" in probe.fault()
        probe.native.stop()
        assert get(interpreter) == default
        try: Probe(probe.root).start()
        except RuntimeError as error: assert "frame evaluation hook" in str(error)
        else: raise AssertionError("not refused")
        """,
        files=M,
    )


def test_an_observer_that_is_in_use_is_a_fault_and_no_deadlock(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        probe.native.call_locked(m.f)
        assert "the observer was in use" in probe.fault()
        assert probe.ran_during(m.g)
        probe.native.stop()
        again = Probe(probe.root)
        again.start()
        assert again.ran_during(m.g) == ["f", "g"]
        again.stop()
        """,
        files=M,
    )


def test_an_observer_that_panics_is_a_fault_and_no_crash(drive: Drive) -> None:
    drive(
        """
        import os, m
        probe.start()
        probe.native.panic_next()
        standard_error = os.dup(2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where Rust reports the panic
        assert m.g() == 1
        os.dup2(standard_error, 2)
        assert "panicked" in probe.fault()
        m.g()
        probe.native.stop()
        """,
        files=M,
    )
