"""Reads the named cases: Markdown that a person can read, in ``cases/*.md``.

A case is a section: a heading with its name, a sentence or two, the files in a fenced block (``# file: NAME`` begins
one), and a list that says what is edited and what must follow:

    - replace in `a.py`: `N = 1` by `N = 2`
    - delete `b.py`
    - runs `test_a.py::test_n`        the tests whose outcome changes, all of them
    - spares `test_a.py::test_m`      tests that must not run

A second fenced block holds files that the edit writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_DIRECTORY = Path(__file__).parent / "cases"
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_ITEM = re.compile(
    r"^- (replace in|delete|runs|spares)\b ?(.*(?:\n(?!- |\n|```).+)*)$", re.MULTILINE
)
_CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Case:
    """A project, an edit, and what it must and must not make run."""

    name: str
    files: dict[str, str]
    edit: dict[str, str | None]
    runs: frozenset[str]
    spares: frozenset[str]


def cases() -> list[Case]:
    """All cases, by file and in their order."""
    return [
        _case(f"{path.stem}-{name}", text)
        for path in sorted(_DIRECTORY.glob("*.md"))
        for name, text in _sections(path.read_text(encoding="utf-8"))
    ]


def _sections(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^## (\S+)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _case(name: str, text: str) -> Case:
    fences = [_files(fence) for fence in _FENCE.findall(text)]
    if len(fences) not in (1, 2):
        raise ValueError(f"case `{name}` has {len(fences)} fenced blocks, not one or two")
    files = {"pytest.ini": "[pytest]\n", **fences[0]}
    edit: dict[str, str | None] = dict(fences[1]) if len(fences) == 2 else {}
    runs: set[str] = set()
    spares: set[str] = set()
    for verb, rest in _ITEM.findall(_FENCE.sub("", text)):
        words = _CODE.findall(rest)
        if verb == "runs":
            runs.update(words)
        elif verb == "spares":
            spares.update(words)
        elif verb == "delete":
            edit.update(dict.fromkeys(words))
        else:
            path, old, new = words
            before = edit.get(path) or files[path]
            if before.count(old) != 1:
                raise ValueError(f"case `{name}`: `{old}` is not once in `{path}`")
            edit[path] = before.replace(old, new)
    if not edit:
        raise ValueError(f"case `{name}` has no edit")
    return Case(name, files, edit, frozenset(runs), frozenset(spares))


def _files(fence: str) -> dict[str, str]:
    parts = _FILE.split(fence)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
