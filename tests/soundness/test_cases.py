"""The named cases of ``cases/*.md``: each edit runs the tests that it changes, and spares those that it cannot.

A case is run three times over one store: recording, after the edit, and once more. Bare pytest checks that the
case itself is right. One process does all of that; two workers record and run the edit, of the cases in which
it can matter who ran what: the others differ in what the parser sees, which is the same in every process. The drawn
projects (test_generated.py) are run both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .cases import Case, cases
from .runs import MODES, Ran, Tree, changed

_DISTRIBUTED = ("fixtures-", "imports-", "memo-", "processes-")
"""So begin the names of the cases that two workers run as well."""


def _modes(case: Case) -> list[str]:
    return [mode for mode in MODES if mode == "serial" or case.name.startswith(_DISTRIBUTED)]


@dataclass(frozen=True)
class Story:
    """The runs of one case in one mode; the bare run and the last one are made in one process only."""

    case: Case
    first: Ran
    edited: Ran
    bare: Ran | None
    again: Ran | None


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            (case, mode), id=f"{case.name}-{mode}", marks=pytest.mark.xdist_group(case.name)
        )
        for case in cases()
        for mode in _modes(case)
    ],
)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Makes the runs."""
    case, mode = request.param
    tree = Tree(tmp_path_factory.mktemp("case"), case.files)
    first = tree.testmon(mode)
    tree.apply(case.edit)
    is_serial = mode == "serial"
    bare = tree.bare() if is_serial else None
    edited = tree.testmon(mode)
    return Story(case, first, edited, bare, again=tree.testmon(mode) if is_serial else None)


def test_the_case_is_right(story: Story) -> None:
    """Everything passes before the edit, which changes the outcomes that the case names, and no others."""
    assert story.first.status == 0, story.first.output
    if story.bare is not None:
        assert changed(story.first.outcomes, story.bare.outcomes) == story.case.runs, (
            story.bare.output
        )


def test_edit_runs_the_tests_that_it_changes(story: Story) -> None:
    """And they come to what bare pytest says."""
    assert story.case.runs <= story.edited.executed, story.edited.output
    if story.bare is not None:
        for node, outcome in story.edited.outcomes.items():
            assert outcome == story.bare.outcomes[node], story.edited.output


def test_edit_spares_the_tests_that_it_cannot_reach(story: Story) -> None:
    """Those that the case names."""
    assert not story.case.spares & story.edited.executed, story.edited.output


def test_unchanged_run_executes_only_what_failed(story: Story) -> None:
    """After the edit everything is on record."""
    if story.again is not None:
        assert story.again.executed <= story.edited.failing, story.again.output
