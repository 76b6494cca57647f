"""The table of docs/soundness.md, from the trials."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import mean, median

from soundness_mutants import CLASSES
from soundness_trial import Trial

_HEAD = (
    "| {what} | mutants | killing | safe | executed, mean | median | needed, mean | executed / ran the code |\n"
    "|---|---|---|---|---|---|---|---|"
)


def page(trials: dict[str, list[Trial]], command: str, version: str, commit: str) -> str:
    """docs/soundness.md's measured part: a table by class of change and one by suite, for each plugin."""
    parts = [f"`{command}`, CPython {version}, testmonx at {commit}."]
    for plugin, tried in trials.items():
        suites = sorted({trial.suite for trial in tried})
        parts.append(f"### {plugin}")
        parts.append(_table("change", tried, CLASSES, lambda trial: trial.kind))
        parts.append(_table("suite", tried, suites, lambda trial: trial.suite))
        missed = [trial for trial in tried if not trial.is_safe]
        if missed:
            parts.append("Not safe:\n\n" + "\n".join(f"- {_miss(trial)}" for trial in missed))
    return "\n\n".join(parts) + "\n"


def line(trial: Trial, plugin: str) -> str:
    """One trial, for the terminal."""
    verdict = "safe" if trial.is_safe else f"MISSED {len(trial.missed)}"
    return (
        f"{plugin:14} {trial.suite:12} {trial.mutant:100} needed {trial.needed:4}  ran "
        f"{'-' if trial.ran is None else trial.ran:>4}  executed {trial.executed:4} of {trial.tests}  {verdict}"
    )


def _table(
    what: str, trials: list[Trial], groups: Iterable[str], group_of: Callable[[Trial], str]
) -> str:
    rows = [_HEAD.format(what=what)]
    for group in groups:
        chosen = [trial for trial in trials if group_of(trial) == group]
        if chosen:
            rows.append(_row(group, chosen))
    rows.append(_row("all", trials))
    return "\n".join(rows)


def _row(name: str, trials: list[Trial]) -> str:
    killing = [trial for trial in trials if trial.needed]
    safe = sum(trial.is_safe for trial in killing)
    executed = [100 * trial.executed / trial.tests for trial in trials]
    needed = [100 * trial.needed / trial.tests for trial in trials]
    ran = sum(trial.ran for trial in trials if trial.ran)
    executed_of_those = sum(trial.executed for trial in trials if trial.ran)
    cells = [
        name,
        str(len(trials)),
        str(len(killing)),
        f"{safe} of {len(killing)}",
        f"{mean(executed):.1f} %",
        f"{median(executed):.1f} %",
        f"{mean(needed):.1f} %",
        f"{executed_of_those / ran:.2f}" if ran else "",
    ]
    return f"| {' | '.join(cells)} |"


def _miss(trial: Trial) -> str:
    text = f"{trial.suite}: {' '.join(trial.mutant.split())}: "
    if trial.missed:
        text += f"{len(trial.missed)} of {trial.needed} changed outcomes not seen, e.g. `{trial.missed[0]}`"
        if not trial.alone:
            text += " (by itself it does not change: it depends on the order of the tests)"
    if trial.differing:
        text += f"; {len(trial.differing)} reported otherwise, e.g. `{trial.differing[0]}`"
    return text
