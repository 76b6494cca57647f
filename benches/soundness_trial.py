"""Tries mutants on one suite: bare pytest says what had to run, the plugin under trial what it ran.

A lane is an unpacked tree with a recorded store; each mutant is made in the tree, tried over a copy of the store, and
taken back. What bare pytest said is kept by mutant, and what a plugin did by mutant and plugin, in files of JSON
lines: a run that is broken off goes on where it was, and a new build is tried without running bare pytest again.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from soundness_mutants import Mutant

from realsuites import sdist, session
from realsuites.catalogue import Suite

Outcomes = dict[str, list[str]]

# Tracebacks of a thousand failing tests cost more than the tests.
_OPTIONS = ("--continue-on-collection-errors", "--tb=no", "-q")
_LISTED = 5
_MINUTE = 60.0


@dataclass(frozen=True)
class Truth:
    """What bare pytest says of one mutant.

    `needed` are the nodes whose outcome it changes, `ran` the number of tests that ran the changed function (None if
    that is not known), `tests` the number of all, and `broken` the end of the output if no test ran any more.
    """

    needed: Outcomes
    ran: int | None
    tests: int
    broken: str = ""


@dataclass(frozen=True)
class Trial:
    """What one plugin did with one mutant."""

    suite: str
    kind: str
    mutant: str
    tests: int
    needed: int
    ran: int | None
    executed: int
    missed: list[str]
    alone: list[str]
    differing: list[str]
    status: int

    @property
    def is_safe(self) -> bool:
        """Every changed outcome was seen, and none is reported otherwise than bare pytest does."""
        return not self.missed and not self.differing


class TrialError(Exception):
    """A suite is not in the state that trials need."""


class Lines:
    """A file of JSON lines with a key each, safe for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        # A last line without its end was being written when the run was broken off.
        whole = text[: text.rfind("\n") + 1]
        self._known = {line["key"]: line["value"] for line in map(json.loads, whole.splitlines())}
        if whole != text:
            path.write_text(whole, encoding="utf-8")

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._known.get(key)

    def put(self, key: str, value: Any) -> None:
        """Adds a line."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            self._known[key] = value
            file.write(json.dumps({"key": key, "value": value}) + "\n")


class Lane:
    """One tree of a suite, its unchanged outcomes, and a store for each plugin that is tried."""

    def __init__(self, suite: Suite, python: Path, directory: Path) -> None:
        self.suite = suite
        self._python = python
        self._directory = directory
        self._tree = sdist.unpack(suite, directory / "tree")
        self._mtime = 1_700_000_000
        self._before: Outcomes | None = None
        self._unsteady: set[str] = set()
        self._stores: dict[Path, Path] = {}
        self._patience = 15 * _MINUTE

    def truth(self, mutant: Mutant) -> Truth:
        """Runs everything with bare pytest."""
        before = self._unchanged()
        with _Changed(self, replace(mutant, content=mutant.marked or mutant.content)):
            run = self._bare()
        if not any(node for node in run.outcomes if "::" in node):
            return Truth({}, None, len(before), run.output[-400:])
        needed = {
            node: outcome
            for node, outcome in run.outcomes.items()
            if outcome != before.get(node) and node not in self._unsteady
        }
        ran = len(run.marked) if mutant.marked is not None else None
        return Truth(needed, ran, len(before))

    def trial(self, mutant: Mutant, truth: Truth, python: Path) -> Trial:
        """Runs the plugin of another interpreter over a store recorded before the change."""
        store = self._recorded(python)
        copy = store.with_name("copy")
        shutil.copyfile(store, copy)
        with _Changed(self, mutant):
            run = session.run(
                python,
                self.suite,
                self._tree,
                "--testmon",
                *_OPTIONS,
                store=copy,
                longest=2 * self._patience,
            )
            missed = sorted(set(truth.needed) - run.executed)
            alone = [node for node in missed[:_LISTED] if self._changes_alone(node, truth)]
        differing = [
            node
            for node, outcome in run.outcomes.items()
            if node in truth.needed and outcome != truth.needed[node]
        ]
        return Trial(
            suite=self.suite.name,
            kind=mutant.kind,
            mutant=str(mutant),
            tests=truth.tests,
            needed=len(truth.needed),
            ran=truth.ran,
            executed=len([node for node in run.executed if "::" in node]),
            missed=missed,
            alone=alone,
            differing=sorted(differing),
            status=run.status,
        )

    def _changes_alone(self, node: str, truth: Truth) -> bool:
        """Whether a missed test changes also if it runs by itself: if not, it depends on the order of the tests."""
        run = self._bare(node, whole=False)
        return run.outcomes.get(node) == truth.needed[node]

    def _unchanged(self) -> Outcomes:
        """The outcomes without a change; what differs between two runs says nothing."""
        if self._before is None:
            self._before = self._bare().outcomes
            failing = sum("passed" not in "".join(seen[1:2]) for seen in self._before.values())
            if failing * 5 > len(self._before):
                raise TrialError(f"{self.suite.name}: {failing} tests do not pass unchanged")
            again = self._bare().outcomes
            self._unsteady = {
                node for node, seen in again.items() if self._before.get(node) != seen
            }
            if len(self._unsteady) * 20 > len(self._before):
                raise TrialError(f"{self.suite.name}: too many outcomes differ from run to run")
        return self._before

    def _recorded(self, python: Path) -> Path:
        if python not in self._stores:
            directory = self._directory / f"store-{len(self._stores)}"
            directory.mkdir()
            store = directory / "recorded"
            run = session.run(python, self.suite, self._tree, "--testmon", *_OPTIONS, store=store)
            if not store.exists() or not run.outcomes:
                raise TrialError(f"{self.suite.name}: nothing was recorded\n{run.output[-2000:]}")
            self._stores[python] = store
        return self._stores[python]

    def _bare(self, *arguments: str, whole: bool = True) -> session.Run:
        options = ("-p", "no:testmonx", *_OPTIONS, *arguments)
        run = session.run(
            self._python, self.suite, self._tree, *options, whole=whole, longest=self._patience
        )
        self._patience = min(self._patience, _MINUTE + 10 * run.elapsed)
        return run

    def write(self, path: str, content: bytes) -> None:
        """Writes a file with an mtime that none had before, so that no byte code passes for another content's."""
        self._mtime += 10
        file = self._tree / path
        file.write_bytes(content)
        os.utime(file, (self._mtime, self._mtime))

    def read(self, path: str) -> bytes:
        """A file of the tree."""
        return (self._tree / path).read_bytes()


class _Changed:
    """The mutant is in the tree while this context is open."""

    def __init__(self, lane: Lane, mutant: Mutant) -> None:
        self._lane, self._mutant = lane, mutant
        self._before = lane.read(mutant.path)

    def __enter__(self) -> None:
        self._lane.write(self._mutant.path, self._mutant.content.encode())

    def __exit__(self, *_: object) -> None:
        self._lane.write(self._mutant.path, self._before)


def as_line(record: Truth | Trial) -> dict[str, Any]:
    """A record as JSON."""
    return asdict(record)
