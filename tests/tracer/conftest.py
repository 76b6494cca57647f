"""Runs a driver script in an interpreter of its own, beside a small project that is traced.

The tracer is one for a process, and what is tested here can end a process. The driver states what
it expects with `assert`; the test is that it ends well and prints nothing to stderr.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PRELUDE = """\
import sys
from probe import Probe
probe = Probe({root!r})
"""


@dataclass(frozen=True)
class Drive:
    """Runs drivers beside one project."""

    directory: Path

    @property
    def root(self) -> Path:
        """The directory of the project, and the first entry of the driver's `sys.path`."""
        return self.directory / "project"

    def __call__(
        self,
        driver: str,
        *,
        files: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        stderr: str = "",
    ) -> str:
        """Writes `files` into the project, runs `driver`, and returns what it printed."""
        for name, source in (files or {}).items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")
        script = self.directory / "driver.py"
        prelude = PRELUDE.format(root=str(self.root))
        script.write_text(prelude + textwrap.dedent(driver), encoding="utf-8")
        import_path = [str(self.root), str(Path(__file__).parent), *filter(None, sys.path)]
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", str(script)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(import_path), **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, stderr), done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    """A driver of the tracer, with an empty project."""
    (tmp_path / "project").mkdir()
    return Drive(tmp_path)
