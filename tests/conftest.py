"""Fixtures for all tests of testmonx."""

from __future__ import annotations

import signal

pytest_plugins = ["pytester"]

# A shell starts what it runs in the background with SIGINT ignored, which the processes that tests start and
# interrupt would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
