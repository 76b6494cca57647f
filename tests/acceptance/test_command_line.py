"""The options, settings and words of pytest-testmon 2.2, and what testmonx says in return."""

from __future__ import annotations

import pytest

from .project import Project, nodes

AB = {
    "m.py": "def f():\n    return 1\n\n\ndef h():\n    return 1\n",
    "test_a.py": """
        import m

        def test_af():
            assert m.f()

        def test_ah():
            assert m.h()
        """,
    "test_b.py": """
        import m

        def test_bf():
            assert m.f()

        def test_bh():
            assert m.h()
        """,
}
EDIT = ("def f():\n    return 1", "def f():\n    return 2")
AF, AH, BF, BH = (
    "test_a.py::test_af",
    "test_a.py::test_ah",
    "test_b.py::test_bf",
    "test_b.py::test_bh",
)
ALL = {AF, AH, BF, BH}


@pytest.fixture
def edited(single: Project) -> Project:
    """A project with records, and an edit since then that affects two of its four tests."""
    single.write_files(AB)
    single.record()
    single.replace("m.py", *EDIT)
    return single


def test_what_is_said_at_the_beginning_and_at_the_end(single: Project) -> None:
    single.write_files(AB)
    first = single.record()
    assert first.header == "new store, all tests run; environment: default"
    assert first.summary == "4 tests ran"
    again = single.run()
    assert again.header == "nothing changed, 4 tests fresh; environment: default"
    assert again.summary.startswith("0 tests ran, 4 left out, ")
    single.replace("m.py", *EDIT)
    single.replace("test_b.py", "assert m.h()", "assert m.h() == 1")
    ran = single.run()
    assert ran.header == "changed: m.py, test_b.py; 3 of 4 tests affected; environment: default"
    assert ran.summary.startswith("3 tests ran, 1 left out, 0.0")
    assert ran.summary.endswith(" s saved")


def test_the_file_that_changed_is_named_where_many_could_have(single: Project) -> None:
    names = "abcdef"
    single.write_files({f"pkg/{name}.py": f"def of_{name}(): return 1\n" for name in names})
    single.write("pkg/__init__.py", "".join(f"from .{name} import *\n" for name in names))
    single.write("test_a.py", "import pkg\n\ndef test_a(): assert pkg.of_a() == 1\n")
    single.record()
    single.write("pkg/e.py", "def of_e(): return 1\n\ndef of_a(): return 1\n")
    ran = single.run()
    assert ran.header == "changed: pkg/e.py; 1 of 1 test affected; environment: default"


def test_what_is_said_of_failures(single: Project) -> None:
    single.write("test_a.py", "def test_a(): assert 0\n\ndef test_b(): pass\n")
    single.run()
    ran = single.run()
    assert ran.header == (
        "nothing changed; 1 of 2 tests affected (1 failed the last time); environment: default"
    )


def test_quiet_and_verbose(edited: Project) -> None:
    assert edited.run("-q", "--testmon-nocollect").said == []
    verbose = edited.run("-v")
    assert (verbose.header, verbose.summary) != ("", "")
    assert f"{AF} PASSED" in verbose.out


def test_noselect_leaves_nothing_out(edited: Project) -> None:
    ran = edited.pytest("--testmon-noselect")
    assert (ran.executed, ran.deselected) == (ALL, 0)
    assert edited.run().executed == set(), "it recorded"


def test_noselect_runs_failing_then_affected_then_quick_tests(single: Project) -> None:
    single.write_files(
        {
            "m.py": "def f():\n    return 1\n",
            "test_m.py": """
                import time

                import m

                def test_slow(): time.sleep(0.4)

                def test_medium(): time.sleep(0.2)

                def test_quick(): pass

                def test_affected(): assert m.f()

                def test_failing(): assert 0
                """,
        }
    )
    single.run()
    single.replace("m.py", "return 1", "return 2")
    order = [node.removeprefix("test_m.py::") for node in single.pytest("--testmon-noselect").order]
    assert order == ["test_failing", "test_affected", "test_quick", "test_medium", "test_slow"]


def test_nocollect_selects_and_writes_nothing(edited: Project) -> None:
    before = edited.store.read_bytes()
    for _ in range(2):
        ran = edited.pytest("--testmon-nocollect")
        assert ran.executed == {AF, BF}
        assert ran.summary.endswith("nothing recorded")
    assert edited.store.read_bytes() == before
    assert edited.run().executed == {AF, BF}


def test_nocollect_without_records(single: Project) -> None:
    single.write_files(AB)
    ran = single.pytest("--testmon-nocollect")
    assert ran.executed == ALL
    assert ran.status == 0
    assert not single.store.exists()


