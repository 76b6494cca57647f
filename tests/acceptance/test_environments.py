"""What all tests depend on at once: another environment starts anew, and the old one is kept."""

from __future__ import annotations

import pytest

from .project import Project, nodes

ONE = nodes("test_m.py", "test_one")


@pytest.fixture
def recorded(single: Project) -> Project:
    """A project with records of its only test."""
    single.write("test_m.py", "def test_one(): pass\n")
    single.write(
        "conftest.py",
        """
        def pytest_addoption(parser):
            parser.addoption("--runslow", action="store_true")
            parser.addoption("--service", default="local")
        """,
    )
    single.record()
    return single


def test_a_named_environment(recorded: Project) -> None:
    ran = recorded.run("--testmon-env", "postgres")
    assert ran.executed == ONE
    assert "new environment" in ran.header
    assert ran.header.endswith("environment: postgres")
    assert recorded.run("--testmon-env", "postgres").executed == set()
    assert recorded.run().executed == set()


def test_an_expression_names_the_environment(recorded: Project) -> None:
    recorded.write(
        "pytest.ini",
        recorded.read("pytest.ini")
        + "environment_expression = os.environ.get('DB', '') + md5('x')[:2]\n",
    )
    first = recorded.run(env={"DB": "mysql-"})
    assert first.executed == ONE
    assert first.header.endswith("environment: mysql-9d")
    assert recorded.run(env={"DB": "mysql-"}).executed == set()
    assert recorded.run(env={"DB": "oracle-"}).executed == ONE
    assert recorded.run(env={"DB": "mysql-"}).executed == set()


def test_an_expression_that_cannot_be_evaluated(recorded: Project) -> None:
    recorded.write("pytest.ini", "[pytest]\nenvironment_expression = nowhere.name\n")
    ran = recorded.run()
    assert ran.status == 4
    assert "environment_expression `nowhere.name` cannot be evaluated: NameError" in ran.err
    assert recorded.pytest().status == 0, "without --testmon it is not looked at"


@pytest.mark.parametrize("args", [["--runslow"], ["--service=remote"], ["--strict-markers"]])
def test_options_that_can_change_an_outcome(recorded: Project, args: list[str]) -> None:
    ran = recorded.run(*args)
    assert ran.executed == ONE
    assert "new environment" in ran.header
    assert recorded.run(*args).executed == set()
    assert recorded.run().executed == set()


@pytest.mark.parametrize(
    "args",
    [
        ["-v", "--tb=short", "--durations=3", "-rA", "--color=yes"],
        ["-s", "-l", "--no-header"],
        ["-p", "no:cacheprovider"],
        ["--junitxml=out.xml", "--basetemp=base"],
        ["-n", "1"],
    ],
)
def test_options_that_change_no_outcome(recorded: Project, args: list[str]) -> None:
    assert recorded.run(*args).executed == set()


def test_an_ini_option_that_can_change_an_outcome(recorded: Project) -> None:
    recorded.write("pytest.ini", recorded.read("pytest.ini") + "xfail_strict = true\n")
    ran = recorded.run()
    assert ran.executed == ONE
    assert "xfail" in ran.header, "pytest 9 has another name for the option"


def test_ini_options_that_change_no_outcome(recorded: Project) -> None:
    recorded.write(
        "pytest.ini",
        "# Commented.\n[pytest]\naddopts = -v -p no:asyncio -p no:cov -p no:hypothesispytest\ntestpaths = .\n",
    )
    assert recorded.run().executed == set()


@pytest.mark.parametrize(
    "options", [("-p", "no:monkeypatch"), ("-o", "log_cli_level=DEBUG"), ("--log-file-level=INFO",)]
)
def test_what_changes_fixtures_and_levels_is_another_environment(
    recorded: Project, options: tuple[str, ...]
) -> None:
    ran = recorded.run(*options)
    assert ran.executed == ONE
    assert "new environment" in ran.header
    assert recorded.run().executed == set()


def test_a_plugin_that_the_environment_names(recorded: Project) -> None:
    recorded.write("plugged.py", "def pytest_runtest_call(item): assert item.name != 'test_one'\n")
    assert recorded.run(env={"PYTEST_PLUGINS": "plugged"}).ended("failed") == ONE
    assert recorded.run().executed == set()


@pytest.mark.parametrize("option", ["--setup-only", "--setup-plan"])
def test_a_test_that_was_only_set_up_has_not_passed(single: Project, option: str) -> None:
    single.write("test_m.py", "def test_one(): assert 0\n")
    single.run(option)
    assert single.run().executed == ONE


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"PYTHONOPTIMIZE": "1"}, "Python flag optimize: new, 1"),
        ({"PYTHONWARNINGS": "error"}, "Python warnings: new, error"),
    ],
)
def test_how_the_interpreter_is_started(recorded: Project, env: dict[str, str], named: str) -> None:
    ran = recorded.run(env=env)
    assert ran.executed == ONE
    assert named in ran.header
    assert recorded.run(env=env).executed == set()
    assert recorded.run().executed == set()


def test_where_imports_are_looked_up(recorded: Project) -> None:
    recorded.write("lib/m.py", "")
    env = {"PYTHONPATH": str(recorded.path / "lib")}
    ran = recorded.run(env=env)
    assert ran.executed == ONE
    assert "import path" in ran.header
    assert recorded.run().executed == set()


def test_an_update_of_snapshots_leaves_no_test_out(recorded: Project) -> None:
    text = recorded.read("conftest.py")
    option = 'parser.addoption("--snapshot-update", action="store_true")'
    recorded.write(
        "conftest.py", text.replace("parser.addoption", f"{option}\n    parser.addoption", 1)
    )
    recorded.record()
    for _ in range(2):
        ran = recorded.run("--snapshot-update")
        assert ran.executed == ONE
        assert "--snapshot-update" in ran.header
