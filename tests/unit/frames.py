"""Frames that the tests of `ml` train on; small, seeded, with known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd


def visitors(n: int = 2_000, seed: int = 0, *, groups: int = 0, days: int = 0) -> pd.DataFrame:
    """Rows whose conversion depends on visits, device and a missing value, noise beside it.

    With `groups`, a `visitor` column of that many; with `days`, a `moment` column.
    """
    rng = np.random.default_rng(seed)
    visits = rng.poisson(3, n)
    device = rng.choice(["phone", "desktop", "tablet"], n)
    minutes = np.where(rng.random(n) < 0.2, np.nan, rng.exponential(5, n))
    log_odds = -3.5 + 0.5 * visits + 0.8 * (device == "desktop") + 0.9 * np.isnan(minutes)
    chance = 1 / (1 + np.exp(-log_odds))
    frame = pd.DataFrame(
        {
            "visits": visits,
            "device": device,
            "minutes": minutes,
            "noise": rng.normal(size=n),
            "is_weekend": rng.random(n) < 0.3,
        }
    )
    if groups:
        frame["visitor"] = [f"v{at}" for at in rng.integers(0, groups, n)]
    if days:
        start = pd.Timestamp("2026-01-01")
        frame["moment"] = start + pd.to_timedelta(rng.integers(0, days * 86_400, n), unit="s")
    frame["chance"] = chance
    frame["bought"] = rng.random(n) < chance
    return frame


def with_folds(frame: pd.DataFrame) -> pd.DataFrame:
    """Name the roles as the training tables do: subjects and days in one fold each."""
    out = frame.rename(
        columns={"visitor": "domain_userid", "moment": "as_of_tstamp", "bought": "target"}
    ).drop(columns="chance")
    day = out["as_of_tstamp"].rank(pct=True)
    part = out["domain_userid"].str[1:].astype(int) % 10
    in_time = np.select([day < 0.6, day < 0.8], [0, 1], 2)
    by_subject = np.select([part < 6, part < 8], [0, 1], 2)
    names = np.array(["train", "calibrate", "test"], dtype=object)
    out["fold"] = names[by_subject]
    return out[in_time == by_subject].reset_index(drop=True)
