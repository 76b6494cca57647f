"""The projects that the acceptance tests run pytest over."""

from __future__ import annotations

import pytest

from .project import PARALLEL, Project


@pytest.fixture(params=[(), PARALLEL], ids=["serial", "parallel"])
def project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Project:
    """A project whose tests run in one process, and once more by two workers of pytest-xdist."""
    return Project(pytester, monkeypatch, request.param)


@pytest.fixture
def single(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose tests run in one process, unless the test says otherwise."""
    return Project(pytester, monkeypatch)
