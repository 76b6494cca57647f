"""testmonx beside the tools that hook into the interpreter or into pytest, and beside nothing."""

from __future__ import annotations

import json
import sys

import pytest

from .project import Project, nodes

FILES = {
    "m.py": """
        def f(x):
            if x:
                return 1
            return 2


        def g(x):
            return [y for y in range(x) if y]


        def never():
            return None
        """,
    "test_m.py": """
        import m

        def test_f(): assert m.f(1)

        def test_g(): assert m.g(3)
        """,
}
F, G = "test_m.py::test_f", "test_m.py::test_g"
EDIT = ("return 1", "return 3")

CORES = ["ctrace", "pytrace"]
if sys.version_info >= (3, 12):
    CORES.append("sysmon")


def coverage_report(project: Project) -> object:
    """What pytest-cov found, by file, without the time and the versions."""
    files = json.loads(project.read("coverage.json"))["files"]
    project.delete("coverage.json")
    return files


@pytest.mark.parametrize("branch", [[], ["--cov-branch"]], ids=["statement", "branch"])
@pytest.mark.parametrize("core", CORES)
def test_coverage_is_the_same_to_the_line(project: Project, core: str, branch: list[str]) -> None:
    project.write_files(FILES)
    project.write("pytest.ini", "[pytest]\naddopts = -p no:asyncio\n")
    env = {"COVERAGE_CORE": core}
    args = ["--cov=m", "--cov-report=json", *branch]
    project.pytest(*project.mode, *args, env=env)
    bare = coverage_report(project)
    assert project.run(*args, env=env).executed == {F, G}
    assert coverage_report(project) == bare
    project.replace("m.py", *EDIT)
    assert project.run(*args, env=env).executed == {F}
    assert project.run().executed == set(), "also without coverage"


def test_pdb_on_failure(single: Project) -> None:
    single.write_files(FILES)
    single.record()
    single.replace("m.py", "return 1", "return 0")
    ran = single.run("--pdb", stdin="p 20 + 3\nquit\n")
    assert "23" in ran.out
    assert single.run().executed == {F}


def test_pdb_in_a_test(single: Project) -> None:
    single.write_files(FILES)
    single.replace("test_m.py", "assert m.f(1)", "import pdb; pdb.set_trace(); assert m.f(1)")
    ran = single.run("-s", stdin="step\nstep\nstep\np 20 + 3\ncontinue\n")
    assert ran.status == 0
    assert "23" in ran.out
    single.replace("m.py", *EDIT)
    assert single.run("-s", stdin="continue\n").executed == {F}


@pytest.mark.parametrize("hook", ["settrace", "setprofile"])
def test_a_trace_function_of_a_test_s_own(project: Project, hook: str) -> None:
    project.write_files(FILES)
    project.write(
        "test_m.py",
        f"""
        import sys

        import m

        def test_f():
            seen = []

            def trace(frame, event, arg):
                if frame.f_globals is vars(m):
                    seen.append((frame.f_code.co_name, event))
                return trace

            before = sys.get{hook[3:]}()
            sys.{hook}(trace)
            try:
                m.f(1)
            finally:
                sys.{hook}(before)
            assert ("f", "call") in seen and ("f", "return") in seen

        def test_g(): assert m.g(3)
        """,
    )
    project.record()
    project.replace("m.py", *EDIT)
    assert project.run().executed == {F}


def test_asyncio(project: Project) -> None:
    project.write_files(
        {
            "pytest.ini": """
                [pytest]
                asyncio_default_fixture_loop_scope = function
                """,
            "m.py": """
                import asyncio


                async def f():
                    await asyncio.sleep(0)
                    return 1


                async def g():
                    yield 1
                """,
            "test_m.py": """
                import pytest
                import pytest_asyncio

                import m

                @pytest_asyncio.fixture
                async def value():
                    yield await m.f()

                @pytest.mark.asyncio
                async def test_f():
                    assert await m.f()

                @pytest.mark.asyncio
                async def test_g():
                    assert [x async for x in m.g()]

                @pytest.mark.asyncio
                async def test_value(value):
                    assert value
                """,
        }
    )
    project.record()
    project.replace("m.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_m.py", "test_f", "test_value")
    project.replace("m.py", "yield 1", "yield 2")
    assert project.run().executed == {G}


