"""The ``testmonx`` command; what it does is native."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command with the arguments of this process; returns its exit status."""
    from testmonx._interpreter import installation
    from testmonx._native import run_command

    return run_command(sys.argv, installation())
