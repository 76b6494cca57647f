"""pytest-xdist: one selection for all workers, and records from each of them."""

from __future__ import annotations

import pytest

from .project import Project, nodes

FILES = {
    "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
    "test_a.py": """
        import pytest

        import m

        class TestIn:
            def test_f(self): assert m.f()

            def test_g(self): assert m.g()

        @pytest.mark.xdist_group("together")
        def test_af(): assert m.f()

        @pytest.mark.parametrize("number", range(4))
        def test_ag(number): assert m.g() + number
        """,
    "test_b.py": """
        import pytest

        import m

        @pytest.mark.xdist_group("together")
        def test_bf(): assert m.f()

        def test_bg(): assert m.g()
        """,
}
USING_F = nodes("test_a.py", "TestIn::test_f", "test_af") | nodes("test_b.py", "test_bf")
USING_G = nodes("test_a.py", "TestIn::test_g", *(f"test_ag[{n}]" for n in range(4))) | nodes(
    "test_b.py", "test_bg"
)
EDIT_F = ("def f():\n    return 1", "def f():\n    return 2")
EDIT_G = ("def g():\n    return 1", "def g():\n    return 2")


def plain(found: set[str]) -> set[str]:
    """Node IDs without the group that xdist appends."""
    return {node.partition("@")[0] for node in found}


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_every_way_to_distribute(single: Project, dist: str) -> None:
    args = ("-n", "2", "--dist", dist)
    single.write_files(FILES)
    assert plain(single.record(*args).executed) == USING_F | USING_G
    ran = single.run(*args)
    assert (ran.status, ran.executed, ran.deselected) == (0, set(), 9)
    single.replace("m.py", *EDIT_F)
    assert plain(single.run(*args).executed) == USING_F
    single.replace("m.py", *EDIT_G)
    assert single.run().executed == USING_G, "in one process, over the same store"
    assert single.run(*args).executed == set()


def test_every_worker_runs_every_test(single: Project) -> None:
    args = ("--tx", "2*popen", "--dist", "each")
    single.write_files(FILES)
    assert single.record(*args).executed == USING_F | USING_G
    assert single.run(*args).executed == set()
    single.replace("m.py", *EDIT_F)
    assert single.run(*args).executed == USING_F
    assert single.run().executed == set()


@pytest.mark.parametrize("count", ["0", "1", "8", "auto"])
def test_any_number_of_workers(single: Project, count: str) -> None:
    single.write_files(FILES)
    assert single.record("-n", count).executed == USING_F | USING_G
    single.replace("m.py", *EDIT_F)
    ran = single.run("-n", count)
    assert (ran.executed, ran.deselected) == (USING_F, 6)
    assert single.run("-n", count).executed == set()


def test_serial_and_parallel_runs_over_one_store_in_any_order(single: Project) -> None:
    single.write_files(FILES)
    single.record("-n", "2")
    assert single.run().executed == set()
    single.replace("m.py", *EDIT_F)
    assert single.run().executed == USING_F
    assert single.run("-n", "2").executed == set()
    single.replace("m.py", *EDIT_G)
    assert single.run("-n", "2").executed == USING_G
    assert single.run("-n", "1").executed == set()


def test_the_header_and_the_counts_are_the_controller_s(single: Project) -> None:
    single.write_files(FILES)
    single.record("-n", "2")
    single.replace("m.py", *EDIT_F)
    ran = single.run("-n", "2")
    assert ran.header == "changed: m.py; 3 of 9 tests affected; environment: default"
    assert ran.summary.startswith("3 tests ran, 6 left out, ")
    assert len(ran.said) == 2


def test_failures_under_load(single: Project) -> None:
    single.write_files(FILES)
    single.replace("m.py", *("def f():\n    return 1", "def f():\n    return 0"))
    args = ("-n", "2", "--dist", "loadgroup")
    assert plain(single.run(*args).ended("failed")) == USING_F
    assert plain(single.run(*args).executed) == USING_F
    assert single.run().executed == USING_F
    single.replace("m.py", "return 0", "return 1")
    assert plain(single.run(*args).ended("passed")) == USING_F
    assert single.run().executed == set()