def test_doctests_in_modules(project: Project) -> None:
    project.write(
        "d.py",
        '''
        def f(x):
            """Adds.

            >>> f(1)
            2
            """
            return x + 1


        def g(x):
            """Does nothing.

            >>> g(1)
            1
            """
            return x
        ''',
    )
    assert project.record("--doctest-modules").executed == nodes("d.py", "d.f", "d.g")
    assert project.run("--doctest-modules").executed == set()
    project.replace("d.py", "return x + 1", "return 1 + x")
    assert project.run("--doctest-modules").executed == nodes("d.py", "d.f")
    project.replace("d.py", "    1\n", "    2\n")
    assert project.run("--doctest-modules").ended("failed") == nodes("d.py", "d.g")


def test_a_helper_that_is_looked_through_for_doctests_stays_fresh(project: Project) -> None:
    project.write("tests/helpers/__init__.py", "")
    project.write(
        "tests/helpers/checks.py", "import sys\nsys.flagged = 1\ndef check(x): assert x\n"
    )
    project.write("tests/test_m.py", "from helpers.checks import check\ndef test_one(): check(1)\n")
    ran = project.record("--doctest-modules")
    assert ran.executed == nodes("tests/test_m.py", "test_one")
    assert project.run("--doctest-modules").executed == set()


def test_doctests_in_text_files(project: Project) -> None:
    project.write("m.py", "def f():\n    return 1\n")
    project.write("test_doc.txt", ">>> import m\n>>> m.f() > 0\nTrue\n")
    project.write("test_other.py", "def test_other(): pass\n")
    node = nodes("test_doc.txt", "test_doc.txt")
    assert project.record().executed == node | nodes("test_other.py", "test_other")
    assert project.run().executed == set()
    project.replace("m.py", "return 1", "return 2")
    assert project.run().executed == node
    project.replace("test_doc.txt", "True", "False")
    assert project.run().ended("failed") == node


