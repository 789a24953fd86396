"""Are features and scores the same live as in the warehouse? Counted, value by value.

    python bench/parity.py                       # 12,000 moments of 120,000 events
    python bench/parity.py --with late=0.05      # with a defect that `cdp simulate` knows
    python bench/parity.py --folder kept         # keeps what was built, and builds it only once

Builds the warehouse from simulated events, publishes the attributes of its `live` champion to the
stand-in of Signals, replays the events in the order of their arrival, and scores the visitor of
each chosen event just before it is taken. Fails if a difference has no documented cause.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.live import CDP
from tools.parity import UNEXPLAINED, Agreement, Parity, measure
from tools.project import Project


def built(folder: Path, asked: argparse.Namespace) -> Path:
    """Simulate events and build the warehouse, unless the folder has it."""
    project = Project(folder / "project")
    done = folder / "built"
    if not done.exists():
        simulate = [CDP, "simulate", "--out", folder, "--events", asked.events, "--quiet"]
        simulate += ["--days", asked.days, "--seed", asked.seed, "--force"]
        for defect in asked.defects:
            simulate += ["--with", defect]
        subprocess.run([str(part) for part in simulate], check=True)
        project.build(events=folder / "events")
        done.touch()
    return project.database


def table(found: Parity) -> str:
    """Everything that was counted, as Markdown."""
    lines = ["| aggregation | values | equal | differ, and why |", "|---|--:|--:|---|"]
    for name, one in [*found.by_aggregation().items(), ("score", found.scores)]:
        lines.append(f"| {name} | {one.total:,} | {one.equal:,} | {_told(one)} |")
    return "\n".join(lines)


def _told(one: Agreement) -> str:
    return "; ".join(f"{n:,}: {cause}" for cause, n in one.causes.most_common()) or "-"


def main() -> None:
    """Measure, print, and fail where something is not explained."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--events", type=int, default=120_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--moments", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--with", dest="defects", action="append", default=[], metavar="NAME=RATE")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        database = built(folder, asked)
        start = time.perf_counter()
        found = measure(folder, folder / "events", database, asked.moments)
        seconds = time.perf_counter() - start
    values = sum(one.total for one in found.features.values())
    print(table(found))
    print(
        f"\n{values:,} values and {found.scores.total:,} scores in {seconds:.0f} s; largest "
        f"difference of a score {found.largest_score_difference:.3f}"
    )
    unexplained = [
        f"{name} ({one.causes[UNEXPLAINED]:,})"
        for name, one in [*found.features.items(), ("score", found.scores)]
        if one.causes[UNEXPLAINED]
    ]
    if unexplained:
        sys.exit(f"Not explained: {', '.join(unexplained)}")


if __name__ == "__main__":
    main()
