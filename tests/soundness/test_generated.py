"""Drawn projects and drawn edits: every test whose outcome an edit changes is run, and nothing runs twice.

`make test` draws the same few in every run. ``make soundness-generated`` draws as many as ``SOUNDNESS_EXAMPLES`` says,
at random. A failure is cut down to one small project, and printed as a listing; it belongs into ``cases/`` then. That
is done here and not by hypothesis, which does not know that the projects of a pack are independent, and that each
try costs three runs of pytest.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from .generator import Project, each_by_itself, packs
from .oracle import cut_down, judge, listing
from .runs import MODES

_ASKED = os.environ.get("SOUNDNESS_EXAMPLES")
_PACK = 30


def _profile(examples: int) -> settings:
    return settings(
        max_examples=int(_ASKED) if _ASKED else examples,
        derandomize=not _ASKED,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


@pytest.mark.parametrize("mode", MODES)
def test_each_construct_by_itself(tmp_path: Path, mode: str) -> None:
    """All edits of all constructs once, in one rootdir."""
    judgement = judge(tmp_path, each_by_itself(), mode)
    assert [str(finding) for finding in judgement.findings] == []


@pytest.mark.xdist_group("generated-serial")
@_profile(8)
@given(packs(_PACK))
def test_one_process(pack: list[Project]) -> None:
    """In one process."""
    _check(pack, "serial")


@pytest.mark.xdist_group("generated-parallel")
@_profile(4)
@given(packs(_PACK))
def test_two_workers(pack: list[Project]) -> None:
    """With two workers of pytest-xdist."""
    _check(pack, "parallel")


def _check(pack: list[Project], mode: str) -> None:
    with tempfile.TemporaryDirectory(prefix="testmonx-soundness-") as directory:
        judgement = judge(Path(directory), pack, mode)
    executed, needed = judgement.executed, judgement.needed
    event("executed over needed", str(round(executed / needed, 1)) if needed else "nothing needed")
    for finding in judgement.findings[:1]:
        smallest = cut_down(finding, mode)
        pytest.fail(f"{smallest}\n{listing(smallest.project)}", pytrace=False)
