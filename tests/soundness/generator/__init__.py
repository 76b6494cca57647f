"""Draws small projects and edits of them, for the oracle.

A value comes from a *source* (a constant, a default, a file, a registry, …), passes through some *carriers* (a
re-export, a cache, a thread, …), each in a module of its own, and ends in a *consumer*: tests that get at it by a
fixture, a parameter, a class and so on. Every construct notes the edits that could be made of it; some of them change
what tests see, others must not.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from . import carriers, consumers, objects, sources, statements
from .sketch import Change, Sketch

SOURCES = [*sources.COMMON, *statements.ALL, *objects.ALL]

LAYOUT = "layout"
UNDO = "undo"


@dataclass(frozen=True)
class Project:
    """A drawn project: its files, what it is made of, and the labels and changes of its steps (None: no edit)."""

    package: str
    files: dict[str, str]
    drawn: tuple[str, ...]
    steps: tuple[tuple[str, dict[str, str | None]], ...]


def each_by_itself() -> list[Project]:
    """One project for every edit of every construct, with the plainest constructs around it."""
    chains = [
        *((source, None, consumers.functions) for source in (*SOURCES, *sources.RARE)),
        *((sources.body, carrier, consumers.functions) for carrier in carriers.ALL),
        *((sources.body, None, consumer) for consumer in consumers.ALL),
    ]
    drawn: list[Project] = []
    for source, carrier, consumer in chains:
        number = 0
        while True:
            sketch = Sketch(f"p{len(drawn)}")
            sketch.write("__init__.py", "")
            value = source(sketch)
            if carrier is not None:
                value = carrier(sketch, value)
            consumer(sketch, value)
            if number == len(sketch.changes):
                break
            change = sketch.changes[number]
            names = [part.__name__ for part in (source, carrier, consumer) if part is not None]
            steps = ((change.label, change.of(sketch.files)),)
            drawn.append(Project(sketch.package, sketch.files, tuple(names), steps))
            number += 1
    return drawn


@st.composite
def projects(draw: st.DrawFn, package: str, steps: int) -> Project:
    """One project with that many steps."""
    sketch = Sketch(package)
    sketch.write("__init__.py", "")
    is_rare = draw(st.integers(0, 29)) == 29
    source = draw(st.sampled_from(sources.RARE if is_rare else SOURCES))
    chain = draw(st.lists(st.sampled_from(carriers.ALL), max_size=3))
    consumer = draw(st.sampled_from(consumers.ALL))
    value = source(sketch)
    for carrier in chain:
        value = carrier(sketch, value)
    consumer(sketch, value)
    drawn = (source.__name__, *(carrier.__name__ for carrier in chain), consumer.__name__)
    return Project(package, dict(sketch.files), drawn, tuple(_steps(draw, sketch, steps)))


@st.composite
def packs(draw: st.DrawFn, size: int) -> list[Project]:
    """Several projects for one rootdir, with the same number of steps."""
    steps = draw(st.integers(1, 3))
    count = draw(st.integers(1, size))
    return [draw(projects(f"p{number}", steps)) for number in range(count)]


def _steps(draw: st.DrawFn, sketch: Sketch, count: int) -> list[tuple[str, dict[str, str | None]]]:
    """What each step does to the project's files: one edit, two at once, another layout, or the last step undone."""
    files, before = dict(sketch.files), dict(sketch.files)
    steps = []
    for number in range(count):
        kind = draw(
            st.sampled_from(["one", "one", "one", "two", LAYOUT, *([UNDO] if number else [])])
        )
        if kind == UNDO:
            label, after = UNDO, before
        elif kind == LAYOUT:
            label, after = LAYOUT, _laid_out(files)
        else:
            chosen: list[Change] = [draw(st.sampled_from(sketch.changes))]
            if kind == "two":
                chosen.append(draw(st.sampled_from(sketch.changes)))
            after, applied = dict(files), []
            for change in chosen:
                edit = change.of(after)
                if edit:
                    applied.append(change.label)
                for path, text in edit.items():
                    if text is None:
                        del after[path]
                    else:
                        after[path] = text
            label = " and ".join(applied) or "nothing"
        edit = {
            path: after.get(path)
            for path in {**files, **after}
            if files.get(path) != after.get(path)
        }
        steps.append((label, edit))
        before, files = files, after
    return steps


def _laid_out(files: dict[str, str]) -> dict[str, str]:
    """The same with comments and blank lines."""
    return {
        path: f"# A comment.\n\n{text}\n# The end.\n" if path.endswith(".py") else text
        for path, text in files.items()
    }