@pytest.mark.parametrize("option", ["-x", "--maxfail=2"])
def test_a_run_that_stops_early(single: Project, option: str) -> None:
    names = [f"test_{i}" for i in range(20)]
    single.write(
        "test_m.py",
        "import time\n\n"
        + "\n".join(
            f"def {name}(): time.sleep(0.02); assert {name!r} != 'test_3'\n" for name in names
        ),
    )
    first = single.run("-n", "2", option)
    assert first.status != 0
    second = single.run("-n", "2")
    assert second.executed >= nodes("test_m.py", *names) - first.ended("passed")
    assert second.ended("failed") == nodes("test_m.py", "test_3")
    assert single.run("-n", "2").executed == nodes("test_m.py", "test_3")


def test_a_worker_that_dies(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import os

        def test_before(): pass

        def test_dies():
            if "DIE" in dict(os.environ):
                os._exit(1)

        def test_after(): pass

        def test_later(): pass
        """,
    )
    ran = single.run("-n", "2", env={"DIE": "1"})
    assert ran.status == 1
    assert "worker 'gw" in ran.out and "crashed" in ran.out
    assert "Traceback" not in ran.err
    assert not ran.warnings
    assert "test_m.py::test_dies" in single.run("-n", "2", env={"DIE": "1"}).executed
    assert "test_m.py::test_dies" in single.run("-n", "2").ended("passed")
    assert single.run().executed == set()


def test_a_worker_that_dies_on_a_test_that_had_passed(single: Project) -> None:
    single.write_files(
        {
            "test_m.py": """
                import os

                def test_dies():
                    if "DIE" in dict(os.environ):
                        os._exit(1)

                def test_other(): pass
                """,
        }
    )
    single.record("-n", "2")
    assert single.run("-n", "2", "--testmon-noselect", env={"DIE": "1"}).status == 1
    assert single.run().ended("passed") == nodes("test_m.py", "test_dies")


def test_a_lost_worker_that_is_not_replaced(single: Project) -> None:
    single.write(
        "test_m.py",
        "import os\n\ndef test_dies():\n    if 'DIE' in dict(os.environ): os._exit(1)\n\n"
        + "\n".join(f"def test_{i}(): pass\n" for i in range(6)),
    )
    ran = single.run("-n", "1", "--max-worker-restart=0", env={"DIE": "1"})
    assert ran.status != 0
    everything = nodes("test_m.py", "test_dies", *(f"test_{i}" for i in range(6)))
    assert single.run().executed >= everything - ran.ended("passed")
    assert single.run("-n", "1").executed == set()


def test_noselect_and_nocollect(single: Project) -> None:
    single.write_files(FILES)
    single.record("-n", "2")
    single.replace("m.py", *EDIT_F)
    before = single.store.read_bytes()
    for _ in range(2):
        assert single.pytest("-n", "2", "--testmon-nocollect").executed == USING_F
    assert single.store.read_bytes() == before
    assert single.pytest("-n", "2", "--testmon-noselect").executed == USING_F | USING_G
    assert single.run("-n", "2").executed == set()


def test_no_worker_opens_the_store(single: Project) -> None:
    single.write_files(
        {
            "conftest.py": """
                import os

                def pytest_sessionfinish(session):
                    if hasattr(session.config, "workerinput"):
                        for fd in os.listdir("/proc/self/fd"):
                            try:
                                target = os.readlink(f"/proc/self/fd/{fd}")
                            except OSError:
                                continue
                            assert ".testmondata" not in target
                """,
            "test_m.py": "def test_one(): pass\n\ndef test_two(): pass\n",
        }
    )
    ran = single.record("-n", "2")
    assert "AssertionError" not in ran.text


def test_without_xdist(single: Project) -> None:
    single.write_files(FILES)
    assert single.record("-p", "no:xdist").executed == USING_F | USING_G
    single.replace("m.py", *EDIT_F)
    assert single.run("-p", "no:xdist").executed == USING_F


def test_many_files_and_tests(single: Project) -> None:
    for file in range(12):
        single.write(
            f"test_{file}.py",
            "import pytest\n\n@pytest.mark.parametrize('n', range(40))\ndef test_m(n): pass\n",
        )
    assert len(single.record("-n", "4").executed) == 480
    ran = single.run("-n", "4")
    assert (ran.executed, ran.deselected) == (set(), 480)
