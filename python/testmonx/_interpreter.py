"""Where this interpreter finds what is installed, as plain values for the engine.

Imports no pytest: the ``testmonx`` command needs it too.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import testmonx

if TYPE_CHECKING:
    from collections.abc import Sequence


def library_dirs() -> list[str]:
    """The directories of the interpreter, of installed distributions and of testmonx itself."""
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found.update(site.getsitepackages())
    found.add(site.getusersitepackages())
    found.update((sys.prefix, sys.exec_prefix))
    found.add(str(Path(testmonx.__file__).parent))
    if "PYTEST_XDIST_WORKER" in os.environ:
        # For a worker in another directory xdist puts pytest itself there.
        found.update(str(Path.cwd() / name) for name in ("pytest", "_pytest"))
    return sorted(found | {os.path.realpath(path) for path in found})


def import_path() -> list[str]:
    """The directories that imports are looked up in now, absolute."""
    return [str(Path(entry).absolute()) for entry in sys.path if isinstance(entry, str)]


def installation(ignored: Sequence[str] = ()) -> dict[str, Any]:
    """How imports find what is installed; ``ignored`` names distributions that make no difference."""
    paths = sysconfig.get_paths()
    return {
        "path": import_path(),
        "libraries": library_dirs(),
        "standard": [paths["stdlib"], paths["platstdlib"]],
        "standard_modules": sorted(sys.stdlib_module_names),
        "ignored": list(ignored),
    }
