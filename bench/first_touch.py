"""Is `first_touch` calibrated? Mean score beside what came true, of people it never saw.

Simulates events and builds the training rows, trains as the registry does on the folds
`train` and `calibrate`, and looks at the people of the fold `test`: their first visits came
later, and their outcomes are known (matured). The expected calibration error stands beside
the one that a perfectly calibrated model would show on as many people by chance.

    python bench/first_touch.py [--events N] [--seed S] [--days D] [--database FILE]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from bench.environment import environment
from ml.evaluation.metrics import equal_mass_bins, expected_calibration_error
from ml.training.propensity import train_propensity

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
N_DRAWS = 2_000


def build(folder: Path, events: int, seed: int, days: int) -> Path:
    """Simulate events and build what `first_touch` learns from; returns the database."""
    sizes = ["--events", str(events), "--days", str(days), "--seed", str(seed)]
    subprocess.run([BIN / "cdp", "simulate", "--out", folder / "data", *sizes], check=True)
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    database = folder / "warehouse.duckdb"
    command = [BIN / "dbt", "--quiet", "run", "-s", "+trn_first_touch", "feature_catalogue"]
    command += ["--profiles-dir", folder, "--target-path", folder / "target"]
    own = environment(CDP_EVENTS=folder / "data/events", CDP_DUCKDB=database)
    subprocess.run(command, cwd=ROOT, env=own, check=True)
    return database


def read(database: Path) -> tuple[pd.DataFrame, list[str]]:
    """Training rows, and which of their columns are features."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select * from trn_first_touch where target is not null").df()
        known = connection.execute("select feature_name from feature_catalogue").fetchall()
    return rows, [name for (name,) in known if name in rows.columns]


def by_decile(y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    """Mean score and realised rate with its 95 % (Wilson) interval, best decile first."""
    rows = pd.DataFrame({"decile": 10 - equal_mass_bins(p, np.ones(len(p)), 10), "y": y, "p": p})
    out = rows.groupby("decile").agg(
        people=("y", "size"), mean_score=("p", "mean"), realised_rate=("y", "mean")
    )
    z, n, rate = 1.96, out["people"], out["realised_rate"]
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return out.assign(low=middle - half, high=middle + half)


def chance_error(p: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """ECE of outcomes drawn from the very scores: its mean and its 95th percentile."""
    rng = np.random.default_rng(seed)
    drawn = [
        expected_calibration_error((rng.random(len(p)) < p).astype(float), p)
        for _ in range(N_DRAWS)
    ]
    return float(np.mean(drawn)), float(np.quantile(drawn, 0.95))


def report(database: Path) -> None:
    """Train, score the test fold, print."""
    rows, features = read(database)
    model = train_propensity(
        rows,
        target="target",
        features=features,
        time="as_of_tstamp",
        group="stitched_user_id",
        fold="fold",
    )
    test = rows[rows["fold"] == "test"]
    y, p = test["target"].to_numpy(dtype=float), model.predict_proba(test)
    held_out = model.evaluation[model.evaluation["dataset"] == "test"].set_index("metric")
    counts = rows["fold"].value_counts()
    print(f"\nfirst_touch, {', '.join(f'{n:,} {fold}' for fold, n in counts.items())} people")
    print(f"mean score {p.mean():.4f}, realised {y.mean():.4f}")
    for metric in ("ece", "roc_auc", "log_loss_gain"):
        value, low, high = held_out.loc[metric, ["value", "value_low", "value_high"]]
        print(f"{metric} {value:.4f} [{low:.4f}, {high:.4f}]")
    mean, most = chance_error(p)
    print(f"ece of a perfectly calibrated model on as many people: {mean:.4f}, at most {most:.4f}")
    print("\n" + by_decile(y, p).to_string(float_format="{:.4f}".format))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--database", type=Path, help="a warehouse that is built already")
    given = parser.parse_args()
    if given.database:
        report(given.database)
        return
    with tempfile.TemporaryDirectory() as scratch:
        report(build(Path(scratch), given.events, given.seed, given.days))


if __name__ == "__main__":
    main()
