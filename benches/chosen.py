"""Which suites and interpreters a benchmark is to take, as its command line says."""

from __future__ import annotations

import argparse
from collections.abc import Collection

import interpreters

from realsuites import catalogue


def add_suites_and_pythons(parser: argparse.ArgumentParser) -> None:
    """Adds `--suite` and `--python`, both repeatable."""
    parser.add_argument("--suite", action="append", help="only this suite (repeatable)")
    parser.add_argument(
        "--python", action="append", help="only this version, e.g. 3.12 (repeatable)"
    )


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments, with all interpreters where none is named; ends the program if a suite is not known."""
    arguments = parser.parse_args()
    arguments.python = arguments.python or list(interpreters.SUPPORTED)
    check_suites(parser, arguments.suite or (), catalogue.suites())
    return arguments


def add_suite_list(parser: argparse.ArgumentParser, names: Collection[str]) -> None:
    """Adds `--suites`, a list with commas, all of `names` by default."""
    parser.add_argument(
        "--suites", default=",".join(names), help="which, with commas between (default: all)"
    )


def parsed_list(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments, with `suites` as a list; ends the program if one is not known."""
    arguments = parser.parse_args()
    arguments.suites = arguments.suites.split(",")
    check_suites(parser, arguments.suites, catalogue.all_suites())
    return arguments


def check_suites(
    parser: argparse.ArgumentParser, wanted: Collection[str], known: Collection[str]
) -> None:
    """Ends the program with a usage error if a suite that is wanted is not known."""
    unknown = set(wanted) - set(known)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))} (see tests/real/suites.toml)")
