"""A small project under test: its files, edits of them, and runs of pytest over it.

What ran is read from pytest's own JUnit file, so that neither testmonx nor the terminal's layout can
colour it; counts and lines of text come from the terminal, as users see them.

Code under test that is to behave in one way or another, and not by something that is a dependency, looks into
``dict(os.environ)``: a copy counts for none of the variables.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from launcher import Launcher, launcher

PARALLEL = ("-n", "2")

_OUTER_RUN = ("PYTEST_ADDOPTS", "PYTEST_XDIST", "PYTEST_PLUGINS", "TESTMON", "COV", "PYTHON")
"""So begin the names of environment variables that would carry this run's ways into the inner one."""

_INI = """
    [pytest]
    addopts = -p no:asyncio -p no:cov -p no:hypothesispytest
    """
"""Marks the rootdir, and leaves plugins out that most tests do not need but would wait for."""

_PATIENCE = 120.0
"""Seconds that an inner run may take; one that takes more hangs."""

_WORSE = ("passed", "skipped", "xfailed", "failed", "error")


@dataclass(frozen=True)
class Ran:
    """What one run of pytest did and said."""

    status: int
    outcomes: Mapping[str, str]
    out: str
    err: str

    @property
    def executed(self) -> set[str]:
        """The node IDs of all tests that ran, whatever their outcome."""
        return set(self.outcomes)

    @property
    def order(self) -> list[str]:
        """The node IDs in the order in which the tests ran."""
        return list(self.outcomes)

    def ended(self, outcome: str) -> set[str]:
        """The node IDs of the tests with this outcome: passed, skipped, xfailed, failed or error."""
        return {node for node, ended in self.outcomes.items() if ended == outcome}

    @property
    def deselected(self) -> int:
        """The count in pytest's last line."""
        found = re.search(r"(\d+) deselected", self.out.splitlines()[-1] if self.out else "")
        return int(found[1]) if found else 0

    @property
    def said(self) -> list[str]:
        """All lines that come from testmonx, warnings among them, without its name."""
        mark = "testmonx: "
        return [line.removeprefix(mark) for line in self.text.splitlines() if line.startswith(mark)]

    @property
    def header(self) -> str:
        """What testmonx says first; empty if it is silent."""
        return next((line for line in self.said if "; environment: " in line), "")

    @property
    def summary(self) -> str:
        """What testmonx says last; empty if it is silent."""
        return next((line for line in reversed(self.said) if re.match(r"\d+ tests? ran", line)), "")

    @property
    def warnings(self) -> list[str]:
        """What testmonx warns of."""
        mark = "warning: "
        return [line.removeprefix(mark) for line in self.said if line.startswith(mark)]

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err


