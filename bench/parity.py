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

from ml.engines.connections import open_duckdb
from ml.signals.champion import read_champion
from tools.live import CDP, process, publish, wait_for
from tools.parity import UNEXPLAINED, Agreement, Parity, replay
from tools.project import Project
from tools.stand_ins import free_port


def measured(folder: Path, files: Path, database: Path, n_moments: int) -> Parity:
    """Start stand-in and service, replay, and end them."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    collector, service = free_port(), free_port()
    address = f"http://127.0.0.1:{collector}"
    signals = {"SP_SANDBOX_URL": address, "SP_SANDBOX_TOKEN": "local", "SP_OWNER": "a@example.com"}
    model = ["--warehouse", str(database)]
    local: list[object] = [
        CDP, "signals", "local", "--replay", "--port", collector, "--folder", folder / "live",
    ]  # fmt: skip
    serve: list[object] = [CDP, "serve", *model, "--port", service]
    settings = signals | {"CDP_SERVE_REPLAY": "1", "CDP_SERVE_RATE": "0"}
    with open_duckdb(database) as reader:
        champion = read_champion(reader, "live")
    with process("cdp signals local", local, {}, logs / "signals.log") as standin:
        wait_for(f"{address}/health", standin)
        publish(model, signals)
        with process("cdp serve", serve, settings, logs / "serve.log") as api:
            wait_for(f"http://127.0.0.1:{service}/ready", standin, api)
            return replay(
                database,
                f"{files}/**/*.parquet",
                champion,
                f"127.0.0.1:{collector}",
                f"127.0.0.1:{service}",
                n_moments,
            )


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
        found = measured(folder, folder / "events", database, asked.moments)
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
