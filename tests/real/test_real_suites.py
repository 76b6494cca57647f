"""On suites that nobody here wrote: `--testmon` changes no outcome, and leaves out only what cannot change.

Which suites, and which edit of each, is said in suites.toml; which runs are made, in conftest.py.
"""

from __future__ import annotations

import pytest

from .conftest import Bare, Story

pytestmark = pytest.mark.real


def test_the_edit_breaks_some_tests_and_not_all(bare: Bare) -> None:
    """Otherwise the others would prove nothing."""
    assert bare.before.status == 0, bare.before.output
    assert bare.after.status == 1, bare.after.output
    assert 0 < len(bare.changed) < len(bare.before.outcomes)


def test_first_run_has_the_outcomes_of_bare_pytest(story: Story) -> None:
    """Node by node, and phase by phase."""
    assert story.first.status == 0, story.first.output
    assert story.first.outcomes == story.bare.before.outcomes


def test_unchanged_run_executes_nothing(story: Story) -> None:
    """And that is a success."""
    assert story.second.status == 0, story.second.output
    assert story.second.executed == set(), story.second.output


def test_edit_runs_every_test_whose_outcome_it_changes(story: Story) -> None:
    """The promise: the tests that fail for bare pytest are run, and fail."""
    assert story.edited.status == 1, story.edited.output
    assert story.bare.changed <= story.edited.executed, story.edited.output
    for node, outcome in story.edited.outcomes.items():
        assert outcome == story.bare.after.outcomes[node], story.edited.output


def test_edit_leaves_out_the_tests_that_it_cannot_reach(story: Story) -> None:
    """No more tests than those that run the function, as suites.toml counts them."""
    assert len(story.edited.executed) <= story.edit.runs_at_most, story.edited.output


def test_undone_edit_executes_nothing(story: Story) -> None:
    """The traces of the first run hold again."""
    assert story.undone.status == 0, story.undone.output
    assert story.undone.executed == set(), story.undone.output


def test_nothing_went_wrong_with_testmonx_itself(story: Story) -> None:
    """Trouble makes more tests run and says so in one line, which the other tests would not notice."""
    for run in (story.first, story.second, story.edited, story.undone):
        assert "testmonx: warning" not in run.output, run.output
