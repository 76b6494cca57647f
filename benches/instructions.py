"""`make bench-instructions`: what recording costs in instructions, which do not depend on what else the machine does.

make bench-instructions BENCH_ARGS="--suite tomlkit --python 3.13"

Needs valgrind. Each suite runs twice under cachegrind, bare and with `--testmon`, some fifty times slower than by
itself. What the kernel does is not counted, nor what a cache miss takes. A batch of observations is handed
over every three seconds or more, of which there are more here: the ratio is somewhat above the real one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import interpreters
from chosen import add_suites_and_pythons, parsed

from realsuites import catalogue, sdist, venvs
from realsuites.catalogue import Suite

_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
_LONGEST = 3600


def main() -> None:
    """Counts what the arguments ask for, and prints a table."""
    arguments = _arguments()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind was not found (install it, or use `make bench`)")
    print("| suite | Python | bare | testmonx | ratio |\n| --- | --- | --: | --: | --: |")
    listed = catalogue.suites()
    for version, python in interpreters.found(tuple(arguments.python)).items():
        for name in arguments.suite or listed:
            suite = listed[name]
            of_suite = venvs.python_of(suite, python)
            with tempfile.TemporaryDirectory(prefix="testmonx-instructions-") as directory:
                tree = sdist.unpack(suite, Path(directory))
                bare = _count(of_suite, suite, tree)
                recording = _count(of_suite, suite, tree, "--testmon")
            cells = [name, version, f"{bare / 1e9:.2f} G", f"{recording / 1e9:.2f} G"]
            print(f"| {' | '.join(cells)} | {recording / bare:.3f} |", flush=True)


def _count(python: Path, suite: Suite, tree: Path, *options: str) -> int:
    """How many instructions the suite's run takes; child processes are not counted."""
    valgrind = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
    ]
    pytest = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *options,
        *suite.arguments,
    ]
    # Hashes of strings decide how long dictionaries are searched.
    environment = {**os.environ, "PYTHONPATH": str(tree / suite.source), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*valgrind, *pytest],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    counted = _COUNTED.search(done.stderr)
    if counted is None:
        raise RuntimeError(f"valgrind says no count:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_suites_and_pythons(parser)
    return parsed(parser)


if __name__ == "__main__":
    main()
