"""Which tests run again, and which are left out: the promise seen from outside."""

from __future__ import annotations

import os

import pytest

from .project import Project, nodes

TWO = {
    "m.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n",
    "test_m.py": """
        from pathlib import Path

        import m

        Path(__file__).with_name("imported.txt").write_text("test_m was imported")


        def test_f():
            assert m.f() in (1, 2)


        def test_g():
            assert m.g() in (1, 2)
        """,
    "test_other.py": "def test_other(): pass\n",
}
F, G = "test_m.py::test_f", "test_m.py::test_g"
EDIT = ("def f():\n    return 1", "def f():\n    return 2")
UNDO = (EDIT[1], EDIT[0])


@pytest.fixture
def recorded(project: Project) -> Project:
    """A project with records of all its tests."""
    project.write_files(TWO)
    project.record()
    return project


def test_nothing_to_run_is_a_success(recorded: Project) -> None:
    ran = recorded.run()
    assert (ran.status, ran.executed, ran.deselected) == (0, set(), 3)
    assert "3 deselected" in ran.out


def test_a_file_whose_tests_are_all_fresh_is_not_imported(recorded: Project) -> None:
    recorded.delete("imported.txt")
    recorded.write("test_other.py", "def test_other(): assert 1\n")
    assert recorded.run().executed == nodes("test_other.py", "test_other")
    assert not (recorded.path / "imported.txt").exists()
    recorded.replace("m.py", *EDIT)
    assert recorded.run().executed == {F}
    assert (recorded.path / "imported.txt").exists()


def test_an_edit_and_its_undoing(recorded: Project) -> None:
    recorded.replace("m.py", *EDIT)
    assert recorded.run().executed == {F}
    recorded.replace("m.py", *UNDO)
    assert recorded.run().executed == set()
    recorded.replace("m.py", *EDIT)
    ran = recorded.run()
    assert (ran.executed, ran.deselected) == (set(), 3)


def test_an_edit_that_was_undone_before_any_run(recorded: Project) -> None:
    recorded.replace("m.py", *EDIT)
    recorded.replace("m.py", *UNDO)
    assert recorded.run().executed == set()


def test_switching_between_branches(recorded: Project) -> None:
    branches = {
        "main": recorded.read("m.py"),
        "feature": recorded.read("m.py").replace("return 1", "return 2"),
        "fix": recorded.read("m.py").replace(*EDIT),
    }
    for name in ("feature", "fix"):
        recorded.write("m.py", branches[name])
        recorded.run()
    for name in ("main", "feature", "fix", "main"):
        recorded.write("m.py", branches[name])
        assert recorded.run().executed == set(), name


def test_a_failure_runs_again_until_it_passes(project: Project) -> None:
    project.write_files(
        {
            "m.py": "def f():\n    return 1\n",
            "test_m.py": "import m\n\ndef test_f(): assert m.f() == 2\n\ndef test_g(): pass\n",
        }
    )
    assert project.run().status == 1
    for _ in range(2):
        ran = project.run()
        assert ran.ended("failed") == ran.executed == {F}
        assert (ran.status, ran.deselected) == (1, 1)
    project.replace("m.py", "return 1", "return 2")
    assert project.run().ended("passed") == {F}
    assert project.run().executed == set()
    project.replace("m.py", "return 2", "return 1")
    assert project.run().ended("failed") == {F}, "it failed like this before"


def test_a_flaky_failure_is_not_hidden_by_an_earlier_pass(project: Project) -> None:
    project.write(
        "test_m.py", "import os\n\ndef test_f(): assert 'BREAK' not in dict(os.environ)\n"
    )
    project.record()
    broken = project.run("--testmon-noselect", env={"BREAK": "1"})
    assert broken.ended("failed") == {F}
    assert project.run().ended("passed") == {F}
    assert project.run().executed == set()


def test_skips_and_expected_failures_wait_for_a_change(project: Project) -> None:
    project.write_files(
        {
            "m.py": "def ready():\n    return False\n\n\ndef works():\n    return False\n",
            "test_m.py": """
                import pytest

                import m

                @pytest.mark.skip
                def test_skipped(): pass

                def test_skips():
                    if not m.ready():
                        pytest.skip("not ready")

                @pytest.mark.xfail
                def test_xfails():
                    assert m.works()
                """,
        }
    )
    first = project.record()
    assert first.ended("skipped") == nodes("test_m.py", "test_skipped", "test_skips")
    assert first.ended("xfailed") == nodes("test_m.py", "test_xfails")
    assert project.run().executed == set()
    project.replace("m.py", "def ready():\n    return False", "def ready():\n    return True")
    assert project.run().ended("passed") == nodes("test_m.py", "test_skips")
    project.replace("m.py", "def works():\n    return False", "def works():\n    return True")
    assert project.run().ended("passed") == nodes("test_m.py", "test_xfails")
    project.replace("test_m.py", "@pytest.mark.skip\n", "")
    assert project.run().ended("passed") >= nodes("test_m.py", "test_skipped")


