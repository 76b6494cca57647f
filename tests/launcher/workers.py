"""Forks the workers of pytest-xdist, in place of starting an interpreter for each.

A forked controller has a child that does nothing but fork: it was made before pytest did anything, so that a worker
begins with pytest imported and nothing else. It stays in the process group of the controller, where a signal of the
terminal or the end of a test's patience reaches it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import IO, Any, NoReturn

import execnet.gateway_base
import execnet.gateway_io

_FDS = 4


class Worker:
    """What execnet needs of `subprocess.Popen`, of a forked worker."""

    def __init__(self, forks: socket.socket, stderr: int) -> None:
        its_stdin, mine = os.pipe()
        my_stdout, its_stdout = os.pipe()
        # Ends when the worker and all that it forked have.
        self._alive, its_life = os.pipe()
        wanted = {"directory": str(Path.cwd()), "environment": dict(os.environ)}
        fds = [its_stdin, its_stdout, stderr, its_life]
        socket.send_fds(forks, [json.dumps(wanted).encode()], fds)
        for fd in (its_stdin, its_stdout, its_life):
            os.close(fd)
        self.pid = int(forks.recv(32))
        self.stdin: IO[bytes] = os.fdopen(mine, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(my_stdout, "rb", buffering=0)

    def wait(self) -> int:
        """Waits until the process has ended; how is not known."""
        os.read(self._alive, 1)
        return 0

    def kill(self) -> None:
        """Kills the process."""
        os.kill(self.pid, signal.SIGKILL)


class Forked(execnet.gateway_io.Popen2IOMaster):
    """The streams of a forked worker."""

    def __init__(self, forks: socket.socket, execmodel: Any) -> None:
        self.popen = worker = Worker(forks, 2)
        execnet.gateway_base.Popen2IO.__init__(self, worker.stdin, worker.stdout, execmodel)


def fork_workers() -> None:
    """Has execnet fork workers from a copy of this process as it is now."""
    mine, its = socket.socketpair()
    if os.fork() == 0:
        mine.close()
        _fork_for(its)
    its.close()
    start = execnet.gateway_io.create_io

    def create_io(spec: Any, execmodel: Any) -> execnet.gateway_io.Popen2IOMaster:
        if not spec.popen or spec.python or spec.dont_write_bytecode:
            return start(spec, execmodel)
        return Forked(mine, execmodel)

    execnet.gateway_io.create_io = create_io


def _fork_for(controller: socket.socket) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Ctrl-C is the controller's and the workers'.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, fds, _, _ = socket.recv_fds(controller, 1 << 20, _FDS)
        if not message:
            os._exit(0)
        child = os.fork()
        if child == 0:
            controller.close()
            _be_worker(json.loads(message), fds)
        controller.send(str(child).encode())
        for fd in fds:
            os.close(fd)


def _be_worker(wanted: dict[str, Any], fds: list[int]) -> NoReturn:
    """Is ``python -u -c`` with execnet's first line from here on."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(wanted["directory"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
        os.close(fd)
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        stream = os.fdopen(number, mode, buffering=1, closefd=False)
        for each in (name, f"__{name}__"):
            setattr(sys, each, stream)
    sys.argv = ["-c"]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(execnet.gateway_io.popen_bootstrapline, main.__dict__)
    sys.exit()