def test_unittest(project: Project) -> None:
    project.write_files(
        {
            "m.py": FILES["m.py"],
            "test_u.py": """
                import unittest

                import m

                class T(unittest.TestCase):
                    def test_f(self):
                        self.assertTrue(m.f(1))

                    def test_g(self):
                        for number in (2, 3):
                            with self.subTest(number):
                                self.assertTrue(m.g(number))

                    @unittest.skip("not today")
                    def test_skipped(self): pass

                    @unittest.expectedFailure
                    def test_expected(self):
                        self.assertFalse(m.f(0))

                class A(unittest.IsolatedAsyncioTestCase):
                    async def test_async(self):
                        self.assertTrue(m.f(1))
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    project.replace("m.py", *EDIT)
    affected = nodes("test_u.py", "T::test_f", "T::test_expected", "A::test_async")
    assert project.run().executed == affected


def test_assertion_rewriting_stays(single: Project) -> None:
    single.write("test_m.py", "def test_f():\n    left = [1]\n    assert left == [2]\n")
    for _ in range(2):
        assert "assert [1] == [2]" in single.run().out
    assert "At index 0 diff: 1 != 2" in single.run("-p", "no:cacheprovider").out


def test_without_the_cache(project: Project) -> None:
    project.write_files(FILES)
    project.record("-p", "no:cacheprovider")
    project.replace("m.py", *EDIT)
    assert project.run("-p", "no:cacheprovider").executed == {F}


def test_warnings_as_errors(project: Project) -> None:
    project.write_files(FILES)
    project.write(
        "pytest.ini",
        "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n",
    )
    project.record("-W", "error")
    project.replace("m.py", *EDIT)
    assert project.run("-W", "error").executed == {F}


def test_pytest_does_not_rewrite_what_is_behind_the_plugin(project: Project) -> None:
    project.write(
        "test_m.py",
        """
        import sys

        def test_loaders():
            behind = [name for name in sys.modules if name.startswith("testmonx._")]
            assert "testmonx._recording" in behind
            for name in behind:
                assert "rewrite" not in type(sys.modules[name].__spec__.loader).__module__, name
        """,
    )
    project.record()


def test_warnings_of_the_interpreter_as_errors(single: Project) -> None:
    single.write_files(FILES)
    env = {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"}
    assert single.run(env=env).status == 0
    assert single.run(env=env).executed == set()


def test_without_the_option_nothing_native_is_imported(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import sys

        def test_f():
            loaded = {name for name in sys.modules if name.split(".")[0] == "testmonx"}
            assert loaded == {"testmonx", "testmonx.plugin"}
        """,
    )
    assert single.pytest().status == 0
    assert single.run("--no-testmon").status == 0
    assert not single.store.exists()


def test_the_plugin_can_be_blocked(single: Project) -> None:
    single.write_files(FILES)
    assert single.pytest("-p", "no:testmonx").executed == {F, G}
    ran = single.pytest("-p", "no:testmonx", "--testmon")
    assert ran.status == 4


def test_the_tracer_leaves_nothing_behind(single: Project) -> None:
    single.write(
        "conftest.py",
        """
        import sys

        def tools():
            return [sys.monitoring.get_tool(number) for number in range(6)]

        def pytest_unconfigure(config):
            import atexit

            if sys.version_info >= (3, 12):
                atexit.register(lambda: print("tools", *tools(), file=sys.__stderr__))
        """,
    )
    single.write_files(FILES)
    ran = single.run()
    if sys.version_info >= (3, 12):
        assert "tools None None None None None None" in ran.err


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_monitoring_tools_that_are_taken(single: Project) -> None:
    single.write(
        "conftest.py",
        """
        import sys

        for number in range(6):
            if sys.monitoring.get_tool(number) is None:
                sys.monitoring.use_tool_id(number, f"tool {number}")
        """,
    )
    single.write_files(FILES)
    assert single.record().executed == {F, G}, "the tracer was there first"
    for args in (["-p", "taker"], ["-p", "taker", "-n", "2"]):
        single.write("taker.py", single.read("conftest.py"))
        ran = single.run(*args)
        assert ran.status == 0
        assert ran.executed == {F, G}
        assert any("recorded" in warning for warning in ran.warnings)
        assert single.run(*args).executed == {F, G}


def test_hypothesis(single: Project) -> None:
    """It looks for constants in all sources, and traces what fails with a monitoring tool of its own."""
    single.write("pytest.ini", "[pytest]\naddopts = -p no:asyncio\nfilterwarnings = error\n")
    single.write("lib.py", "LIMIT = 100\n")
    single.write(
        "test_h.py",
        """
        import pytest
        from hypothesis import given, settings, strategies

        import lib


        @settings(database=None, deadline=None)
        @given(strategies.integers())
        def small(number):
            assert number < 100


        def test_fails_somewhere():
            with pytest.raises(AssertionError):
                small()


        def test_limit():
            assert lib.LIMIT
        """,
    )
    single.record()
    single.replace("lib.py", "LIMIT = 100", "LIMIT = 100  # at most")
    assert single.run().executed == set()
    single.replace("lib.py", "LIMIT = 100", "LIMIT = 99")
    assert single.run().executed == nodes("test_h.py", "test_limit")


def test_tracebacks_are_the_project_s_own(project: Project) -> None:
    project.write(
        "test_f.py",
        """
        import pytest


        @pytest.fixture(scope="module")
        def broken():
            assert 1 == 2


        @pytest.fixture
        def breaks():
            yield
            assert 3 == 4


        def test_set_up(broken): pass


        def test_teardown(breaks): pass
        """,
    )
    ran = project.run()
    assert "1 == 2" in ran.out and "3 == 4" in ran.out
    assert "testmonx/_recording" not in ran.out
