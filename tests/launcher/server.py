"""The server: imports what every run of pytest imports, then forks a process for each line that it reads.

No plugin is among that: pytest would find it imported where it wants to rewrite its assertions, and pytest-xdist
remembers the ``sys.path`` of its import.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import sys
import traceback
from typing import Any, NoReturn

import _pytest.config

from launcher import workers


def main() -> None:
    """Answers one line of JSON with another, until there are no more."""
    for name in _pytest.config.default_plugins:
        importlib.import_module(f"_pytest.{name}")
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(wanted)
        print(json.dumps({"status": _wait(child, wanted["patience"])}), flush=True)


def _wait(child: int, patience: float) -> int | None:
    """The exit status of `child`; None if it had to be killed."""
    ended = os.pidfd_open(child)
    try:
        in_time = bool(select.select([ended], [], [], patience)[0])
        if not in_time:
            os.killpg(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)
    return status if in_time else None


def _run(wanted: dict[str, Any]) -> NoReturn:
    """Is `python -m pytest` from here on."""
    status = 1
    try:
        os.setsid()
        # Who looks which modules there are finds none of this package, which could be taken for a project's beside it.
        for name in [name for name in sys.modules if name.partition(".")[0] == "launcher"]:
            del sys.modules[name]
        os.chdir(wanted["directory"])
        os.environ.clear()
        os.environ.update(wanted["environment"])
        for number, (name, mode) in enumerate(
            {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}.items()
        ):
            stream = os.open(wanted["streams"][name], mode | os.O_CREAT)
            os.dup2(stream, number)
            os.close(stream)
        path = os.environ.get("PYTHONPATH")
        # What is there now is where this module was found.
        sys.path[:1] = [wanted["directory"], *(path.split(os.pathsep) if path else [])]
        sys.argv = ["pytest", *wanted["arguments"]]
        if "-n" in wanted["arguments"]:
            workers.fork_workers()
        status = _status_of_pytest()
    except SystemExit:
        # Of a worker that was forked.
        raise
    except BaseException:
        traceback.print_exc()
    sys.exit(status)


def _status_of_pytest() -> int:
    try:
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":
    main()