@pytest.mark.parametrize(
    ("narrowing", "ran", "named"),
    [
        (["-k", "test_a"], {AF, AH}, "-k"),
        (["-m", "not slow"], ALL, "-m"),
        ([AF, AH], {AF, AH}, "a node ID"),
    ],
)
def test_narrowing_switches_selection_off(
    edited: Project, narrowing: list[str], ran: set[str], named: str
) -> None:
    narrowed = edited.run(*narrowing)
    assert narrowed.executed == ran
    assert narrowed.header.endswith(f"selection is off because of {named}")
    assert edited.run().executed == {AF, BF} - ran, "what did not run is not forgotten"
    assert edited.run().executed == set()


def test_last_failed_switches_selection_off(single: Project) -> None:
    single.write_files(AB)
    single.replace("test_b.py", "assert m.h()", "assert not m.h()")
    single.run()
    single.replace("m.py", *EDIT)
    ran = single.run("--lf")
    assert ran.executed == {BH}
    assert ran.header.endswith("selection is off because of --lf")
    assert single.run().executed == {AF, BF, BH}


def test_a_first_run_that_is_narrowed(single: Project) -> None:
    single.write_files(AB)
    assert single.run("-k", "test_af").executed == {AF}
    assert single.run("test_b.py").executed == {BF, BH}
    assert single.run().executed == {AH}


def test_directories_and_files_on_the_command_line_select_within_them(edited: Project) -> None:
    assert edited.run("test_a.py").executed == {AF}
    assert edited.run("test_a.py").executed == set()
    assert edited.run().executed == {BF}
    assert edited.run("--deselect", AF).executed == set()


def test_deselecting_by_hand_forgets_nothing(edited: Project) -> None:
    assert edited.run("--deselect", AF).executed == {BF}
    assert edited.run("--ignore", "test_a.py").executed == set()
    assert edited.run().executed == {AF}


def test_forceselect(edited: Project) -> None:
    assert edited.pytest("--testmon-forceselect", "-k", "test_a").executed == {AF}
    ran = edited.pytest("--testmon-forceselect", AF, BH)
    assert (ran.executed, ran.status) == (set(), 0)
    assert edited.run().executed == {BF}


def test_no_testmon_wins(edited: Project) -> None:
    before = edited.store.read_bytes()
    ran = edited.run("--no-testmon")
    assert (ran.executed, ran.said) == (ALL, [])
    edited.write("pytest.ini", "[pytest]\naddopts = --testmon\n")
    assert edited.pytest("--no-testmon").executed == ALL
    assert edited.store.read_bytes() == before


def test_addopts_may_hold_the_option(single: Project) -> None:
    single.write_files(AB)
    single.write("pytest.ini", "[pytest]\naddopts = --testmon\n")
    assert single.pytest().executed == ALL
    assert single.pytest().executed == set()


def test_tmnet_is_refused(edited: Project) -> None:
    ran = edited.pytest("--tmnet")
    assert (ran.status, ran.executed) == (4, set())
    assert "ERROR: --tmnet is not supported" in ran.err


def test_collect_only_lists_what_would_run_and_records_nothing(edited: Project) -> None:
    before = edited.store.read_bytes()
    ran = edited.run("--collect-only", "-q")
    assert ran.status == 0
    assert [line for line in ran.out.splitlines() if "::" in line] == [AF, BF]
    assert edited.store.read_bytes() == before
    assert edited.run().executed == {AF, BF}


def test_the_store_may_be_elsewhere(single: Project) -> None:
    single.write_files(AB)
    for datafile in ("records.db", str(single.path / "absolute.db")):
        assert single.run(env={"TESTMON_DATAFILE": datafile}).executed == ALL
        assert single.run(env={"TESTMON_DATAFILE": datafile}).executed == set()
        assert (single.path / datafile).is_file()
    assert not single.store.exists()


def test_ignored_dependencies_are_accepted(single: Project) -> None:
    single.write_files(AB)
    single.write("pytest.ini", "[pytest]\ntestmon_ignore_dependencies = a-package another\n")
    single.record()
    assert single.run().executed == set()


def test_help_names_every_option(single: Project) -> None:
    text = single.pytest("--help").out
    for option in ("", "-noselect", "-nocollect", "-forceselect", "-env"):
        assert f"--testmon{option}" in text
    for word in (
        "--no-testmon",
        "--tmnet",
        "environment_expression",
        "testmon_ignore_dependencies",
    ):
        assert word in text


def test_the_plugin_beside_pytest_testmon(single: Project) -> None:
    single.write("beside/testmon/__init__.py", "")
    single.write("test_a.py", "def test_a(): pass\n")
    for args in ([], ["--testmon"]):
        ran = single.pytest(*args, env={"PYTHONPATH": str(single.path / "beside")})
        assert ran.status == 4
        assert ran.err.count("both installed") == 1
        assert "pip uninstall pytest-testmon" in ran.err
        assert "Traceback" not in ran.text
    assert nodes("test_a.py", "test_a") == single.run().executed
