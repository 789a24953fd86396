"""Expected revenue beside a customer-lifetime library, the truth and a constant.

`python bench/value.py [customers]`. Orders are simulated from the very process that BG/NBD
and Gamma-Gamma assume (orders by a Poisson process of each customer's own rate, a chance to
leave after each order, amounts of each customer's own mean), so that the library is at its
best and the truth of every customer is known. Both sides know what happened before one
moment and say what each customer spends in the 30 days after it. pymc-marketing (requirements
in `requirements/bench.txt`) fits by maximum a posteriori; ours learns from earlier moments.
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.evaluation.value_metrics import evaluate_value
from ml.training.value import train_value

DAYS, HORIZON, STEP = 270, 30, 15
COLUMNS = ["d2_tweedie_score", "gini", "total_ratio", "mean_absolute_error"]


@dataclass(frozen=True)
class Customers:
    """Orders (`customer`, `day`, `amount`) up to DAYS + HORIZON, and what is hidden."""

    orders: pd.DataFrame
    truth: np.ndarray


def simulate(n: int, seed: int) -> Customers:
    """Draw customers, their orders, and what each is expected to spend after DAYS."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.8, 1 / 16, n)  # orders a day while a customer
    leaves = rng.beta(1.0, 4.0, n)  # chance to leave after an order
    mean = 6.0 / rng.gamma(4.0, 1 / 15, n)  # mean amount: gamma over an inverse gamma
    began = rng.uniform(0, DAYS - 30, n)
    parts, alive = [], np.ones(n, dtype=bool)
    day, ordering = began.copy(), np.ones(n, dtype=bool)
    alive_at_cut = np.zeros(n, dtype=bool)
    while ordering.any():
        at = np.flatnonzero(ordering)
        parts.append(
            pd.DataFrame({"customer": at, "day": day[at], "amount": rng.gamma(6.0, mean[at] / 6)})
        )
        alive[at] = rng.random(len(at)) >= leaves[at]
        following = day[at] + rng.exponential(1 / rate[at])
        # Whoever is still a customer when the next order lies beyond the cut, is so at it.
        alive_at_cut[at] |= alive[at] & (day[at] < DAYS) & (following >= DAYS)
        day[at] = following
        ordering[at] = alive[at] & (following < DAYS + HORIZON)
    number = (1 - np.exp(-rate * leaves * HORIZON)) / leaves
    return Customers(pd.concat(parts, ignore_index=True), alive_at_cut * number * mean)


def features(orders: pd.DataFrame, day: float) -> pd.DataFrame:
    """List what is known of each customer just before `day`."""
    before = orders[orders["day"] < day]
    by = before.groupby("customer")
    out = pd.DataFrame(
        {
            "num_orders": by.size(),
            "revenue": by["amount"].sum(),
            "mean_amount": by["amount"].mean(),
            "days_since_first": day - by["day"].min(),
            "days_since_last": day - by["day"].max(),
        }
    )
    for period in (30, 90):
        late = before[before["day"] >= day - period].groupby("customer")
        out[f"num_orders_l{period}d"] = late.size().reindex(out.index, fill_value=0)
        out[f"revenue_l{period}d"] = late["amount"].sum().reindex(out.index, fill_value=0.0)
    return out.reset_index()


def spent_after(orders: pd.DataFrame, day: float, customers: pd.Series) -> np.ndarray:
    """Sum up each customer's orders in the horizon after `day`."""
    after = orders[(orders["day"] > day) & (orders["day"] <= day + HORIZON)]
    total = after.groupby("customer")["amount"].sum()
    return total.reindex(customers.to_numpy(), fill_value=0.0).to_numpy()


def ours(orders: pd.DataFrame, now: pd.DataFrame) -> np.ndarray:
    """Learn from earlier moments whose horizon has passed."""
    start = pd.Timestamp("2026-01-01")
    parts = []
    for day in range(60, DAYS - HORIZON + 1, STEP):
        part = features(orders, day)
        part["moment"] = start + pd.Timedelta(days=day)
        part["spent"] = spent_after(orders, day, part["customer"])
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    model = train_value(frame, target="spent", time="moment", group="customer", progress=False)
    return model.predict(now.assign(moment=start + pd.Timedelta(days=DAYS)))


def reference(orders: pd.DataFrame, now: pd.DataFrame) -> np.ndarray:
    """BG/NBD for how many orders, Gamma-Gamma for how much each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymc_marketing.clv import (  # pyright: ignore[reportMissingImports] - bench's own
            BetaGeoModel,
            GammaGammaModel,
        )

        before = orders[orders["day"] < DAYS].sort_values("day")
        repeat = before[before.duplicated("customer")].groupby("customer")["amount"].mean()
        data = pd.DataFrame(
            {
                "customer_id": now["customer"],
                "frequency": now["num_orders"] - 1,
                "recency": now["days_since_first"] - now["days_since_last"],
                "T": now["days_since_first"],
                "monetary_value": repeat.reindex(now["customer"]).fillna(0.0).to_numpy(),
            }
        )
        counts = BetaGeoModel(data)
        counts.fit(method="map", progressbar=False)
        amounts = GammaGammaModel(data[data["frequency"] > 0])
        amounts.fit(method="map", progressbar=False)
        number = counts.expected_purchases(data, future_t=HORIZON).to_numpy().ravel()
        each = amounts.expected_customer_spend(data).to_numpy().ravel()
    return number * each


def main() -> None:
    """Print every side's figures on the same customers."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    world = simulate(n, seed=7)
    now = features(world.orders, DAYS)
    realised = spent_after(world.orders, DAYS, now["customer"])
    mean = float(
        np.mean(spent_after(world.orders, DAYS - HORIZON, features(world.orders, DAYS)["customer"]))
    )
    truth = world.truth[now["customer"]]
    print(f"{n} customers, {len(world.orders)} orders; {HORIZON} days ahead")
    print(f"{'':24}" + "".join(f"{name:>22}" for name in [*COLUMNS, "r with the truth", "s"]))
    for name, predict in (
        ("truth (hidden state)", lambda: truth),
        ("ml.training.value", lambda: ours(world.orders, now)),
        ("pymc-marketing (MAP)", lambda: reference(world.orders, now)),
        ("constant", lambda: np.full(len(now), mean)),
    ):
        started = time.perf_counter()
        mu = predict()
        took = time.perf_counter() - started
        found = evaluate_value(
            realised, mu, w=np.ones(len(mu)), groups=now["customer"].to_numpy(), reference=mean
        ).set_index("metric")
        cells = [
            f"{found.loc[c, 'value']:.3f} [{found.loc[c, 'value_low']:.3f}, "
            f"{found.loc[c, 'value_high']:.3f}]"
            for c in COLUMNS
        ]
        together = np.corrcoef(mu, truth)[0, 1] if mu.std() > 0 else 0.0
        print(
            f"{name:24}" + "".join(f"{c:>22}" for c in [*cells, f"{together:.3f}", f"{took:.1f}"])
        )


if __name__ == "__main__":
    main()