def test_tests_and_files_that_come_and_go(recorded: Project) -> None:
    recorded.write("test_m.py", recorded.read("test_m.py") + "\n\ndef test_new():\n    assert m\n")
    assert recorded.run().executed >= nodes("test_m.py", "test_new")
    recorded.replace("test_m.py", "def test_new", "def test_renamed")
    executed = recorded.run().executed
    assert executed >= nodes("test_m.py", "test_renamed")
    assert "test_other.py::test_other" not in executed
    recorded.replace("test_m.py", "\n\ndef test_renamed():\n    assert m\n", "")
    ran = recorded.run()
    assert not ran.executed - {F, G}
    assert recorded.run().deselected == 3
    recorded.move("test_m.py", "test_n.py")
    assert recorded.run().executed == nodes("test_n.py", "test_f", "test_g")
    recorded.delete("test_n.py")
    ran = recorded.run()
    assert (ran.executed, ran.deselected) == (set(), 1)


def test_a_deleted_module(project: Project) -> None:
    project.write_files(
        {
            "m.py": "def f(): return 1\n",
            "test_m.py": "def test_f():\n    import m\n    assert m.f()\n\ndef test_g(): pass\n",
        }
    )
    project.record()
    project.delete("m.py")
    assert project.run().ended("failed") == {F}


def test_a_syntax_error_that_is_taken_back(recorded: Project) -> None:
    good = recorded.read("m.py")
    recorded.write("m.py", good.replace("return 1", "return ]", 1))
    ran = recorded.run()
    assert ran.status != 0
    assert "test_other.py::test_other" not in ran.executed
    recorded.write("m.py", good)
    assert not recorded.run().executed & nodes("test_other.py", "test_other")
    assert recorded.run().executed == set()


def test_a_syntax_error_in_a_test_file(recorded: Project) -> None:
    good = recorded.read("test_m.py")
    recorded.write("test_m.py", good.replace("m.f() in", "m.f( in"))
    assert recorded.run().status != 0
    recorded.write("test_m.py", good.replace("m.f() in (1, 2)", "m.f() == 3"))
    assert recorded.run().ended("failed") == {F}


@pytest.mark.parametrize("name", ["m.py", "data.txt"])
def test_an_edit_that_leaves_size_and_time_alone(single: Project, name: str) -> None:
    single.write_files(
        {
            "m.py": "def f():\n    return 1\n",
            "data.txt": "return 1",
            "test_m.py": """
                import m

                def test_f():
                    assert m.f() and open("data.txt").read()

                def test_unconcerned(): pass
                """,
        }
    )
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    single.run(env=env)
    for now in ("return 2", "return 3"):
        before = (single.path / name).stat()
        text = single.read(name)
        (single.path / name).write_text(
            text[: text.index("return")] + now + "\n" * (name == "m.py")
        )
        os.utime(single.path / name, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = (single.path / name).stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert single.run(env=env).executed == {F}


def test_edits_of_the_same_size_in_the_same_second(single: Project) -> None:
    single.write_files(TWO)
    single.record()
    for result in (2, 3, 4):
        now = f"def f():\n    return {result}\n\n\ndef g():\n    return 1\n"
        (single.path / "m.py").write_text(now)
        assert single.run(env={"PYTHONDONTWRITEBYTECODE": "1"}).executed == {F}


def test_a_touched_file_is_no_change(recorded: Project) -> None:
    for name in ("m.py", "test_m.py", "test_other.py", "pytest.ini"):
        recorded.touch(name)
    ran = recorded.run()
    assert ran.executed == set()
    assert ran.header.startswith("nothing changed")


def test_an_edit_that_goes_back_in_time(recorded: Project) -> None:
    recorded.replace("m.py", *EDIT)
    os.utime(recorded.path / "m.py", (1_000_000_000, 1_000_000_000))
    assert recorded.run(env={"PYTHONDONTWRITEBYTECODE": "1"}).executed == {F}


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_what_a_stopped_run_did_not_reach_runs_next_time(single: Project, option: str) -> None:
    single.write(
        "test_m.py",
        "\n".join(f"def test_{i}(): assert {i} != 1\n" for i in range(4)),
    )
    first = single.run(option)
    assert first.order == ["test_m.py::test_0", "test_m.py::test_1"]
    second = single.run()
    assert second.executed == nodes("test_m.py", "test_1", "test_2", "test_3")
    assert single.run().executed == nodes("test_m.py", "test_1")


def test_a_change_survives_a_run_that_collects_nothing(recorded: Project) -> None:
    recorded.replace("m.py", *EDIT)
    recorded.write("test_broken.py", "raise RuntimeError\n")
    ran = recorded.run()
    assert ran.status != 0
    recorded.delete("test_broken.py")
    assert recorded.run().executed | ran.executed == {F}
    assert recorded.run().executed == set()


def test_an_interrupted_run_keeps_what_was_done(single: Project) -> None:
    single.write(
        "test_m.py",
        """
        import os

        def test_done(): pass

        def test_interrupted():
            if "INTERRUPT" in dict(os.environ):
                raise KeyboardInterrupt

        def test_not_reached(): pass
        """,
    )
    ran = single.run(env={"INTERRUPT": "1"})
    assert ran.status == 2
    assert single.run().executed == nodes("test_m.py", "test_interrupted", "test_not_reached")
