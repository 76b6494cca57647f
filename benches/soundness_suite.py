"""Tries the mutants of one suite, with several lanes at once if wanted; what was tried is kept in .build/soundness."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from measure import PEER
from soundness_mutants import Mutant, mutants
from soundness_report import line
from soundness_trial import Lane, Lines, Trial, Truth, as_line

from realsuites import catalogue, sdist, venvs
from realsuites.catalogue import Suite

OURS = "testmonx"

_RESULTS = catalogue.BUILD / "soundness"


def tries(
    suite: Suite, wanted: int, seed: int, *, jobs: int = 1, with_peer: bool = False
) -> dict[str, list[Trial]]:
    """The trials of one suite by plugin, in the order of its mutants; mutants that break all tests are left out."""
    base = Path(sys.executable)
    pythons = {OURS: venvs.python_of(suite, base)}
    if with_peer:
        pythons[PEER] = venvs.python_of(suite, base, extra=(PEER,))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    build = {OURS: f"{OURS}-{_wheel(version)}", PEER: PEER}
    place = f"{suite.name}-{version}-{_setting(suite)}.jsonl"
    truths = Lines(_RESULTS / f"bare-{place}")
    tried = {plugin: Lines(_RESULTS / f"{build[plugin]}-{place}") for plugin in pythons}
    with tempfile.TemporaryDirectory(prefix="testmonx-soundness-") as directory:
        chosen = mutants(sdist.unpack(suite, Path(directory)), suite.source, wanted, seed)
        lanes = [
            _Lane(number, suite, pythons, Path(directory), truths, tried) for number in range(jobs)
        ]
        with ThreadPoolExecutor(jobs) as threads:
            results = threads.map(lambda lane: list(lane.take(chosen[lane.number :: jobs])), lanes)
            by_key = {key: trials for result in results for key, trials in result}
    order = [mutant.key for mutant in chosen if by_key.get(mutant.key)]
    return {plugin: [by_key[key][plugin] for key in order] for plugin in pythons}


@dataclass
class _Lane:
    """Takes its share of the mutants, one after the other."""

    number: int
    suite: Suite
    pythons: dict[str, Path]
    directory: Path
    truths: Lines
    tried: dict[str, Lines]
    _lane: Lane | None = None

    def take(self, share: list[Mutant]) -> Iterator[tuple[str, dict[str, Trial]]]:
        """For each mutant its key and what each plugin did; nothing for one that breaks all tests."""
        for mutant in share:
            truth = self._truth(mutant)
            trials = (
                {} if truth.broken else {p: self._trial(mutant, truth, p) for p in self.pythons}
            )
            for plugin, trial in trials.items():
                print(line(trial, plugin), flush=True)
            yield mutant.key, trials

    def _truth(self, mutant: Mutant) -> Truth:
        known = self.truths.get(mutant.key)
        if known is None:
            known = as_line(self._opened().truth(mutant))
            self.truths.put(mutant.key, known)
        return Truth(**known)

    def _trial(self, mutant: Mutant, truth: Truth, plugin: str) -> Trial:
        known = self.tried[plugin].get(mutant.key)
        if known is None:
            known = as_line(self._opened().trial(mutant, truth, self.pythons[plugin]))
            self.tried[plugin].put(mutant.key, known)
        # The class counts as it is drawn now.
        return replace(Trial(**known), kind=mutant.kind)

    def _opened(self) -> Lane:
        """The lane, unpacked when it is first needed."""
        if self._lane is None:
            directory = self.directory / f"lane-{self.number}"
            directory.mkdir()
            self._lane = Lane(self.suite, self.pythons[OURS], directory)
        return self._lane


def _wheel(version: str) -> str:
    """Names the build that is tried."""
    (wheel,) = (catalogue.ROOT / "dist").glob(f"testmonx-*-cp{version.replace('.', '')}-*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]


def _setting(suite: Suite) -> str:
    """What outcomes depend on beside the mutant: with other versions nothing that was tried counts."""
    pinned = (catalogue.ROOT / "requirements-dev.txt").read_bytes()
    return hashlib.sha256(pinned + repr(suite).encode()).hexdigest()[:8]
