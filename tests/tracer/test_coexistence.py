"""Debuggers, coverage and profilers, started before the tracer and after it."""

from __future__ import annotations

import sys
from itertools import product

import pytest
from conftest import Drive

M = {
    "m.py": """\
        def f(n=1):
            if n:
                return 1
            return 2
        def g():
            return f()
        def gen():
            yield f()
            yield g()
    """
}

TRACE = """
seen = []
def trace(frame, event, arg):
    if frame.f_code.co_filename.startswith(probe.root):
        seen.append((frame.f_code.co_name, event))
    return trace
"""

ORDERS = ["tool first", "tracer first"]


def in_order(order: str, tool: str) -> str:
    """The lines that start the tool and the tracer."""
    lines = [tool, "probe.start()"]
    return "\n".join(lines if order == "tool first" else reversed(lines))


def lines(*parts: str) -> str:
    """One driver of several pieces, each with its own indentation taken off."""
    import textwrap

    return "\n".join(textwrap.dedent(part) for part in parts)


CHECK = """
for _ in range(3):
    for _ in range(40): m.g()
    assert probe.ran() == ["f", "g"], "first"
    generator = m.gen()
    next(generator)
    probe.ran()
    next(generator)
    assert probe.ran() == ["f", "g", "gen"], "second"
"""


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("function", ["settrace", "setprofile"])
def test_trace_and_profile_functions(drive: Drive, function: str, order: str) -> None:
    drive(
        lines(
            "import m",
            TRACE,
            in_order(order, f"sys.{function}(trace)"),
            CHECK,
            f"""
            calls = [event for event in seen if event == ("f", "call")]
            assert len(calls) == 3 * 42, len(calls)
            sys.{function}(None)
            """,
            CHECK,
            "probe.stop()",
        ),
        files=M,
    )


@pytest.mark.parametrize("order", ORDERS)
def test_pdb(drive: Drive, order: str) -> None:
    printed = drive(
        lines(
            """
            import io, pdb, m
            debugger = pdb.Pdb(
                stdin=io.StringIO("step\\nstep\\nwhere\\np n\\nreturn\\ncontinue\\n"), stdout=sys.stdout, nosigint=True
            )
            """,
            in_order(order, "debugger.set_break(m.__file__, 2)"),
            """
            debugger.runcall(m.g)
            sys.settrace(None)
            assert "f" in probe.ran()
            """,
            CHECK,
            "probe.stop()",
        ),
        files=M,
    )
    assert "m.py(6)g()" in printed
    assert "(Pdb) 1" in printed


CONTEXTS = """
# What coverage does at each test with `--cov-context=test`.
for name in "one", "two", "three":
    cov.switch_context(name)
    assert probe.ran_during(m.g) == ["f", "g"], "context"
    for _ in range(40): m.f()
    probe.ran()
"""

CORES = ["ctrace", "pytrace"] + (["sysmon"] if sys.version_info >= (3, 12) else [])
# Branches are measured by `sysmon` from 3.14 on.
COVERAGE = [
    (core, branch)
    for core, branch in product(CORES, [False, True])
    if (core, branch) != ("sysmon", True)
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("core", "branch"), COVERAGE)
def test_coverage(drive: Drive, core: str, branch: bool, order: str) -> None:
    drive(
        lines(
            f"""
            import coverage
            cov = coverage.Coverage(data_file=None, branch={branch}, source=[probe.root])
            """,
            in_order(order, "cov.start()"),
            """
            import m
            story = probe.story()
            assert story == ['started m.py as m in "" for nobody', "finished m.py"], story
            """,
            CHECK,
            CONTEXTS if core != "sysmon" else CHECK,  # where it has none
            """
            cov.stop()
            """,
            CHECK,
            """
            probe.stop()
            _, statements, _, missing, _ = cov.analysis2(m)
            assert statements == [1, 2, 3, 4, 5, 6, 7, 8, 9], statements
            assert missing == [4], missing
            """,
        ),
        files=M,
        env={"COVERAGE_CORE": core},
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("order", ORDERS)
def test_other_monitoring_tools_hear_their_events_once(drive: Drive, order: str) -> None:
    drive(
        lines(
            """
            import m
            monitoring = sys.monitoring
            E = monitoring.events
            heard = []
            def tool(id, result):
                monitoring.use_tool_id(id, f"tool {id}")
                def hear(code, *_):
                    if code.co_filename == m.__file__:
                        heard.append((id, code.co_name))
                    return result
                for event in E.PY_START, E.LINE, E.PY_RETURN:
                    monitoring.register_callback(id, event, hear)
                monitoring.set_events(id, E.PY_START | E.LINE | E.PY_RETURN)
            """,
            in_order(order, "tool(1, monitoring.DISABLE); tool(3, None)"),
            """
            probe.ran()
            m.f()
            heard.clear()
            for _ in range(100):
                m.f()
                assert probe.ran() == ["f"]
            # Four events a call: start, two lines, return. Those of tool 1 stay disabled.
            assert heard == [(3, "f")] * 400, heard[:20]
            for id in 1, 3:
                monitoring.set_events(id, 0)
                monitoring.free_tool_id(id)
            """,
            CHECK,
            "probe.stop()",
        ),
        files=M,
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_events_restarted_by_another_tool(drive: Drive) -> None:
    drive(
        lines(
            "import m\nprobe.start()",
            """
            for _ in range(50):
                for _ in range(20): m.f()
                sys.monitoring.restart_events()
                for _ in range(20): m.f()
                assert probe.ran() == ["f"]
                sys.monitoring.restart_events()
                assert probe.ran() == []
            """,
            CHECK,
            "probe.stop()",
        ),
        files=M,
    )
