"""`make demo`: the main job on a real project, with the time of each run beside plain pytest's.

Five runs of jinja2's own suite with `--testmon -n 4`: the first runs everything, the second nothing, the third
only the tests of the function that was edited in between (`testmonx status` says why), and the fourth, with the
edit undone, nothing. The third is made once more from the same records with the handshake of docs/xdist.md. Exits
with status 1 if one of them ran something else.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from realsuites import catalogue, sdist, session, venvs
from realsuites.catalogue import Edit, Suite
from realsuites.session import Run

_PROJECT = "jinja2"
_WORKERS = ("-n", "4")
_HANDSHAKE = ("-o", "testmon_xdist_controller_precreation=true", "-o", "testmon_xdist_debug=true")


def main() -> int:
    """Tells the story, chapter by chapter; returns the exit status."""
    suite = catalogue.suites()[_PROJECT]
    if suite.edit is None:
        raise ValueError(f"{suite.name} has no edit in suites.toml")
    python = venvs.python_of(suite, Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="testmonx-demo-") as directory:
        tree = sdist.unpack(suite, Path(directory))
        # Whichever run came first would pay for the byte code.
        session.call(python, "-m", "compileall", "-q", ".", directory=tree)
        return _Demo(suite, suite.edit, python, tree).tell()


class _Demo:
    """The runs of one suite in one tree, and the words for them."""

    def __init__(self, suite: Suite, edit: Edit, python: Path, tree: Path) -> None:
        self._suite, self._edit, self._python, self._tree = suite, edit, python, tree
        self._failures: list[str] = []

    def tell(self) -> int:
        """Makes all runs; returns 1 if one of them was not as expected."""
        version = ".".join(map(str, sys.version_info[:3]))
        print(f"{self._suite.name} {self._suite.version} and its own tests, Python {version}\n")
        print(f"{'':38}{'tests run':>11}{'testmonx':>12}{'plain pytest':>15}")

        plain = self._run("-p", "no:testmonx")
        first = self._chapter("first run: everything", plain)
        self._expect(first.outcomes == plain.outcomes, "the first run differs from plain pytest")

        again = self._chapter("again: nothing", plain)
        self._expect(not again.executed, "the second run executed tests")

        self._edit.apply(self._tree)
        plain_edited = self._run("-p", "no:testmonx")
        print(f"\n  edit of {self._edit.file}:")
        print(f"    - {self._edit.old}\n    + {self._edit.new}")
        self._show_status()
        store = self._tree / ".testmondata"
        records = store.read_bytes()
        edited = self._chapter("edited: the tests of that function", plain_edited)
        changed = {
            node for node in plain.outcomes if plain.outcomes[node] != plain_edited.outcomes[node]
        }
        self._expect(changed <= edited.executed, "a test whose outcome changed was left out")
        bound = self._edit.runs_at_most
        self._expect(len(edited.executed) <= bound, f"the edit ran more than {bound} tests")

        store.write_bytes(records)
        with_handshake = self._chapter("the same with the handshake", plain_edited, _HANDSHAKE)
        self._expect(
            with_handshake.outcomes == edited.outcomes, "the handshake made another selection"
        )
        left = (self._tree / ".testmon_xdist").exists()
        self._expect(not left, "a coordination directory is left")

        self._edit.undo(self._tree)
        print()
        undone = self._chapter("edit undone: nothing", plain)
        self._expect(not undone.executed, "the run after the undone edit executed tests")
        return 1 if self._failures else 0

    def _run(self, *arguments: str) -> Run:
        return session.run(self._python, self._suite, self._tree, *_WORKERS, *arguments)

    def _chapter(self, title: str, plain: Run, settings: tuple[str, ...] = ()) -> Run:
        """One `--testmon` run, as a line of the table and what testmonx says of itself."""
        run = self._run("--testmon", *settings)
        count = f"{len(run.executed)} of {len(plain.executed)}"
        print(f"{title:38}{count:>11}{run.elapsed:10.1f} s{plain.elapsed:13.1f} s")
        for line in run.output.splitlines():
            if line.startswith("testmon"):
                print(f"    {line}")
        if run.status not in (0, 1):
            self._expect(False, f"pytest ended with exit status {run.status}\n{run.output}")
        return run

    def _show_status(self) -> None:
        print("  testmonx status:")
        status = session.call(self._python.with_name("testmonx"), "status", directory=self._tree)
        for line in status.splitlines():
            print(f"    {line}")
        print()

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self._failures.append(otherwise)
            print(f"  NOT AS EXPECTED: {otherwise}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
