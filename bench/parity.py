"""Are features and scores the same live as in the warehouse? Counted, value by value.

    python bench/parity.py                       # 12,000 moments of 120,000 events
    python bench/parity.py --with late=0.05      # with a defect that `cdp simulate` knows
    python bench/parity.py --folder kept         # keeps what was built, and builds it only once
    python bench/parity.py --write               # and puts the figures into the report and docs

Builds the warehouse from simulated events, publishes the attributes of its `live` champion to the
stand-in of Signals, replays the events in the order of their arrival, and scores the visitor of
each chosen event just before it is taken. Fails if a difference has no documented cause.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.live import CDP
from tools.parity import UNEXPLAINED, Parity, measure
from tools.project import ROOT, Project

FIGURES = ROOT / "ml" / "report" / "parity.json"
PAGE = ROOT / "dbt_project" / "docs" / "parity.md"
BEGINS, ENDS = "<!-- figures begin -->", "<!-- figures end -->"


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


def figures(found: Parity, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything that was counted, as ml/report/parity.json has it."""
    kinds = [*found.by_aggregation().items(), ("score", found.scores)]
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "num_events": asked.events,
        "num_values": sum(one.total for one in found.features.values()),
        "num_scores": found.scores.total,
        "rows": [
            {"what": name, "total": one.total, "equal": one.equal, "causes": dict(one.causes)}
            for name, one in kinds
        ],
    }


def page_with(page: str, measured: dict[str, Any]) -> str:
    """Return the page of the docs, with the table between its marks made anew."""
    lines = ["| aggregation | values | equal | differ, and why |", "|---|--:|--:|---|"]
    for row in measured["rows"]:
        causes = sorted(row["causes"].items(), key=lambda cause: -cause[1])
        told = "; ".join(f"{n:,}: {cause}" for cause, n in causes) or "none"
        lines.append(f"| {row['what']} | {row['total']:,} | {row['equal']:,} | {told} |")
    table = "\n".join(["", *lines, ""])
    head, _, rest = page.partition(BEGINS)
    return head + BEGINS + table + ENDS + rest.partition(ENDS)[2]


def main() -> None:
    """Measure, print, and fail where something is not explained."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--events", type=int, default=120_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--moments", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--with", dest="defects", action="append", default=[], metavar="NAME=RATE")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        database = built(folder, asked)
        start = time.perf_counter()
        found = measure(folder, folder / "events", database, asked.moments)
        seconds = time.perf_counter() - start
    measured = figures(found, asked)
    print(page_with(BEGINS + ENDS, measured))
    print(
        f"{measured['num_values']:,} values and {found.scores.total:,} scores in {seconds:.0f} s; "
        f"largest difference of a score {found.largest_score_difference:.3f}"
    )
    if asked.write:
        FIGURES.write_text(json.dumps(measured, indent=2) + "\n")
        PAGE.write_text(page_with(PAGE.read_text(), measured))
    unexplained = [
        f"{name} ({one.causes[UNEXPLAINED]:,})"
        for name, one in [*found.features.items(), ("score", found.scores)]
        if one.causes[UNEXPLAINED]
    ]
    if unexplained:
        sys.exit(f"Not explained: {', '.join(unexplained)}")


if __name__ == "__main__":
    main()
