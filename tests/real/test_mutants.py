"""A few mutants of a real suite: `make soundness` in short (benches/soundness.py says how)."""

from __future__ import annotations

import sys

import pytest

from realsuites import catalogue

sys.path.append(str(catalogue.ROOT / "benches"))

from soundness_suite import tries
from soundness_trial import Trial

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("mutants")]


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Six mutants of the quickest suite, one of each class that it has places for."""
    return tries(catalogue.all_suites()["itsdangerous"], wanted=6, seed=1)["testmonx"]


def test_some_mutants_change_outcomes(trials: list[Trial]) -> None:
    """Otherwise the other test would prove nothing."""
    assert sum(bool(trial.needed) for trial in trials) >= 2


def test_every_changed_outcome_is_run(trials: list[Trial]) -> None:
    """And it comes to what bare pytest says."""
    assert [trial for trial in trials if not trial.is_safe] == []
