"""Runs ``python -m pytest`` in a process that has pytest imported already.

Three quarters of a run over a handful of tests are the imports of pytest itself. A server does them once, and
forks a process for each run, in which everything else is as in a process of its own: the directory, the environment,
the streams, ``sys.argv``, ``sys.path`` and ``__main__``. testmonx is not imported before the fork. The workers of
pytest-xdist are forked in the same way.

A variable that the interpreter reads when it starts comes too late for a forked process: `Launcher.can_run` tells.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PLACE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Finished:
    """A run that ended: its exit status (negative for a signal) and what it wrote."""

    status: int
    out: bytes
    err: bytes


class Launcher:
    """The server's client; one run at a time."""

    def __init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "launcher.server"],
            cwd=_PLACE,
            env=kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def can_run(environment: Mapping[str, str]) -> bool:
        """Whether a forked process can be as one that starts in this environment."""
        read_at_start = (name for name in environment if name.startswith(("PYTHON", "COV")))
        return all(name == "PYTHONPATH" for name in read_at_start)

    def run(
        self,
        arguments: list[str],
        directory: Path,
        environment: Mapping[str, str],
        stdin: bytes,
        patience: float,
    ) -> Finished:
        """Runs pytest with these arguments; TimeoutExpired if it takes more than `patience` seconds."""
        with tempfile.TemporaryDirectory() as streams:
            names = {name: str(Path(streams, name)) for name in ("stdin", "stdout", "stderr")}
            Path(names["stdin"]).write_bytes(stdin)
            wanted = {
                "arguments": arguments,
                "directory": str(directory),
                "environment": dict(environment),
                "streams": names,
                "patience": patience,
            }
            answer = self._ask(wanted)
            if answer["status"] is None:
                raise subprocess.TimeoutExpired(["pytest", *arguments], patience)
            out, err = (Path(names[name]).read_bytes() for name in ("stdout", "stderr"))
        return Finished(answer["status"], out, err)

    def _ask(self, wanted: Mapping[str, object]) -> dict[str, int | None]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(wanted), file=self._server.stdin, flush=True)
        answer = self._server.stdout.readline()
        if not answer:
            raise RuntimeError(f"the server of forked runs ended: {self._server.wait()}")
        decoded: dict[str, int | None] = json.loads(answer)
        return decoded

    def close(self) -> None:
        """Ends the server."""
        self._server.send_signal(signal.SIGTERM)
        self._server.wait()


@functools.cache
def launcher() -> Launcher:
    """The one launcher of this process, started when first asked for."""
    started = Launcher()
    atexit.register(started.close)
    return started
