"""The settings: where they can stand, which one wins, and what nonsense is answered with."""

from __future__ import annotations

import pytest

from testmonx.plugin import XDIST_SETTINGS

from .conftest import LATER, Meeting


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("CONTROLLER_PRECREATION", "maybe", "true, yes, on, 1, false, no, off, 0"),
        ("DEBUG", "2", "true, yes, on, 1, false, no, off, 0"),
        ("WORKER_TIMEOUT", "soon", "a number of seconds from 0.001 to 86400"),
        ("CHECK_INTERVAL", "-1", "a number of seconds from 0.001 to 86400"),
        ("BACKOFF_FACTOR", "0.5", "a number from 1 to 100"),
        ("MAX_INTERVAL", "nan", "a number of seconds from 0.001 to 86400"),
    ],
)
def test_nonsense_is_a_usage_error(meeting: Meeting, name: str, value: str, allowed: str) -> None:
    variable = f"TESTMON_XDIST_{name}"
    ran = meeting.run(env={variable: value})
    assert ran.status == 4
    assert f"{variable} is `{value}` in the environment (allowed: {allowed})" in ran.err
    option = variable.lower()
    ran = meeting.run("-o", f"{option}={value}")
    assert ran.status == 4
    assert f"{option} is `{value}` in `pytest.ini` (allowed: {allowed})" in ran.err
    assert "Traceback" not in ran.text


def test_pytest_lists_them(meeting: Meeting) -> None:
    listed = meeting.pytest("--help").out
    assert [name for name in XDIST_SETTINGS if name not in listed] == []


@pytest.mark.parametrize("value", ["1", "yes", "True", "on"])
def test_an_ini_option(meeting: Meeting, value: str) -> None:
    _ = meeting.trail
    meeting.write(
        "pytest.ini",
        f"[pytest]\naddopts = -p no:asyncio -p no:cov -p no:hypothesispytest\n"
        f"testmon_xdist_controller_precreation = {value}\n",
    )
    ran = meeting.run()
    assert (ran.status, ran.executed) == (0, LATER), "what is recorded already still counts"
    assert [line for line in meeting.trail if "worker_gw0_ready" in line]
    meeting.assert_clean()


def test_pyproject_and_the_variable_that_wins(meeting: Meeting) -> None:
    _ = meeting.trail
    meeting.delete("pytest.ini")
    meeting.write(
        "pyproject.toml",
        """
        [tool.pytest.ini_options]
        addopts = "-p no:asyncio -p no:cov -p no:hypothesispytest"
        testmon_xdist_controller_precreation = true
        testmon_xdist_worker_timeout = 20
        """,
    )
    assert meeting.run().executed == LATER
    assert [line for line in meeting.trail if "worker_gw0_ready" in line]
    meeting.replace("pyproject.toml", "timeout = 20", "timeout = 'soon'")
    ran = meeting.run()
    assert ran.status == 4
    assert "testmon_xdist_worker_timeout is `soon` in `pyproject.toml`" in ran.err
    off = {
        "TESTMON_XDIST_CONTROLLER_PRECREATION": "off",
        "TESTMON_XDIST_WORKER_TIMEOUT": "5",
    }
    _ = meeting.trail
    assert meeting.run(env=off).status == 0
    assert not [line for line in meeting.trail if "_ready" in line]


def test_they_make_no_other_environment(meeting: Meeting) -> None:
    meeting.record()
    settings = [f"-o{name}=1" for name in XDIST_SETTINGS]
    ran = meeting.run(*settings)
    assert (ran.status, ran.executed) == (0, set())
    assert ran.header.startswith("nothing changed")


def test_without_xdist_they_do_nothing(meeting: Meeting) -> None:
    _ = meeting.trail
    meeting.mode = ()
    ran = meeting.run("-o", "testmon_xdist_controller_precreation=1", "-o", "testmon_xdist_debug=1")
    assert (ran.executed, ran.warnings) == (LATER, [])
    assert not [line for line in meeting.trail if "_ready" in line]
    assert "xdist: " not in ran.out
