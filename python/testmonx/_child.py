"""Observes a Python process that a test starts. Imported by ``testmonx.pth``, in such processes only.

Nothing of it may show in the process: it prints nothing, raises nothing, and leaves the exit status
alone. What cannot be observed is told to the session, which then runs more tests.
"""

from __future__ import annotations

import os
import sys


def _observe(directory: str) -> None:
    try:
        from testmonx import _native
    except ImportError:
        return  # Installed for another interpreter, which shares the directory of packages.
    is_worker = any("from multiprocessing." in argument for argument in sys.orig_argv)
    _native.observe_child(directory, is_worker)


_observe(os.environ["TESTMONX_CHILDREN"])
