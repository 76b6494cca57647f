"""The pytest plugin: its options, and the door to the rest.

pytest imports this module in every run, with or without ``--testmon``, so it imports nothing but
pytest. The hooks that do the work are registered only when an option asks for them.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_SWITCHES = ("testmon", "testmon_noselect", "testmon_nocollect", "testmon_forceselect", "tmnet")

XDIST_SETTINGS = {
    "testmon_xdist_controller_precreation": "coordinate xdist's workers through files (default: false)",
    "testmon_xdist_debug": "show how controller and workers find each other (default: false)",
    "testmon_xdist_worker_timeout": "seconds that a worker waits for its controller (default: 30)",
    "testmon_xdist_check_interval": "seconds before it looks a second time (default: 0.1)",
    "testmon_xdist_backoff_factor": "how much longer each wait is than the last (default: 1.5)",
    "testmon_xdist_max_interval": "the longest wait in seconds (default: 2)",
}
"""The ini options of the coordination; the environment variable of the same name wins."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Adds the options of pytest-testmon 2.2, under the same names."""
    if importlib.util.find_spec("testmon") and not pluginmanager.is_blocked("testmon"):
        raise pytest.UsageError(
            "testmonx and pytest-testmon are both installed and have the same options "
            "(uninstall one of them: pip uninstall pytest-testmon)"
        )
    group = parser.getgroup("testmonx", "run only the tests that a change can affect (testmonx)")
    group.addoption(
        "--testmon",
        action="store_true",
        dest="testmon",
        help="Run the tests affected by changes since they last passed, and record what they use.",
    )
    group.addoption(
        "--testmon-noselect",
        action="store_true",
        dest="testmon_noselect",
        help="Leave no test out; run failing tests first, then affected ones, then the quickest.",
    )
    group.addoption(
        "--testmon-nocollect",
        action="store_true",
        dest="testmon_nocollect",
        help="Select, but record nothing and write nothing.",
    )
    group.addoption(
        "--testmon-forceselect",
        action="store_true",
        dest="testmon_forceselect",
        help="Select also when -k, -m, --lf or a node ID narrows the run; a test must satisfy both.",
    )
    group.addoption(
        "--no-testmon",
        action="store_true",
        dest="no-testmon",
        help="Switch testmonx off, whatever other options or addopts say.",
    )
    group.addoption(
        "--testmon-env",
        action="store",
        type=str,
        dest="environment_expression",
        default="",
        metavar="NAME",
        help="Keep the records of this run apart under NAME, e.g. for another database or service.",
    )
    group.addoption(
        "--tmnet",
        action="store_true",
        dest="tmnet",
        help="Not supported: testmonx keeps its records in a local file.",
    )
    parser.addini(
        "environment_expression",
        "Python expression (os, sys, hashlib and md5 are at hand) whose value works as --testmon-env",
        default="",
    )
    parser.addini(
        "testmon_ignore_dependencies",
        "distributions whose version makes no test run again",
        type="args",
        default=[],
    )
    for name, text in XDIST_SETTINGS.items():
        parser.addini(name, text, default="")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Starts observing before the first conftest file is imported, if an option asks for it."""
    options = early_config.known_args_namespace
    is_wanted = any(getattr(options, name, False) for name in _SWITCHES)
    if is_wanted and not getattr(options, "no-testmon", False):
        with unrewritten():
            from testmonx._selection import Preparation

        preparation = Preparation(early_config)
        early_config.pluginmanager.register(preparation, "testmonx-preparation")
    return (yield)


@contextmanager
def unrewritten() -> Iterator[None]:
    """Imports testmonx's modules from their byte code.

    pytest rewrites the assertions of all modules of plugins, and keeps byte code of its own for them: where it may
    write none (``PYTHONDONTWRITEBYTECODE``) it compiles them in each run. These have no assertions.
    """
    sys.meta_path.insert(0, _Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(_Finder)


class _Finder:
    """Finds testmonx's modules as Python does."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's place, if it is one of them."""
        return PathFinder.find_spec(name, path) if name.startswith("testmonx.") else None
