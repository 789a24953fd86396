"""Which planted leaks are caught, and how often clean data are suspected, over fresh seeds.

    python bench/leaks.py                 # seeds drawn anew, printed
    python bench/leaks.py --seed 7        # the same again

Planted are counts of what came after the outcome, rates made from the target, and joins
with the future, at several base rates, in plain frames and with time and groups. Clean are
frames without a dominant feature, and frames with one that is honest: a cart's value, time
since the last visit, an earlier purchase.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import ml


@dataclass(frozen=True)
class Kind:
    """A way to make a frame, and the column that leaks, if any."""

    name: str
    make: Callable[[pd.DataFrame, np.random.Generator], np.ndarray | None]
    base_rate: float
    leaks: bool


def visitors(n: int, rng: np.random.Generator, base_rate: float) -> pd.DataFrame:
    """Rows of visitors whose behaviour says something about their outcome."""
    visits = rng.poisson(3, n)
    desktop = rng.random(n) < 0.4
    days_since = rng.exponential(6, n)
    log_odds = 0.45 * visits + 0.6 * desktop - 0.12 * days_since + rng.normal(0, 0.5, n)
    low, high = -20.0, 20.0
    for _ in range(60):
        shift = (low + high) / 2
        rate = (1 / (1 + np.exp(-log_odds - shift))).mean()
        low, high = (shift, high) if rate < base_rate else (low, shift)
    chance = 1 / (1 + np.exp(-log_odds - low))
    start = pd.Timestamp("2026-01-01")
    return pd.DataFrame(
        {
            "visits": visits,
            "is_desktop": desktop,
            "days_since_last_visit": days_since,
            "country": rng.choice(["de", "fr", "uk", "us"], n),
            "noise": rng.normal(size=n),
            "visitor": [f"v{at}" for at in rng.integers(0, n // 5, n)],
            "moment": start + pd.to_timedelta(rng.integers(0, 60 * 86_400, n), unit="s"),
            "bought": rng.random(n) < chance,
        }
    )


def rate_of_cells(
    rows: int,
) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    """Mean of the target over cells of about so many rows, the row's own among them."""

    def make(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        cell = pd.Series(rng.integers(0, max(1, len(frame) // rows), len(frame)))
        return frame["bought"].groupby(cell).transform("mean").to_numpy()

    return make


def counts_after(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Pages seen after the purchase, some of which others see too."""
    bought = frame["bought"].to_numpy()
    return rng.poisson(0.1, len(frame)) + bought * (1 + rng.poisson(1, len(frame)))


def orders_joined(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Orders of the visitor at any time, later ones too."""
    return rng.poisson(0.5, len(frame)) + frame["bought"].to_numpy() * rng.poisson(3, len(frame))


def spend_joined(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Spend of the visitor in the month ahead."""
    other = rng.exponential(5, len(frame)) * (rng.random(len(frame)) < 0.1)
    return other + frame["bought"].to_numpy() * rng.lognormal(4, 0.6, len(frame))


def status(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return a flag that is set for some of the buyers, once they have bought."""
    return frame["bought"].to_numpy() & (rng.random(len(frame)) < 0.4)


def dominant(
    chance_with: float, chance_without: float, share: float
) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    """Return an honest cart: known before, it makes a purchase much more likely, never certain."""

    def make(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        n = len(frame)
        in_cart = rng.random(n) < share
        value = np.where(in_cart, rng.lognormal(4, 0.8, n), 0.0)
        tilt = np.clip((np.log1p(value) - 4) / 20, -0.05, 0.05) * in_cart
        nudge = 1 + 0.15 * (frame["visits"].to_numpy() - 3) / 3
        chance = np.where(in_cart, chance_with, chance_without) * nudge + tilt
        frame["bought"] = rng.random(n) < np.clip(chance, 0, 0.95)
        return value

    return make


def nothing(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add no column."""


def idle(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Most visitors are gone: days since the last visit rules nearly all of them out."""
    days = rng.exponential(12, len(frame))
    frame["days_since_last_visit"] = days
    chance = 0.5 * np.exp(-0.9 * days) * np.clip(frame["visits"].to_numpy() / 3, 0.3, 1.9)
    frame["bought"] = rng.random(len(frame)) < chance
    return days


BASE_RATES = (0.02, 0.1, 0.3)
KINDS = [
    *(
        Kind(f"{name}, base rate {rate:g}", make, rate, True)
        for rate in BASE_RATES
        for name, make in (
            ("counts after the outcome", counts_after),
            ("join: orders at any time", orders_joined),
            ("join: spend of the month ahead", spend_joined),
            ("status of some buyers", status),
        )
    ),
    *(
        Kind(f"target rate of cells of {rows} rows, base rate {rate:g}", make, rate, True)
        for rate in (0.1, 0.3)
        for rows in (3, 10, 30)
        for make in (rate_of_cells(rows),)
    ),
    *(Kind(f"no dominant one, base rate {rate:g}", nothing, rate, False) for rate in BASE_RATES),
    Kind("honestly dominant: cart, 60 % buy", dominant(0.6, 0.01, 0.1), 0.07, False),
    Kind("honestly dominant: cart, 75 % buy", dominant(0.75, 0.005, 0.1), 0.08, False),
    Kind("honestly dominant: value of pages", dominant(0.57, 0.04, 0.22), 0.155, False),
    Kind("honestly dominant: most are gone", idle, 0.04, False),
]  # fmt: skip


def run(kind: Kind, seed: int, n: int) -> pd.DataFrame:
    """Suspicions of one frame."""
    rng = np.random.default_rng(seed)
    frame = visitors(n, rng, kind.base_rate)
    made = kind.make(frame, rng)
    if made is not None:
        frame["planted"] = made
    if not seed % 2:
        frame = frame.drop(columns=["moment", "visitor"])
    model = ml.train_propensity(
        frame,
        target="bought",
        time="moment" if seed % 2 else None,
        group="visitor" if seed % 2 else None,
        n_trials=1,
        progress=False,
        random_state=seed,
    )
    return model.leaks


def main() -> None:
    """Print the table; the exit code is 1 where a leak is missed or 1 in 20 is suspected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, help="of the first frame; by default drawn anew")
    parser.add_argument("--runs", type=int, default=20, help="frames of each kind")
    parser.add_argument(
        "--rows", type=int, default=6_000, help="rows of a frame, more where few convert"
    )
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    options = parser.parse_args()
    drawn = int(np.random.default_rng().integers(10**6))
    first = drawn if options.seed is None else options.seed
    print(f"seeds {first} to {first + options.runs - 1}, {options.rows} rows and more;")
    print("odd seeds with time and groups, even ones without")
    caught = planted = flagged = clean = 0
    for kind in (kind for kind in KINDS if options.only in kind.name):
        hits, others, example = 0, 0, ""
        for seed in range(first, first + options.runs):
            found = run(kind, seed, max(options.rows, int(400 / kind.base_rate)))
            hits += bool((found["feature"] == "planted").any())
            others += bool((found["feature"] != "planted").any())
            if len(found):
                example = f"{found['feature'].iloc[0]}: {found['evidence'].iloc[0]}"
        suspected = hits + others if not kind.leaks else hits
        print(f"{'planted' if kind.leaks else 'clean':8}{kind.name:55}"
              f"{suspected:3} of {options.runs}   {example}", flush=True)  # fmt: skip
        if kind.leaks:
            caught, planted = caught + hits, planted + options.runs
        else:
            flagged, clean = flagged + min(suspected, options.runs), clean + options.runs
    print(
        f"caught {caught} of {planted} planted leaks; suspected {flagged} of {clean} clean frames"
    )
    sys.exit(0 if caught == planted and flagged * 20 <= clean else 1)


if __name__ == "__main__":
    main()
