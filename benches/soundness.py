"""`make soundness`: mutants of real projects, and whether every test whose outcome they change is run.

make soundness                                                    all suites; writes docs/soundness.md's tables
make soundness SOUNDNESS_ARGS="--suites click,flask --mutants 20"  a part; only prints
make soundness SOUNDNESS_ARGS=--peer                              with pytest-testmon beside it

What was tried is kept in .build/soundness: the same command goes on where it was broken off.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

from chosen import add_suite_list, parsed_list
from measure import PEER
from soundness_report import page
from soundness_suite import tries
from soundness_trial import Trial

from realsuites import catalogue

SUITES = ("click", "flask", "itsdangerous", "jinja2", "marshmallow", "mistune", "werkzeug")

_PAGE = catalogue.ROOT / "docs" / "soundness.md"
_MEASURED = "<!-- measured -->\n"
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


def _commit() -> str:
    git = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(git, cwd=catalogue.ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "an unknown commit"


def _command() -> str:
    given = " ".join(sys.argv[1:])
    return f'make soundness SOUNDNESS_ARGS="{given}"' if given else "make soundness"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_suite_list(parser, SUITES)
    parser.add_argument(
        "--mutants", type=int, default=35, help="how many of each suite (default: 35)"
    )
    parser.add_argument("--seed", type=int, default=1, help="other mutants (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default: 1)")
    parser.add_argument("--peer", action="store_true", help=f"try {PEER} as well")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {_PAGE.name}")
    return parsed_list(parser)


if __name__ == "__main__":
    main()