class Project:
    """pytester's directory with a ``pytest.ini`` in it, and how pytest is to run over it."""

    def __init__(
        self,
        pytester: pytest.Pytester,
        monkeypatch: pytest.MonkeyPatch,
        mode: tuple[str, ...] = (),
    ) -> None:
        self.path = pytester.path
        self.mode = mode
        self.preparation = ""
        self.python = Path(sys.executable)
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        self._mtime = 1_700_000_000
        self._reports = 0
        for name in [name for name in os.environ if name.startswith(_OUTER_RUN)]:
            monkeypatch.delenv(name)
        self.write("pytest.ini", _INI)

    def write(self, name: str, text: str) -> Path:
        """Writes a file, with an mtime of its own so that no ``.pyc`` can pass for another content."""
        return self.write_bytes(name, textwrap.dedent(text).lstrip("\n").encode())

    def write_bytes(self, name: str, content: bytes) -> Path:
        """The same for a content that is no text."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.touch(name)
        return path

    def write_files(self, files: Mapping[str, str]) -> None:
        """Writes several files."""
        for name, text in files.items():
            self.write(name, text)

    def touch(self, name: str) -> None:
        """Gives a file an mtime that no file had before."""
        self.stamp(self.path / name)

    def stamp(self, path: Path) -> None:
        """The same for a file that lies anywhere."""
        self._mtime += 10
        os.utime(path, (self._mtime, self._mtime))

    def read(self, name: str) -> str:
        """A file's content."""
        return (self.path / name).read_text(encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Edits a file at the one place where ``old`` stands."""
        text = self.read(name)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write_bytes(name, text.replace(old, new).encode())

    def delete(self, name: str) -> None:
        """Removes a file."""
        (self.path / name).unlink()

    def move(self, name: str, new: str) -> None:
        """Renames a file."""
        (self.path / name).rename(self.path / new)

    @property
    def store(self) -> Path:
        """Where the records are."""
        return self.path / ".testmondata"

    def run(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ran:
        """Runs ``pytest --testmon`` in this project's mode."""
        return self.pytest("--testmon", *self.mode, *args, stdin=stdin, env=env)

    def record(self, *args: str) -> Ran:
        """A run in which all is well, usually the first one."""
        ran = self.run(*args)
        assert ran.status == 0
        assert not ran.warnings
        return ran

    def pytest(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ran:
        """Runs pytest with these arguments alone."""
        self._reports += 1
        junit = self.path.parent / f"{self.path.name}-{self._reports}.xml"
        reporting = (f"--junitxml={junit}", "-o", "junit_family=xunit1")
        return self._run(self._command(*args, *reporting), junit, stdin, env)

    def _command(self, *args: str) -> tuple[str, ...]:
        """What runs pytest, in a process that ``preparation`` (a Python script) was run in before."""
        command = (str(self.python), "-m", "pytest", *args)
        if not self.preparation:
            return command
        script = f"{self.preparation}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])"
        return (sys.executable, "-c", script, *command)

    def testmonx(self, *args: str) -> Ran:
        """Runs the ``testmonx`` command."""
        return self._run((Path(sys.executable).with_name("testmonx"), *args))

    def _run(
        self,
        command: tuple[str | Path, ...],
        junit: Path | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        with self._monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            status, out, err = self._ended(command, stdin.encode())
        outcomes = _outcomes(junit) if junit and junit.exists() else {}
        return Ran(status, outcomes, out, err)

    def _ended(self, command: tuple[str | Path, ...], stdin: bytes) -> tuple[int, str, str]:
        """The status and the streams of a command, which is forked if it is pytest under this interpreter."""
        is_pytest = command[:3] == (sys.executable, "-m", "pytest")
        if not is_pytest or not Launcher.can_run(os.environ):
            ran = self._pytester.run(*command, timeout=_PATIENCE, stdin=stdin)
            return int(ran.ret), ran.stdout.str(), ran.stderr.str()
        arguments = [str(argument) for argument in command[3:]]
        # As pytester has it.
        path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path}
        done = launcher().run(arguments, Path.cwd(), environment, stdin, _PATIENCE)
        out, err = (text.decode(errors="replace") for text in (done.out, done.err))
        # pytest shows it if the test fails.
        print("ran: pytest", *arguments, out, err, sep="\n")
        return done.status, out, err

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Starts ``pytest --testmon`` in this project's mode and does not wait for it."""
        command = self._command("--testmon", *self.mode, *args)
        with self.output.open("w") as output:
            started: subprocess.Popen[bytes] = self._pytester.popen(
                command, stdout=output, stderr=output
            )
        return started

    @property
    def output(self) -> Path:
        """What the latest run that was started has said so far."""
        return self.path.parent / f"{self.path.name}.out"


def nodes(file: str, *names: str) -> set[str]:
    """The node IDs of tests of one file."""
    return {f"{file}::{name}" for name in names}


def _outcomes(junit: Path) -> dict[str, str]:
    """Node IDs with their outcomes, in the order in which the tests ran."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        if not case.get("classname"):
            continue  # A file that could not be collected.
        node = _node_id(case)
        outcome = _outcome(case)
        if _WORSE.index(outcome) >= _WORSE.index(found.get(node, "passed")):
            found[node] = outcome
    return found


def _outcome(case: ElementTree.Element) -> str:
    for tag in ("error", "failure"):
        if case.find(tag) is not None:
            return "error" if tag == "error" else "failed"
    skipped = case.find("skipped")
    if skipped is None:
        return "passed"
    return "xfailed" if skipped.get("type") == "pytest.xfail" else "skipped"


def _node_id(case: ElementTree.Element) -> str:
    """pytest writes ``classname``, the node ID's path and classes with dots, and ``name``."""
    file, name = case.get("file", ""), case.get("name", "")
    module = file.removesuffix(".py").replace("/", ".")
    classes = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join([file, *filter(None, classes.split(".")), name])
