"""Measures one suite on one interpreter: bare pytest and testmonx in turn, in CPU time.

CPU time is user and system time of pytest and all its children, as wait4 reports it: what recording costs is
work, not waiting, and elapsed time on a shared machine says more about the neighbours. The runs of a pair follow
one another, in alternating order, so that a slow minute of the machine hits both; a ratio is the median of the
ratios of the pairs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from realsuites import sdist, session, venvs
from realsuites.catalogue import Suite
from realsuites.session import Run

PEER = "pytest-testmon==2.2.0"
_STORE = ".testmondata"
_BARE = ("-p", "no:testmonx")


@dataclass(frozen=True)
class Measurement:
    """CPU seconds of all runs of one suite on one interpreter; the lists go by pair."""

    suite: Suite
    version: str
    tests: int
    bare: list[float]
    recording: list[float]
    unchanged: list[float]
    start: list[float]
    peer: list[float]

    @property
    def ratio(self) -> float:
        """Recording over bare."""
        return _median_ratio(self.recording, self.bare)

    @property
    def peer_ratio(self) -> float | None:
        """The peer's recording over bare; None if it was not measured."""
        return _median_ratio(self.peer, self.bare) if self.peer else None


class MeasuringError(Exception):
    """A run ended otherwise than it should, so its time means nothing."""


def measure(suite: Suite, base: Path, version: str, pairs: int, *, with_peer: bool) -> Measurement:
    """Makes all runs of one suite on the interpreter `base`."""
    python = venvs.python_of(suite, base)
    peer = venvs.python_of(suite, base, extra=(PEER,)) if with_peer else None
    with tempfile.TemporaryDirectory(prefix="testmonx-bench-") as directory:
        runs = _Runs(suite, python, peer, sdist.unpack(suite, Path(directory)))
        tests = len(runs.warm_up())
        taken: dict[Callable[[], float], list[float]] = {run: [] for run in runs.of_a_pair()}
        for pair in range(pairs):
            in_turn = list(taken)
            for run in in_turn if pair % 2 == 0 else reversed(in_turn):
                taken[run].append(run())
        runs.recording()
        unchanged, start = [], []
        for _ in range(pairs):
            start.append(runs.start())
            unchanged.append(runs.unchanged())
    return Measurement(
        suite=suite,
        version=version,
        tests=tests,
        bare=taken[runs.bare],
        recording=taken[runs.recording],
        unchanged=unchanged,
        start=start,
        peer=taken.get(runs.peer_recording, []),
    )


class _Runs:
    """The kinds of run of one suite, each as a call that returns its CPU seconds."""

    def __init__(self, suite: Suite, python: Path, peer: Path | None, tree: Path) -> None:
        self._suite, self._python, self._peer, self._tree = suite, python, peer, tree
        self._empty = tree / "nothing_to_collect"
        self._empty.mkdir()

    def of_a_pair(self) -> list[Callable[[], float]]:
        """What is run in turn."""
        peer = [self.peer_recording] if self._peer is not None else []
        return [self.bare, self.recording, *peer]

    def warm_up(self) -> set[str]:
        """Lets the byte code be written; returns the tests there are."""
        return self._checked(session.run(self._python, self._suite, self._tree, *_BARE)).executed

    def bare(self) -> float:
        """pytest without testmonx."""
        return self._cpu(self._python, *_BARE)

    def recording(self) -> float:
        """testmonx with an empty store: everything runs and is recorded."""
        self._forget()
        return self._cpu(self._python, "--testmon")

    def peer_recording(self) -> float:
        """pytest-testmon with an empty store."""
        if self._peer is None:
            raise ValueError("the peer was not asked for")
        self._forget()
        taken = self._cpu(self._peer, "--testmon")
        self._forget()
        return taken

    def unchanged(self) -> float:
        """testmonx when nothing has changed."""
        return self._cpu(self._python, "--testmon")

    def start(self) -> float:
        """pytest's own start: it collects an empty directory (exit status 5: no tests)."""
        arguments = (*_BARE, "--collect-only", str(self._empty))
        return self._cpu(self._python, *arguments, whole=False, statuses=(5,))

    def _cpu(
        self, python: Path, *arguments: str, whole: bool = True, statuses: tuple[int, ...] = (0,)
    ) -> float:
        run = session.run(
            python, self._suite, self._tree, "-q", *arguments, logged=False, whole=whole
        )
        return self._checked(run, statuses).cpu

    def _checked(self, run: Run, statuses: tuple[int, ...] = (0,)) -> Run:
        if run.status not in statuses:
            raise MeasuringError(f"{self._suite.name}: exit status {run.status}\n{run.output}")
        return run

    def _forget(self) -> None:
        for path in self._tree.glob(f"{_STORE}*"):
            path.unlink()


def _median_ratio(these: list[float], those: list[float]) -> float:
    return median(this / that for this, that in zip(these, those, strict=True))
