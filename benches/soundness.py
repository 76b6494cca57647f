"""`make soundness`: mutants of real projects, and whether every test whose outcome they change is run.

make soundness                                                    all suites; writes docs/soundness.md's tables
make soundness SOUNDNESS_ARGS="--suites click,flask --mutants 20"  a part; only prints
make soundness SOUNDNESS_ARGS=--peer                              with pytest-testmon beside it

What was tried is kept in .build/soundness: the same command goes on where it was broken off.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from measure import PEER
from soundness_mutants import Mutant, mutants
from soundness_report import line, page
from soundness_trial import Lane, Lines, Trial, Truth, as_line

from realsuites import catalogue, sdist, venvs
from realsuites.catalogue import Suite

SUITES = ("click", "flask", "itsdangerous", "jinja2", "marshmallow", "mistune", "werkzeug")

_PAGE = catalogue.ROOT / "docs" / "soundness.md"
_RESULTS = catalogue.BUILD / "soundness"
_MEASURED = "<!-- measured -->\n"
_OURS = "testmonx"
_MEMORY = 8 * 2**30


def main() -> None:
    """Tries what the arguments ask for, prints the tables, and writes them if everything was tried."""
    arguments = _arguments()
    # A mutant that loops may also eat memory: this process and those that it starts have a bound.
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    trials: dict[str, list[Trial]] = {}
    for name in arguments.suites:
        suite = catalogue.all_suites()[name]
        for plugin, tried in tries(
            suite, arguments.mutants, arguments.seed, jobs=arguments.jobs, with_peer=arguments.peer
        ).items():
            trials.setdefault(plugin, []).extend(tried)
    version = ".".join(map(str, sys.version_info[:3]))
    text = page(trials, _command(), version, _commit())
    print(f"\n{text}")
    if arguments.write:
        before = _PAGE.read_text(encoding="utf-8").partition(_MEASURED)[0]
        _PAGE.write_text(f"{before}{_MEASURED}\n{text}", encoding="utf-8")


def tries(
    suite: Suite, wanted: int, seed: int, *, jobs: int = 1, with_peer: bool = False
) -> dict[str, list[Trial]]:
    """The trials of one suite by plugin, in the order of its mutants; mutants that break all tests are left out."""
    base = Path(sys.executable)
    pythons = {_OURS: venvs.python_of(suite, base)}
    if with_peer:
        pythons[PEER] = venvs.python_of(suite, base, extra=(PEER,))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    build = {_OURS: f"{_OURS}-{_wheel(version)}", PEER: PEER}
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
            self._lane = Lane(self.suite, self.pythons[_OURS], directory)
        return self._lane


def _wheel(version: str) -> str:
    """Names the build that is tried."""
    (wheel,) = (catalogue.ROOT / "dist").glob(f"testmonx-*-cp{version.replace('.', '')}-*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]


def _setting(suite: Suite) -> str:
    """What outcomes depend on beside the mutant: with other versions nothing that was tried counts."""
    pinned = (catalogue.ROOT / "requirements-dev.txt").read_bytes()
    return hashlib.sha256(pinned + repr(suite).encode()).hexdigest()[:8]


def _commit() -> str:
    git = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(git, cwd=catalogue.ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "an unknown commit"


def _command() -> str:
    given = " ".join(sys.argv[1:])
    return f'make soundness SOUNDNESS_ARGS="{given}"' if given else "make soundness"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--suites", default=",".join(SUITES), help="which, with commas between (default: all)"
    )
    parser.add_argument(
        "--mutants", type=int, default=35, help="how many of each suite (default: 35)"
    )
    parser.add_argument("--seed", type=int, default=1, help="other mutants (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default: 1)")
    parser.add_argument("--peer", action="store_true", help=f"try {PEER} as well")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {_PAGE.name}")
    arguments = parser.parse_args()
    arguments.suites = arguments.suites.split(",")
    unknown = set(arguments.suites) - set(catalogue.all_suites())
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))} (see tests/real/suites.toml)")
    return arguments


if __name__ == "__main__":
    main()
