"""Which suites there are, as ``tests/real/suites.toml`` lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"

_LIST = ROOT / "tests" / "real" / "suites.toml"


@dataclass(frozen=True)
class Edit:
    """A change of one function, as a text to replace."""

    file: str
    old: str
    new: str
    runs_at_most: int

    def apply(self, tree: Path) -> None:
        """Makes the change in an unpacked sdist; raises ValueError unless `old` is there once."""
        self._replace(tree, self.old, self.new)

    def undo(self, tree: Path) -> None:
        """Takes the change back."""
        self._replace(tree, self.new, self.old)

    def _replace(self, tree: Path, before: str, after: str) -> None:
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise ValueError(f"`{before}` is not once in `{path}` (correct suites.toml)")
        path.write_text(text.replace(before, after), encoding="utf-8")


@dataclass(frozen=True)
class Suite:
    """One project's suite; the fields are explained in suites.toml."""

    name: str
    version: str
    sha256: str
    shows: str
    source: str
    requires: tuple[str, ...]
    arguments: tuple[str, ...]
    edit: Edit | None
    purpose: str


def suites() -> dict[str, Suite]:
    """The suites of the tests, the demo and the benchmark by name, in the order of the list."""
    return {name: suite for name, suite in all_suites().items() if not suite.purpose}


def all_suites() -> dict[str, Suite]:
    """Those, and the ones that are listed for `make soundness` alone."""
    with _LIST.open("rb") as file:
        listed = tomllib.load(file)
    return {
        name: Suite(
            name=name,
            version=entry["version"],
            sha256=entry["sha256"],
            shows=entry["shows"],
            source=entry["source"],
            requires=tuple(entry["requires"]),
            arguments=tuple(entry.get("arguments", ())),
            edit=Edit(**entry["edit"]) if "edit" in entry else None,
            purpose=entry.get("purpose", ""),
        )
        for name, entry in listed.items()
    }
