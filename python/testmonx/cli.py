"""The ``testmonx`` command; all of it is native."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command with the arguments of this process; returns its exit status."""
    from testmonx._native import run_command

    return run_command(sys.argv)
