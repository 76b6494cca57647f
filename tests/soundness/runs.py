"""A project on disk, edits of it, and runs of pytest over it: bare, or with ``--testmon`` in one of two modes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import launcher

MODES = {"serial": (), "parallel": ("-n", "2")}

Files = Mapping[str, str]
Edit = Mapping[str, str | None]
"""What an edit leaves in the files that it touches; None for a file that it deletes."""

Outcomes = Mapping[str, list[str]]

# As a package that is installed: else it is code of a project that lies near it, as where this tree is below /tmp.
_PROBE = Path(__file__).parent / "probe" / "site-packages"
_OUTER_RUN = ("PYTEST_", "TESTMON", "COV", "PYTHON", "HYPOTHESIS")
_UNNEEDED = ("asyncio", "cov", "hypothesispytest", "cacheprovider")
_PATIENCE = 300.0


@dataclass(frozen=True)
class Ran:
    """One run of pytest."""

    status: int
    outcomes: Outcomes
    output: str

    @property
    def executed(self) -> set[str]:
        """The node IDs that something is reported of."""
        return set(self.outcomes)

    @property
    def failing(self) -> set[str]:
        """Those that did not pass in some phase."""
        return {
            node
            for node, phases in self.outcomes.items()
            if any(phase.split()[1] == "failed" for phase in phases)
        }


class Tree:
    """A directory with a project in it."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        self._mtime = 1_700_000_000
        self.apply(files)

    def apply(self, edit: Edit) -> None:
        """Writes and deletes files. Each has an mtime of its own, so that no byte code passes for another content's."""
        for name, text in edit.items():
            path = self.path / name
            if text is None:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self._mtime += 10
            os.utime(path, (self._mtime, self._mtime))

    def bare(self) -> Ran:
        """Runs all tests without testmonx."""
        return self._pytest("-p", "no:testmonx")

    def testmon(self, mode: str) -> Ran:
        """Runs ``pytest --testmon``."""
        return self._pytest("--testmon", *MODES[mode])

    def _pytest(self, *arguments: str) -> Ran:
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory) / "outcomes.json"
            options = ["-q", "--continue-on-collection-errors", *arguments, "-p", "soundness_probe"]
            for plugin in _UNNEEDED:
                options += ["-p", f"no:{plugin}"]
            kept = {
                name: os.environ[name] for name in os.environ if not name.startswith(_OUTER_RUN)
            }
            environment = {**kept, "PYTHONPATH": str(_PROBE), "SOUNDNESS_LOG": str(log)}
            done = launcher().run(options, self.path, environment, b"", _PATIENCE)
            outcomes = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}
        return Ran(done.status, outcomes, (done.out + done.err).decode(errors="replace"))


def changed(before: Outcomes, after: Outcomes) -> set[str]:
    """The nodes whose outcome is another one than before, new ones among them; those that are gone cannot run."""
    return {node for node, outcome in after.items() if before.get(node) != outcome}
