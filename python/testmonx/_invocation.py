"""What pytest was asked for, as plain values for the engine. Nothing is decided here."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from typing import Any

import pytest

from testmonx import _interpreter
from testmonx.plugin import XDIST_SETTINGS


def own_dirs(config: pytest.Config) -> list[str]:
    """The directory that pytest itself keeps its records in, if that plugin is on."""
    try:
        cache_dir = config.getini("cache_dir")
    except (KeyError, ValueError):
        return []
    return [str(config.rootpath / os.path.expandvars(cache_dir))]


def installation(config: pytest.Config) -> dict[str, Any]:
    """Where what is installed is found, and what of it makes no difference."""
    return _interpreter.installation(config.getini("testmon_ignore_dependencies"))


def place(config: pytest.Config) -> dict[str, Any]:
    """Where this process runs, and which part it plays under xdist."""
    workerinput: dict[str, Any] = getattr(config, "workerinput", {})
    is_distributed = (
        config.getoption("dist", "no") != "no"
        and bool(config.getoption("tx", []))
        and not config.getoption("collectonly")
    )
    return {
        "root": str(config.rootpath),
        "ini_file": str(config.inipath) if config.inipath else None,
        "prefix": sys.prefix,
        "datafile": os.environ.get("TESTMON_DATAFILE", ""),
        "role": "worker" if workerinput else "controller" if is_distributed else "single",
        "settings": [
            (name, os.environ.get(name.upper()), config.getini(name)) for name in XDIST_SETTINGS
        ],
        "coordination": workerinput.get("testmonx"),
        "worker": workerinput.get("workerid", ""),
    }


def switches(config: pytest.Config) -> dict[str, Any]:
    """The options that say whether to select and to record."""
    option = config.getoption
    node_ids = any("::" in str(arg) for arg in config.args)
    narrowing = {
        "-k": bool(option("keyword", "")),
        "-m": bool(option("markexpr", "")),
        "--lf": bool(option("lf", False)),
        "a node ID": node_ids,
        # What no test used is then taken out of the snapshots.
        "--snapshot-update": bool(
            option("update_snapshots", False) or option("snapshot_update", False)
        ),
    }
    return {
        "testmon": option("testmon"),
        "noselect": option("testmon_noselect"),
        "nocollect": option("testmon_nocollect"),
        "forceselect": option("testmon_forceselect"),
        "no_testmon": option("no-testmon"),
        "tmnet": option("tmnet"),
        "collect_only": bool(option("collectonly", False)),
        "narrowed_by": [name for name, is_given in narrowing.items() if is_given],
    }


def start(config: pytest.Config) -> dict[str, Any]:
    """How the interpreter was started; to be asked before pytest and conftest files change the import path."""
    return {
        "flags": [(name, str(getattr(sys.flags, name))) for name in sys.flags.__match_args__],
        "warnings": list(sys.warnoptions),
        "path": _interpreter.import_path(),
        "directory": str(config.invocation_params.dir),
    }


def environment(config: pytest.Config, started: dict[str, Any]) -> dict[str, Any]:
    """The interpreter, how it was ``started``, the plugins and the options of this run."""
    distributions = [dist for _, dist in config.pluginmanager.list_plugin_distinfo()]
    return {
        **started,
        "name": config.getoption("environment_expression") or _evaluated(config),
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{sys.platform} {platform.machine()}",
        "pytest": pytest.__version__,
        # As text: `importlib.metadata` takes 12 ms to make more of it.
        "plugins": [
            dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "" for dist in distributions
        ],
        "early_plugins": [
            *config.getoption("plugins"),
            *filter(None, os.environ.get("PYTEST_PLUGINS", "").split(",")),
        ],
        "ini": _ini_values(config),
        "options": _given_options(config),
        "ignored_distributions": config.getini("testmon_ignore_dependencies"),
    }


def _evaluated(config: pytest.Config) -> str:
    """The value of the ini option ``environment_expression``, as pytest-testmon computes it."""
    expression = config.getini("environment_expression")
    if not expression:
        return ""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    names = {"os": os, "sys": sys, "hashlib": hashlib, "md5": md5}
    try:
        return str(eval(expression, names))
    except Exception as error:
        raise pytest.UsageError(
            f"environment_expression `{expression}` cannot be evaluated: {error!r} "
            "(correct it in the ini file)"
        ) from error


def _ini_values(config: pytest.Config) -> list[tuple[str, str]]:
    return [(name, _portable(config, config.getini(name))) for name in config._parser._inidict]


def _given_options(config: pytest.Config) -> list[tuple[str, str]]:
    parser = config._parser
    groups = {id(group): group for group in (*parser._groups, parser._anonymous)}
    found = []
    for group in groups.values():
        for option in group.options:
            value = getattr(config.option, option.dest, None)
            default = option.default if hasattr(option, "default") else None
            if value != default and value and option.dest != "plugins":
                found.append((option.dest, _portable(config, value)))
    return sorted(found)


def _portable(config: pytest.Config, value: object) -> str:
    """``value`` as text that is the same in another checkout."""
    return repr(value).replace(str(config.rootpath), ".")
