"""`make bench`: what recording costs, and what an unchanged run does, on real suites and all interpreters.

make bench                                          everything; writes docs/benchmarks.md
make bench BENCH_ARGS="--suite jinja2 --pairs 3"    a part of it; only prints
make bench BENCH_ARGS=--peer                        with a column for pytest-testmon
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import interpreters
from chosen import add_suites_and_pythons, parsed
from measure import PEER, measure
from report import line, page

from realsuites import catalogue

_PAGE = catalogue.ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Measures what the arguments ask for."""
    arguments = _arguments()
    listed = catalogue.suites()
    measurements = []
    for version, python in interpreters.found(tuple(arguments.python)).items():
        for name in arguments.suite or listed:
            measurement = measure(
                listed[name], python, version, arguments.pairs, with_peer=arguments.peer
            )
            print(line(measurement), flush=True)
            measurements.append(measurement)
    text = page(measurements, arguments.pairs, _command())
    print(f"\n{text}")
    output = arguments.output or (_PAGE if _is_whole(arguments) else None)
    if output is not None:
        output.write_text(text, encoding="utf-8")


def _is_whole(arguments: argparse.Namespace) -> bool:
    """Whether everything was measured, so that the page may be replaced."""
    return not arguments.suite and arguments.python == list(interpreters.SUPPORTED)


def _command() -> str:
    given = " ".join(sys.argv[1:])
    return f'make bench BENCH_ARGS="{given}"' if given else "make bench"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_suites_and_pythons(parser)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs (default: 5)")
    parser.add_argument("--peer", action="store_true", help=f"measure {PEER} as well")
    parser.add_argument("--output", type=Path, help="write the page there")
    return parsed(parser)


if __name__ == "__main__":
    main()
