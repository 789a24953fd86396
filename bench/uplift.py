"""Do the figures of an experiment hold? On simulated campaigns whose true uplift is known.

    python bench/uplift.py            # everything; exits 1 if a figure is missed
    python bench/uplift.py --quick    # a tenth of the repetitions, nothing is judged

People differ in how likely they are to convert and in what the campaign does to them. Every
repetition draws new people. Intervals have to cover the truth as often as they say, the one for
people who look every day at all looks together; the sample-ratio alarm has to ring when the split
is broken and only then; the model of uplift has to find whom the campaign moves.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit

import ml
from ml.evaluation.uplift_metrics import qini_area
from ml.experiments import compare, compare_amounts, sample_ratio
from ml.experiments.always_valid import always_valid
from ml.model.trained import UpliftModel

SEED = 20261127
N_SETS = 4_000


@dataclass(frozen=True)
class Campaign:
    """A simulated campaign.

    Parameters
    ----------
    people
        How many are eligible.
    held_out
        Share of the hold-out.
    base_rate
        Share who convert without it, on average.
    effect
        What it adds to the log-odds, for people whom it moves at all.
    """

    people: int
    held_out: float
    base_rate: float
    effect: float

    def __str__(self) -> str:
        return (
            f"{self.people:,} people, {self.held_out:.0%} held out, {self.base_rate:.1%} convert, "
            f"effect {self.effect:g}"
        )


CAMPAIGNS = (
    Campaign(20_000, 0.1, 0.04, 0.5),
    Campaign(20_000, 0.5, 0.02, 0.3),
    Campaign(100_000, 0.05, 0.01, 0.0),
    Campaign(5_000, 0.2, 0.10, 0.4),
)


def people_of(
    n: int, base_rate: float, effect: float, rng: np.random.Generator, kind: str = "differs"
) -> pd.DataFrame:
    """Draw people: what is known of them, and both chances to convert.

    `kind`: `differs`: it moves the hesitant, who are not those likeliest to convert anyway, and
    keeps some from converting; `same`: it adds the same to everybody's chance.
    """
    visits = rng.poisson(3, n)
    days_away = rng.gamma(1.5, 8, n)
    device = rng.choice(["phone", "desktop", "tablet"], n, p=[0.6, 0.3, 0.1])
    compared = rng.random(n) < 0.3
    subscriber = rng.random(n) < 0.15
    log_odds = 0.35 * (visits - 3) - 0.02 * (days_away - 12) + 0.5 * (device == "desktop")
    log_odds = log_odds + math.log(base_rate / (1 - base_rate)) - 0.35
    without = expit(log_odds)
    if kind == "same":
        with_it = np.minimum(without + effect * base_rate, 1)
    else:
        moved = 2.2 * compared + 0.04 * np.minimum(days_away, 30) - 1.5 * subscriber - 0.5
        with_it = expit(log_odds + effect * moved)
    return pd.DataFrame(
        {
            "visits": visits,
            "days_away": days_away,
            "device": device,
            "compared_prices": compared,
            "is_subscriber": subscriber,
            "noise": rng.normal(size=n),
            "without": without,
            "with_it": with_it,
        }
    )


@cache
def true_rates(campaign: Campaign) -> tuple[float, float]:
    """Share who convert with and without it, of very many people."""
    many = people_of(2_000_000, campaign.base_rate, campaign.effect, np.random.default_rng(SEED))
    return float(many["with_it"].mean()), float(many["without"].mean())


def conversions(campaign: Campaign, n_sets: int) -> dict[str, float]:
    """Share of campaigns whose intervals cover the truth.

    People are drawn anew every time, so that the conversions of an arm are binomial.
    """
    rng = np.random.default_rng(SEED)
    p1, p0 = true_rates(campaign)
    hits = np.zeros(3)
    for _ in range(n_sets):
        n0 = rng.binomial(campaign.people, campaign.held_out)
        n1 = campaign.people - n0
        found = compare(n1, rng.binomial(n1, p1), n0, rng.binomial(n0, p0))
        hits += (
            found.low <= p1 - p0 <= found.high,
            found.ratio_low <= p1 / p0 <= found.ratio_high,
            found.p_value < 0.05,
        )
    return dict(zip(("difference", "ratio", "significant"), hits / n_sets, strict=True))


def looks(campaign: Campaign, n_sets: int, n_looks: int = 400) -> tuple[float, float]:
    """Share of campaigns covered at every look, by the always-valid and by the usual interval.

    From the first person on to ten times the campaign's size.
    """
    rng = np.random.default_rng(SEED)
    p1, p0 = true_rates(campaign)
    seen = np.unique(np.geomspace(2, 10 * campaign.people, n_looks).astype(int))
    new = np.diff(seen, prepend=0)
    held_out = rng.binomial(new, campaign.held_out, (n_sets, len(seen)))
    n0, n1 = np.cumsum(held_out, axis=1), np.cumsum(new - held_out, axis=1)
    k0 = np.cumsum(rng.binomial(held_out, p0), axis=1)
    k1 = np.cumsum(rng.binomial(new - held_out, p1), axis=1)
    low, high = always_valid(n1, k1, n0, k0, 0.05)
    covered = (low <= p1 - p0) & (p1 - p0 <= high)
    daily = np.linspace(len(seen) / 2, len(seen) - 1, 20).astype(int)
    usual = np.ones(min(n_sets, 100), dtype=bool)
    for at in range(len(usual)):
        for look in daily:
            found = compare(n1[at, look], k1[at, look], n0[at, look], k0[at, look])
            usual[at] &= found.low <= p1 - p0 <= found.high
    return float(covered.all(axis=1).mean()), float(usual.mean())


def splits(n_sets: int) -> Iterator[tuple[str, float, bool]]:
    """Share of splits that ring the alarm; the last says whether they are broken."""
    rng = np.random.default_rng(SEED)
    for people, share, lost in (
        (1_000, 0.1, 0.0),
        (20_000, 0.1, 0.0),
        (100_000, 0.01, 0.0),
        (20_000, 0.1, 0.2),
        (20_000, 0.5, 0.1),
        (200_000, 0.05, 0.07),
    ):
        n0 = rng.binomial(people, share, n_sets)
        n0 = n0 - rng.binomial(n0, lost)
        n1 = rng.binomial(people, 1 - share, n_sets) if lost else people - n0
        rings = [
            sample_ratio([treated, held], [1 - share, share]).is_broken
            for treated, held in zip(n1, n0, strict=True)
        ]
        name = f"{people:,} people, {share:.0%} held out"
        yield f"{name}, {lost:.0%} of those lost" if lost else name, float(np.mean(rings)), lost > 0


AMOUNTS = (
    ("2 % pay, 10 % held out: 40 payers", 18_000, 2_000, 0.02, 1.0, 0.0),
    ("0.5 % pay, 10 % held out: 10 payers", 18_000, 2_000, 0.005, 1.0, 0.0),
    ("3 % pay, equal arms: 90 payers", 3_000, 3_000, 0.03, 1.0, 0.0),
    ("everybody pays, lognormal", 500, 500, 1.0, 1.0, 0.0),
    ("5 % pay, the score as covariate", 9_000, 1_000, 0.05, 1.0, 1.0),
    ("3 % pay, very heavy tail (sigma 1.5)", 18_000, 2_000, 0.03, 1.5, 0.0),
)


def amounts(
    treated: int, held_out: int, pay: float, sigma: float, spread: float, n_sets: int
) -> tuple[float, float, float]:
    """Coverage by `compare_amounts` and by the usual interval, and the variance removed."""
    rng = np.random.default_rng(SEED)
    truth = 0.1 * pay * math.exp(3 + sigma**2 / 2)
    hits, usual, removed = 0, 0, []
    for at in range(n_sets):
        arms, scores = [], []
        for n, factor in ((treated, 1.1), (held_out, 1.0)):
            score = np.minimum(pay * np.exp(spread * rng.normal(size=n) - spread**2 / 2), 1)
            paid = rng.random(n) < score
            arms.append(factor * paid * rng.lognormal(3, sigma, n))
            scores.append(score)
        known = dict(zip(("covariate_treated", "covariate_control"), scores, strict=True))
        found = compare_amounts(*arms, random_state=at, **(known if spread else {}))
        hits += found.low <= truth <= found.high
        removed.append(found.variance_reduction)
        gap = arms[0].mean() - arms[1].mean()
        error = math.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms))
        usual += abs(gap - truth) <= 1.96 * error
    return hits / n_sets, usual / n_sets, float(np.mean(removed))


MODELS = (
    ("differs", 40_000, 0.5, 0.08, 0.4),
    ("differs", 80_000, 0.2, 0.05, 0.4),
    ("differs", 40_000, 0.1, 0.08, 0.4),
    ("same", 40_000, 0.5, 0.08, 0.3),
    ("same", 40_000, 0.1, 0.08, 0.3),
)


def uplift_model(
    kind: str, n: int, held_out: float, base_rate: float, effect: float, seed: int = SEED
) -> tuple[float, float, float, float, UpliftModel]:
    """Train on a campaign; Qini areas on new people by their true effect.

    Returns the area of the model's order, of the order by the chance to convert, of the true
    effect, seconds, and the model.
    """
    rng = np.random.default_rng(seed)
    known = people_of(n, base_rate, effect, rng, kind)
    known["treated"] = rng.random(n) >= held_out
    chance = known["with_it"].where(known["treated"], known["without"])
    known["bought"] = rng.random(n) < chance
    started = time.perf_counter()
    model = ml.train_uplift(
        known.drop(columns=["with_it", "without"]),
        target="bought",
        treatment="treated",
        treated_share=1 - held_out,
    )
    took = time.perf_counter() - started
    new = people_of(200_000, base_rate, effect, rng, kind)
    truth = (new["with_it"] - new["without"]).to_numpy()
    scores = (model.predict_uplift(new), new["without"].to_numpy(), truth)
    areas = (qini_area(truth, score) for score in scores)
    own, other, best = areas
    return own, other, best, took, model


class Table:
    """Lines with what is required, and whether all of it was met."""

    def __init__(self) -> None:
        self.met = True

    def line(self, name: str, figures: str, met: bool | None = None) -> None:
        """Print one line; None if nothing is required of it."""
        self.met &= met is not False
        said = {None: "", True: "  met", False: "  MISSED"}[met]
        print(f"  {name:62} {figures}{said}", flush=True)


def main() -> None:
    """Print all figures; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    quick = parser.parse_args().quick
    n_sets = N_SETS // 10 if quick else N_SETS
    table = Table()
    print(
        f"Conversions: {n_sets} campaigns each, seed {SEED}. Required: 94-96 % of the differences"
    )
    for campaign in CAMPAIGNS:
        p1, p0 = true_rates(campaign)
        found = conversions(campaign, n_sets)
        figures = (
            f"true uplift {100 * (p1 - p0):5.2f} points; covered {found['difference']:6.1%}, "
            f"ratio {found['ratio']:6.1%}; p < 0.05 in {found['significant']:6.1%}"
        )
        table.line(str(campaign), figures, 0.94 <= found["difference"] <= 0.96)
    print("Always-valid, at every one of 400 looks. Required: at least 95 %")
    for campaign in CAMPAIGNS:
        always, usual = looks(campaign, n_sets)
        figures = f"covered {always:6.1%}; the usual interval at 20 looks {usual:6.1%}"
        table.line(str(campaign), figures, always >= 0.95)
    print("Sample-ratio alarm. Required: at most 0.2 % of sound, at least 99 % of broken splits")
    for name, rings, broken in splits(n_sets):
        table.line(name, f"rings in {rings:7.2%}", rings >= 0.99 if broken else rings <= 0.002)
    print("Uplift models, Qini areas on 200,000 new people by their true effect. Required: 80 %")
    for kind, n, held_out, base_rate, effect in MODELS[:: 4 if quick else 1]:
        own, other, best, took, model = uplift_model(kind, n, held_out, base_rate, effect)
        name = f"{n:,} people, {held_out:.0%} held out, {base_rate:.0%} convert, effect {kind}"
        beats = f"beats propensity: {model.beats_propensity}; {took:.0f} s"
        if kind == "same":
            table.line(name, f"{beats}", not model.beats_propensity)
        else:
            figures = f"model {own / best:6.1%}, by propensity {other / best:6.1%}; {beats}"
            table.line(name, figures, own / best >= 0.8)
    n_amounts = n_sets // 20
    print(f"Amounts: {n_amounts} campaigns each. Nothing is required")
    for name, treated, held_out, pay, sigma, spread in AMOUNTS:
        ours, usual, removed = amounts(treated, held_out, pay, sigma, spread, n_amounts)
        figures = f"covered {ours:6.1%}; the usual interval {usual:6.1%}"
        if spread:
            figures += f"; the covariate removes {removed:.1%} of the variance"
        table.line(name, figures)
    if quick:
        print("Quick: nothing is judged.")
    elif not table.met:
        sys.exit("A figure is missed.")


if __name__ == "__main__":
    main()
