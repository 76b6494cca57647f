"""The oracle: what bare pytest says before and after each edit, against what ``--testmon`` ran over one store."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from .generator import LAYOUT, Project, made
from .runs import Edit, Files, Outcomes, Tree, changed


@dataclass(frozen=True)
class Finding:
    """Something that does not hold, of one project."""

    project: Project
    step: int
    what: str

    def __str__(self) -> str:
        label = self.project.steps[self.step][0] if self.step >= 0 else "before the first edit"
        return f"[{' > '.join(self.project.drawn)}] {label}: {self.what}"


@dataclass
class Judgement:
    """What came of a pack: findings, and how many of the tests that ran were needed."""

    findings: list[Finding]
    executed: int = 0
    needed: int = 0
    cosmetic: int = 0
    output: str = ""


def judge(directory: Path, pack: list[Project], mode: str) -> Judgement:
    """Runs a pack of projects through all its steps."""
    files: dict[str, str] = {"pytest.ini": "[pytest]\npythonpath = .\n"}
    for project in pack:
        files.update(project.files)
    tree = Tree(directory, files)
    judgement = Judgement([])
    first = tree.testmon(mode)
    judgement.output = first.output
    before = first.outcomes
    earlier = [before]
    for project in pack:
        if not any(node.startswith(f"{project.package}/") for node in before):
            judgement.findings.append(Finding(project, -1, "the first run did not run it"))
    for step in range(len(pack[0].steps)):
        for project in pack:
            tree.apply(project.steps[step][1])
        bare, ran = tree.bare(), tree.testmon(mode)
        judgement.output = ran.output
        needed = changed(before, bare.outcomes)
        judgement.needed += len(needed)
        judgement.executed += len(ran.executed)
        for project in pack:
            own = f"{project.package}/"
            missed = sorted(
                node
                for node in needed - ran.executed
                if node.startswith(own) and not _came_to(node, bare.outcomes[node], earlier)
            )
            if missed:
                judgement.findings.append(Finding(project, step, f"not run: {', '.join(missed)}"))
            for node, outcome in ran.outcomes.items():
                if node.startswith(own) and outcome != bare.outcomes.get(node):
                    what = f"`{node}` came to {outcome}, bare pytest to {bare.outcomes.get(node)}"
                    judgement.findings.append(Finding(project, step, what))
            if project.steps[step][0] == LAYOUT:
                judgement.cosmetic += sum(n.startswith(own) for n in ran.executed - ran.failing)
        before = bare.outcomes
        earlier.append(before)
    again = tree.testmon(mode)
    failing = {node for node, phases in before.items() if any(" failed" in f" {p}" for p in phases)}
    for project in pack:
        more = sorted(n for n in again.executed - failing if n.startswith(f"{project.package}/"))
        if more:
            step = len(project.steps) - 1
            judgement.findings.append(Finding(project, step, f"runs again: {', '.join(more)}"))
    return judgement


def cut_down(finding: Finding, mode: str) -> Finding:
    """The finding of the smallest project that still has one; itself if the project has none when it is alone."""
    smallest = _of_alone(finding.project, mode)
    if smallest is None:
        return finding
    candidates = smallest.project.recipe.smaller()
    while (recipe := next(candidates, None)) is not None:
        found = _of_alone(made(recipe, "p0"), mode)
        if found is not None:
            smallest, candidates = found, recipe.smaller()
    return smallest


def _of_alone(project: Project, mode: str) -> Finding | None:
    with tempfile.TemporaryDirectory(prefix="testmonx-soundness-") as directory:
        findings = judge(Path(directory), [project], mode).findings
    return findings[0] if findings else None


def _came_to(node: str, outcome: list[str], earlier: list[Outcomes]) -> bool:
    """Whether the test passed like this before: after an undone edit it may be fresh, though it changed twice."""
    return any(outcomes.get(node) == outcome for outcomes in earlier)


def listing(project: Project) -> str:
    """The project and its edits, for a person."""
    parts = [_shown(project.files)]
    for number, (label, edit) in enumerate(project.steps, 1):
        parts.append(f"==== step {number}: {label}\n{_shown(edit)}")
    return "\n".join(parts)


def _shown(files: Files | Edit) -> str:
    return "\n".join(
        f"---- {path}\n{text}" if text is not None else f"---- {path} is deleted\n"
        for path, text in sorted(files.items())
        if text != ""
    )
