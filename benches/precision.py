"""`make precision`: how many tests a change of real projects' code would run, by `testmonx status`.

make precision                                                         writes docs/precision.md
make precision PRECISION_ARGS="--suites flask --changes 10 --reasons"  a part; only prints

A suite is recorded once, and then changed at random places, one at a time, as `make soundness` does. No test runs for a
change, so that hundreds take a few minutes; whether what would run is enough is for `make soundness` to say.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean, median

from chosen import add_suite_list, parsed_list
from soundness import SUITES
from soundness_mutants import Mutant, of_class

from realsuites import catalogue, sdist, session, venvs
from realsuites.catalogue import Suite

_PAGE = catalogue.ROOT / "docs" / "precision.md"
_KINDS = ("module", "class", "default", "decorator")
_TOTAL = re.compile(r"^(\d+) of (\d+) known tests would run", re.MULTILINE)
_REASON = re.compile(r"^\s+(\d+) \S (.*?)(?: \(and \d+ more\))?$", re.MULTILINE)


@dataclass(frozen=True)
class _Change:
    """One change: the share of the suite's tests that it would run, and why."""

    suite: str
    mutant: Mutant
    share: float
    reasons: Counter[str]


def main() -> None:
    """Tries what the arguments ask for, prints the table, and writes the page if everything was tried."""
    arguments = _arguments()
    found: list[_Change] = []
    for name in arguments.suites:
        for change in _changes(catalogue.all_suites()[name], arguments.changes):
            found.append(change)
            if arguments.reasons:
                why = "; ".join(f"{n} {reason}" for reason, n in change.reasons.most_common(3))
                print(f"{name:12} {100 * change.share:5.1f} % {change.mutant}: {why}", flush=True)
    text = _page(found, arguments.changes)
    print(f"\n{text}")
    if arguments.suites == list(SUITES) and not arguments.reasons:
        _PAGE.write_text(text, encoding="utf-8")


def _changes(suite: Suite, wanted: int) -> Iterator[_Change]:
    python = venvs.python_of(suite, Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="testmonx-precision-") as directory:
        tree = sdist.unpack(suite, Path(directory))
        options = ("--testmon", "-q", "--tb=no", "--continue-on-collection-errors")
        session.run(python, suite, tree, *options, logged=False)
        before = _would_run(python, tree)[0]
        for kind in _KINDS:
            for mutant in islice(of_class(kind, tree, suite.source, seed=1), wanted):
                path = tree / mutant.path
                content = path.read_text(encoding="utf-8")
                path.write_text(mutant.content, encoding="utf-8")
                share, reasons = _would_run(python, tree)
                path.write_text(content, encoding="utf-8")
                # Tests that failed run in any case.
                yield _Change(suite.name, mutant, share - before, reasons)


def _would_run(python: Path, tree: Path) -> tuple[float, Counter[str]]:
    """The share of the tests that would run now, and for which reasons how many of them."""
    told = session.call(python.parent / "testmonx", "status", directory=tree)
    total = _TOTAL.search(told)
    if total is None:
        raise RuntimeError(
            f"`testmonx status` in {tree} does not say how many tests would run:\n{told}"
        )
    reasons: Counter[str] = Counter()
    for count, reason in _REASON.findall(told):
        reasons[reason] += int(count)
    return int(total[1]) / int(total[2]), reasons


def _page(found: list[_Change], wanted: int) -> str:
    rows = [
        "| suite | change | changes | would run, mean | median |",
        "| --- | --- | --: | --: | --: |",
    ]
    for suite in dict.fromkeys(change.suite for change in found):
        for kind in _KINDS:
            rows += _row(
                suite, kind, (c for c in found if (c.suite, c.mutant.kind) == (suite, kind))
            )
    for kind in _KINDS:
        rows += _row("*all*", kind, (c for c in found if c.mutant.kind == kind))
    rows += _row("*all*", "all", found)
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"""# How much a change runs

Written by `make precision`; CPython {version}. Published suites are recorded, and then changed at random places of
their module and class level, {wanted} of each kind or as many as there are; no function body is among them. *Would run*
is the share of the suite's tests that `testmonx status` then names. Whether these are enough is measured by
[`make soundness`](soundness.md).

"""
        + "\n".join(rows)
        + "\n"
    )


def _row(suite: str, kind: str, changes: Iterable[_Change]) -> list[str]:
    shares = [100 * change.share for change in changes]
    if not shares:
        return []
    return [f"| {suite} | {kind} | {len(shares)} | {mean(shares):.1f} % | {median(shares):.1f} % |"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_suite_list(parser, SUITES)
    parser.add_argument(
        "--changes", type=int, default=25, help="how many of each kind in a suite (default: 25)"
    )
    parser.add_argument(
        "--reasons", action="store_true", help="print each change, and why it runs what it does"
    )
    return parsed_list(parser)


if __name__ == "__main__":
    main()
