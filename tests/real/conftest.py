"""What the tests on real suites share: bare pytest's outcomes, and the story of one store.

A story is five runs of one suite: the first `--testmon` run, a second one without any change, one after an edit
of one function, and one after the edit is undone. Each test then looks at one chapter. The runs are made once for
each suite and mode, bare pytest's once for each suite.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from realsuites import catalogue, sdist, session, venvs
from realsuites.catalogue import Edit, Suite
from realsuites.session import Run

MODES = {"serial": (), "parallel": ("-n", "2")}
SUITES = [suite for suite in catalogue.suites().values() if suite.edit is not None]


@dataclass(frozen=True)
class Bare:
    """What bare pytest says before and after the edit."""

    before: Run
    after: Run

    @property
    def changed(self) -> set[str]:
        """The tests whose outcome the edit changes."""
        nodes = self.before.executed | self.after.executed
        return {
            node
            for node in nodes
            if self.before.outcomes.get(node) != self.after.outcomes.get(node)
        }


@dataclass(frozen=True)
class Story:
    """The runs with `--testmon` over one store."""

    edit: Edit
    bare: Bare
    first: Run
    second: Run
    edited: Run
    undone: Run


@pytest.fixture(
    scope="module",
    # The group keeps a suite in one worker, if these tests are run with `--dist loadgroup`.
    params=[
        pytest.param(suite, id=suite.name, marks=pytest.mark.xdist_group(suite.name))
        for suite in SUITES
    ],
)
def suite(request: pytest.FixtureRequest) -> Suite:
    """One suite of the list that has an edit."""
    found = request.param
    assert isinstance(found, Suite)
    return found


@pytest.fixture(scope="module")
def python(suite: Suite) -> Path:
    """The interpreter of the suite's venv."""
    return venvs.python_of(suite, Path(sys.executable))


@pytest.fixture(scope="module")
def bare(suite: Suite, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Runs bare pytest before and after the edit."""
    tree = sdist.unpack(suite, tmp_path_factory.mktemp("bare"))
    before = session.run(python, suite, tree, "-p", "no:testmonx")
    edit_of(suite).apply(tree)
    return Bare(before, session.run(python, suite, tree, "-p", "no:testmonx"))


@pytest.fixture(scope="module", params=MODES)
def story(
    request: pytest.FixtureRequest,
    suite: Suite,
    python: Path,
    bare: Bare,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """Runs all chapters, with and without pytest-xdist."""
    tree = sdist.unpack(suite, tmp_path_factory.mktemp("story"))
    edit = edit_of(suite)

    def run() -> Run:
        return session.run(python, suite, tree, "--testmon", *MODES[request.param])

    first, second = run(), run()
    edit.apply(tree)
    edited = run()
    edit.undo(tree)
    return Story(edit, bare, first, second, edited, undone=run())


def edit_of(suite: Suite) -> Edit:
    """The suite's edit; all of SUITES have one."""
    assert suite.edit is not None
    return suite.edit
