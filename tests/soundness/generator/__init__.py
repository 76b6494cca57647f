"""Draws small projects and edits of them, for the oracle.

A value comes from a *source* (a constant, a default, a file, a registry, …), passes through some *carriers* (a
re-export, a cache, a thread, …), each in a module of its own, and ends in a *consumer*: tests that get at it by a
fixture, a parameter, a class and so on. Every construct notes the edits that could be made of it; some of them change
what tests see, others must not.

What is drawn is a recipe, from which the project is made; a recipe that shows a fault is cut down to a smaller one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from . import carriers, consumers, objects, sources, statements
from .sketch import Sketch, Value

SOURCES = [*sources.COMMON, *statements.ALL, *objects.ALL]

LAYOUT = "layout"
UNDO = "undo"

Step = tuple[str, ...]
"""LAYOUT, UNDO, or the labels of the edits that are made at once."""


@dataclass(frozen=True)
class Recipe:
    """What a project is made of, and what is done to it."""

    source: Callable[[Sketch], Value]
    chain: tuple[Callable[[Sketch, Value], Value], ...]
    consumer: Callable[[Sketch, Value], None]
    steps: tuple[Step, ...] = ()

    def sketch(self, package: str) -> Sketch:
        """The project before the first step."""
        sketch = Sketch(package)
        sketch.write("__init__.py", "")
        value = self.source(sketch)
        for carrier in self.chain:
            value = carrier(sketch, value)
        self.consumer(sketch, value)
        return sketch

    def smaller(self) -> Iterator[Recipe]:
        """The same with less of something."""
        for number in range(len(self.steps)):
            if len(self.steps) > 1:
                steps = self.steps[:number] + self.steps[number + 1 :]
                yield replace(self, steps=steps)
            if len(self.steps[number]) > 1:
                for label in self.steps[number]:
                    steps = (*self.steps[:number], (label,), *self.steps[number + 1 :])
                    yield replace(self, steps=steps)
        for number in range(len(self.chain)):
            yield replace(self, chain=self.chain[:number] + self.chain[number + 1 :])
        if self.consumer is not consumers.functions:
            yield replace(self, consumer=consumers.functions)


@dataclass(frozen=True)
class Project:
    """A project in a package of its own; for each step its label and what it does to the files."""

    recipe: Recipe
    package: str
    files: dict[str, str]
    steps: tuple[tuple[str, dict[str, str | None]], ...]

    @property
    def drawn(self) -> tuple[str, ...]:
        """The names of its constructs."""
        parts = (self.recipe.source, *self.recipe.chain, self.recipe.consumer)
        return tuple(part.__name__ for part in parts)


def made(recipe: Recipe, package: str) -> Project:
    """The project of a recipe."""
    sketch = recipe.sketch(package)
    changes = {change.label: change for change in sketch.changes}
    files, before = dict(sketch.files), dict(sketch.files)
    steps = []
    for step in recipe.steps:
        if step == (UNDO,):
            after = before
        elif step == (LAYOUT,):
            after = _laid_out(files)
        else:
            after = dict(files)
            for label in step:
                edit = changes[label].of(after) if label in changes else {}
                after.update({path: text for path, text in edit.items() if text is not None})
                for path in [path for path, text in edit.items() if text is None]:
                    del after[path]
        paths = [path for path in {**files, **after} if files.get(path) != after.get(path)]
        steps.append((" and ".join(step), {path: after.get(path) for path in paths}))
        before, files = files, after
    return Project(recipe, package, dict(sketch.files), tuple(steps))


def each_by_itself() -> list[Project]:
    """One project for every edit of every construct, with the plainest constructs around it."""
    recipes = [
        *(Recipe(source, (), consumers.functions) for source in (*SOURCES, *sources.RARE)),
        *(Recipe(sources.body, (carrier,), consumers.functions) for carrier in carriers.ALL),
        *(Recipe(sources.body, (), consumer) for consumer in consumers.ALL),
    ]
    stepped = [
        replace(recipe, steps=((change.label,),))
        for recipe in recipes
        for change in recipe.sketch("p").changes
    ]
    return [made(recipe, f"p{number}") for number, recipe in enumerate(stepped)]


@st.composite
def recipes(draw: st.DrawFn, steps: int) -> Recipe:
    """A recipe with that many steps."""
    is_rare = draw(st.integers(0, 29)) == 29
    recipe = Recipe(
        draw(st.sampled_from(sources.RARE if is_rare else SOURCES)),
        tuple(draw(st.lists(st.sampled_from(carriers.ALL), max_size=3))),
        draw(st.sampled_from(consumers.ALL)),
    )
    labels = st.sampled_from([change.label for change in recipe.sketch("p").changes])
    one = st.tuples(labels)
    kinds = [one, one, one, st.tuples(labels, labels), st.just((LAYOUT,))]
    drawn = [
        draw(st.one_of([*kinds, st.just((UNDO,))] if number else kinds)) for number in range(steps)
    ]
    return replace(recipe, steps=tuple(drawn))


@st.composite
def packs(draw: st.DrawFn, size: int) -> list[Project]:
    """Several projects for one rootdir, with the same number of steps."""
    steps = draw(st.integers(1, 3))
    drawn = draw(st.lists(recipes(steps), min_size=1, max_size=size))
    return [made(recipe, f"p{number}") for number, recipe in enumerate(drawn)]


def _laid_out(files: dict[str, str]) -> dict[str, str]:
    """The same with comments and blank lines."""
    return {
        path: f"# A comment.\n\n{text}\n# The end.\n" if path.endswith(".py") else text
        for path, text in files.items()
    }
