"""By which split each model is judged, and how well it does, for histories of several lengths.

Simulates three weeks (with a daily horizon of three days), six weeks and 90 days, builds up to the
evaluation with the default settings on a new DuckDB warehouse each, and prints split, ROC AUC and
log loss of the test fold beside the log loss of always answering the base rate. With --file, a file
of events of your own besides.

    python bench/splits.py [--only NAME] [--file EVENTS]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from bench.environment import environment

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
# Name -> events, days, vars.
SIMULATED: dict[str, tuple[int, int, dict[str, Any]]] = {
    "three weeks": (100_000, 21, {"daily_horizon": "P3D"}),
    "six weeks": (100_000, 42, {}),
    "a million events": (1_000_000, 90, {}),
}
FOUND = """
    with test as (
        select
            model_name, version,
            max(case when metric = 'roc_auc' then value end) as auc,
            max(case when metric = 'log_loss' then value end) as log_loss,
            max(case when metric = 'log_loss_gain' then value end) as gain,
            max(case when metric = 'n_rows' then value end)::int as n_rows,
            max(case when metric = 'n_converting_subjects' then value end)::int as n_converting
        from propensity_evaluation where dataset = 'test' group by all
    )
    select
        r.model_name, coalesce(m.split, 'not trained: ' || r.not_trained_reason, 'not trained'),
        test.n_rows, test.n_converting, test.auc, test.log_loss, test.log_loss + test.gain,
        coalesce(m.decision || ': ' || m.decision_reason, '')
    from trn_readiness as r
    left join propensity_models as m using (model_name)
    left join test using (model_name, version)
    order by 1
"""


def build(folder: Path, events: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Build a warehouse up to the evaluation; returns a row for each model."""
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    command: list[str | Path] = [
        BIN / "dbt",
        "--quiet",
        "run",
        "--select",
        "+propensity_evaluation",
    ]
    command += ["--profiles-dir", folder, "--target-path", folder / "target"]
    command += ["--log-path", folder / "logs", "--vars", json.dumps(given)]
    settings = {
        "CDP_EVENTS": events,
        "CDP_WEB": "",
        "CDP_DUCKDB": str(folder / "warehouse.duckdb"),
        "MLFLOW_TRACKING_URI": (folder / "mlruns").as_uri(),
    }
    done = subprocess.run(command, cwd=ROOT, env=environment(**settings), check=False)
    if done.returncode:
        raise SystemExit(f"the build of {events} failed")
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(FOUND).fetchall()


def show(name: str, rows: list[tuple[Any, ...]]) -> None:
    """Print the models of one history."""
    print(f"\n{name}")
    for model, split, n_rows, converting, auc, loss, base, decision in rows:
        if auc is None:
            print(f"  {model:<12} {split}")
            continue
        print(
            f"  {model:<12} {split:<16} {n_rows:>7,} rows, {converting:>5,} converting subjects; "
            f"ROC AUC {auc:.3f}, log loss {loss:.4f}, of the base rate {base:.4f}; {decision}"
        )
    sys.stdout.flush()


def main() -> None:
    """Build and print each history."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*SIMULATED, "file"])
    parser.add_argument("--file")
    given = parser.parse_args()
    for name, (events, days, variables) in SIMULATED.items():
        if given.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            command: list[str | Path] = [BIN / "cdp", "simulate", "--out", folder / "simulated"]
            command += ["--events", str(events), "--days", str(days), "--quiet"]
            subprocess.run(command, check=True)
            found = build(folder, str(folder / "simulated" / "events"), variables)
            show(f"{name}: {events:,} events, {days} days", found)
    if given.file:
        with tempfile.TemporaryDirectory() as scratch:
            show(given.file, build(Path(scratch), str(Path(given.file).resolve()), {}))


if __name__ == "__main__":
    main()
