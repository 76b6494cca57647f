"""Lists the supported Python interpreters of this machine, one path a line, oldest first.

Looks for ``python3.11`` and so on in PATH, then among pyenv's versions. A name that is there but does not
run (a pyenv shim of a version that is not active) is passed over, and so is one that cannot make a venv.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")

_PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2], sys.executable)"


def found(versions: tuple[str, ...] = SUPPORTED) -> dict[str, Path]:
    """The first interpreter that runs for each version, by version; missing ones are left out."""
    first = ((version, _first_that_runs(version)) for version in versions)
    return {version: path for version, path in first if path is not None}


def _first_that_runs(version: str) -> Path | None:
    for candidate in _candidates(version):
        probe = subprocess.run(
            [candidate, "-c", _PROBE], capture_output=True, text=True, check=False
        )
        if probe.returncode == 0:
            answer, executable = probe.stdout.strip().split(" ", 1)
            if answer == version:
                return Path(executable)
    return None


def _candidates(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True):
        yield str(path)


def main() -> None:
    """Prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--except", dest="left_out", metavar="VERSION", help="leave this one out")
    left_out = parser.parse_args().left_out
    for version, path in found().items():
        if version != left_out:
            print(path)


if __name__ == "__main__":
    main()
