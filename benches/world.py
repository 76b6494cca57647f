"""What it costs to watch the disk and child processes, each by itself.

.venv/bin/python benches/world.py

Prints microseconds of CPU time a call, without and with a recording; the least of several rounds. A recording
is asked the same question many times within one span here, as a test with a loop would.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from testmonx._interpreter import installation
from testmonx._native import Recording, Session

_ROUNDS = 7


def main() -> None:
    """Measures everything in a project made for it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        root = Path(directory).resolve() / "project"
        (root / "data").mkdir(parents=True)
        for index in range(20):
            (root / "data" / f"{index}.txt").write_text("x" * 1000)
        os.chdir(root)
        python = [sys.executable, "-c", "pass"]
        actions: dict[str, tuple[int, Callable[[], object]]] = {
            "Path.exists, in the project": (20_000, Path("data/1.txt").exists),
            "Path.exists, elsewhere": (20_000, Path(sys.executable).exists),
            "Path.iterdir, 20 names": (3_000, lambda: list(Path("data").iterdir())),
            "open and read 1 kB": (3_000, lambda: Path("data/1.txt").read_bytes()),
            "start of a Python child": (10, lambda: subprocess.run(python, check=True)),
        }
        bare = {name: _least(count, action) for name, (count, action) in actions.items()}
        recording = Recording(root=str(root), installation=installation(), own_dirs=[])
        try:
            for name, (count, action) in actions.items():
                print(f"{name:32} {bare[name]:10.2f} µs {_least(count, action):10.2f} µs")
        finally:
            _stop(recording, root)


def _least(count: int, action: Callable[[], object]) -> float:
    return min(_once(count, action) for _ in range(_ROUNDS))


def _once(count: int, action: Callable[[], object]) -> float:
    start = _cpu()
    for _ in range(count):
        action()
    return (_cpu() - start) / count * 1e6


def _cpu() -> float:
    """CPU time of this process and of the children that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _stop(recording: Recording, root: Path) -> None:
    """A session that is asked for nothing lets go of the recording."""
    place: dict[str, object] = {
        "root": str(root),
        "ini_file": None,
        "prefix": sys.prefix,
        "datafile": "",
        "role": "single",
        "settings": [],
        "coordination": None,
        "worker": "",
    }
    switches = dict.fromkeys(
        ("testmon", "noselect", "nocollect", "forceselect", "no_testmon", "tmnet", "collect_only"),
        False,
    )
    texts = ("name", "interpreter", "platform", "pytest")
    lists = ("plugins", "early_plugins", "ini", "options")
    environment: dict[str, object] = dict.fromkeys(texts, "") | {name: [] for name in lists}
    environment["ignored_distributions"] = []
    Session(
        recording,
        place=place,
        switches={**switches, "narrowed_by": []},
        environment=environment,
        installation=installation(),
    )


if __name__ == "__main__":
    main()
