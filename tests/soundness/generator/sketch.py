"""A small project while it is being drawn: its files, where its values are to be had, and how it could be edited.

A project is a package ``p0``, ``p1``, … of its own, so that several share one rootdir. Numbers and names in it are
handed out once, so that an edit can name the text that it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """One edit: `old` becomes `new` in a file.

    An empty `old` appends; without `old` the file is written, without `new` it is deleted.
    """

    label: str
    file: str
    old: str | None
    new: str | None

    def of(self, files: Mapping[str, str]) -> dict[str, str | None]:
        """What the edit leaves in which file; nothing if it does not apply to these files."""
        text = files.get(self.file)
        if self.new is None:
            return {} if text is None else {self.file: None}
        if self.old is None:
            return {} if text == self.new else {self.file: self.new}
        if text is None or self.old not in text:
            return {}
        if not self.old:
            return {self.file: text + self.new}
        return {self.file: text.replace(self.old, self.new, 1)}


@dataclass(frozen=True)
class Value:
    """Something that code of the module can get at: by its name, or by calling it."""

    module: str
    name: str
    is_called: bool

    @property
    def suffix(self) -> str:
        """What follows the name to get the value."""
        return "()" if self.is_called else ""


@dataclass
class Sketch:
    """The project so far, and the edits that could be made of it."""

    package: str
    files: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    _count: int = 0

    def number(self) -> int:
        """A number that stands nowhere else in the project."""
        self._count += 1
        return 1000 + self._count

    def name(self, stem: str) -> str:
        """A name that stands nowhere else in the project."""
        self._count += 1
        return f"{stem}{self._count}"

    def write(self, path: str, text: str) -> str:
        """Puts a file into the package; returns its path below the rootdir."""
        file = f"{self.package}/{path}"
        self.files[file] = text
        return file

    def module(self, text: str) -> str:
        """A new module; returns its dotted name."""
        name = self.name("m")
        self.write(f"{name}.py", text)
        return f"{self.package}.{name}"

    @staticmethod
    def file(module: str) -> str:
        """The file of a module that is no package."""
        return f"{module.replace('.', '/')}.py"

    def may(self, label: str, where: str, old: str | None, new: str | None) -> None:
        """Notes an edit of a module (or of a file, by its path); edits with the same label are numbered."""
        file = where if "/" in where else self.file(where)
        same = sum(change.label.partition(" #")[0] == label for change in self.changes)
        label = f"{label} #{same + 1}" if same else label
        self.changes.append(Change(label, file, old, new))
