"""Draws many projects and counts what does not hold, by construct and edit: for whoever works on a kind of dependency.

python -m tests.soundness.campaign --packs 20 --mode serial
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .generator import Project, packs
from .oracle import judge, listing
from .runs import MODES


def main() -> None:
    """Draws, judges, and prints a count at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--packs", type=int, default=20, help="how many packs of projects")
    parser.add_argument("--size", type=int, default=60, help="the most projects in a pack")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", choices=list(MODES), default="serial")
    parser.add_argument(
        "--without",
        default="",
        help="constructs of which nothing is to be heard, with commas between",
    )
    parser.add_argument("--listings", action="store_true", help="print each project with a finding")
    arguments = parser.parse_args()
    known = set(arguments.without.split(","))
    found: Counter[str] = Counter()
    totals: Counter[str] = Counter()

    @seed(arguments.seed)
    @settings(
        max_examples=arguments.packs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(packs(arguments.size))
    def draw(pack: list[Project]) -> None:
        with tempfile.TemporaryDirectory(prefix="testmonx-soundness-") as directory:
            judgement = judge(Path(directory), pack, arguments.mode)
        totals["projects"] += len(pack)
        totals["executed"] += judgement.executed
        totals["needed"] += judgement.needed
        totals["executed after a mere change of layout"] += judgement.cosmetic
        for finding in judgement.findings:
            if not known.isdisjoint(finding.project.drawn):
                continue
            found[
                f"{finding.project.steps[finding.step][0]}: {finding.what.partition(':')[0][:40]}"
            ] += 1
            print(finding, flush=True)
            if arguments.listings:
                print(listing(finding.project))

    draw()
    print("\n".join(f"{count:5} {what}" for what, count in found.most_common()))
    print("\n".join(f"{what}: {count}" for what, count in totals.items()))


if __name__ == "__main__":
    main()
