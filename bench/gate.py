"""What the gate decides on four versions, each really trained: its lines of the log.

    python bench/gate.py

One stream of simulated visitors, from which a champion is trained; two weeks later a
challenger that has learnt more (better), the same again on newer rows (equal but newer), one
whose training rows were mislabelled (worse), and one with a feature made from the outcome
(leaking).
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from ml.registry.register import register_due
from ml.registry.settings import Settings

DAY = pd.Timedelta(days=1)
SHARES = {"train": 0.6, "calibrate": 0.2, "test": 0.2}


def visitors(n: int, days: int, seed: int) -> pd.DataFrame:
    """Moments of visitors over so many days, and whether a conversion followed."""
    rng = np.random.default_rng(seed)
    subject = rng.integers(0, n // 6, n)
    visits = rng.poisson(3, n)
    minutes = np.where(rng.random(n) < 0.2, np.nan, rng.exponential(5, n))
    cart = rng.poisson(0.4, n)
    log_odds = -4.2 + 0.4 * visits + 0.8 * np.isnan(minutes) + 0.9 * cart
    start = pd.Timestamp("2026-01-01")
    return pd.DataFrame(
        {
            "domain_userid": [f"v{at}" for at in subject],
            "as_of_tstamp": start + pd.to_timedelta(rng.integers(0, days * 86_400, n), unit="s"),
            "visits": visits,
            "minutes": minutes,
            "cart_additions": cart,
            "noise": rng.normal(size=n),
            "target": rng.random(n) < 1 / (1 + np.exp(-log_odds)),
        }
    )


def training_rows(stream: pd.DataFrame, as_of: pd.Timestamp, days: int = 60) -> pd.DataFrame:
    """Rows of the days before `as_of`, in folds that share neither subjects nor time."""
    rows = stream[(stream["as_of_tstamp"] < as_of) & (stream["as_of_tstamp"] >= as_of - days * DAY)]
    edges = np.cumsum(list(SHARES.values()))[:-1]
    age = (rows["as_of_tstamp"] - (as_of - days * DAY)) / (days * DAY)
    part = rows["domain_userid"].str[1:].astype(int) % 100 / 100
    in_time = np.searchsorted(edges, age, side="right")
    by_subject = np.searchsorted(edges, part, side="right")
    names = np.array(list(SHARES), dtype=object)
    return rows.assign(fold=names[by_subject])[in_time == by_subject].reset_index(drop=True)


def main() -> None:
    """Train the five versions and print the lines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    stream = visitors(options.rows, 80, options.seed)
    first_as_of, as_of = pd.Timestamp("2026-03-02"), pd.Timestamp("2026-03-16")
    first, newer = training_rows(stream, first_as_of), training_rows(stream, as_of)
    rng = np.random.default_rng(options.seed)
    teaches = newer["fold"] != "test"
    mislabelled = newer["target"].where(~teaches, newer["target"] ^ (rng.random(len(newer)) < 0.15))
    leak = rng.poisson(0.1, len(newer)) + newer["target"] * (1 + rng.poisson(1, len(newer)))

    def register(
        label: str, rows: pd.DataFrame, moment: pd.Timestamp, known: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        features = [
            str(name) for name in rows if name not in (*first.columns[:2], "target", "fold")
        ]
        artefacts = {} if known is None else known.set_index("version")["artefact"]
        lines: list[str] = []
        new = register_due(
            {"trn_daily": lambda: rows},
            readiness=pd.DataFrame(
                {
                    "model_name": ["daily"],
                    "kind": ["conversion"],
                    "training_table": ["trn_daily"],
                    "target_column": ["target"],
                    "subject_column": ["domain_userid"],
                    "not_trained_code": [None],
                    "not_trained_reason": [None],
                    "definition_hash": ["-".join(features)],
                    "outcome_hash": ["one"],
                    "feature_hashes": ["".join(f"|{name}:1|" for name in rows.columns)],
                }
            ),
            as_of=moment,
            catalogue=pd.DataFrame({"feature_name": features, "leak_reviewed": False}),
            known=known,
            fetch_artefact=lambda _, version: artefacts[version],
            settings=Settings(force=True),
            log=lines.append,
        )
        print(f"{label:16} {lines[-1]}", flush=True)
        return new

    blind = first.drop(columns="cart_additions")
    register("better", newer, as_of, register("(a champion)", blind, first_as_of))
    champion = register("(a champion)", first, first_as_of)
    register("equal but newer", newer, as_of, champion)
    old = champion.assign(as_of_tstamp=as_of - 31 * DAY)
    register("... 31 days on", newer, as_of, old)
    register("worse", newer.assign(target=mislabelled), as_of, champion)
    register("leaking", newer.assign(num_thank_you_pages=leak), as_of, champion)


if __name__ == "__main__":
    main()
