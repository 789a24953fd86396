"""How good expected amounts are, in scikit-learn's words, with intervals over subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.evaluation.metrics import buckets, equal_mass_bins, resample

# Of Tweedie's family: between Poisson (1) and gamma (2), a mass at 0 and a long tail.
POWER = 1.5
N_BINS = 512
METRICS = (
    "mean_absolute_error",
    "mean_tweedie_deviance",
    "tweedie_deviance_gain",
    "d2_tweedie_score",
    "gini",
    "total_ratio",
    "mean_value",
)
_LEAST = 1e-9


def tweedie_deviance_rows(y: np.ndarray, mu: np.ndarray, power: float = POWER) -> np.ndarray:
    """Deviance of each row from its expected amount, 0 where they are equal, shape (n,).

    Parameters
    ----------
    y
        Amounts, 0 or more.
    mu
        Expected amounts, above 0.
    power
        Between 1 and 2.

    Examples
    --------
    >>> tweedie_deviance_rows(np.array([0.0, 4.0]), np.array([1.0, 4.0])).round(6)
    array([4., 0.])
    """
    y, mu = np.asarray(y, dtype=np.float64), np.maximum(mu, _LEAST).astype(np.float64)
    own = y ** (2 - power) / ((1 - power) * (2 - power))
    return 2 * (own - y * mu ** (1 - power) / (1 - power) + mu ** (2 - power) / (2 - power))


def evaluate_value(
    y: np.ndarray,
    mu: np.ndarray,
    *,
    w: np.ndarray,
    groups: np.ndarray,
    reference: float,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of one data set with 95 % intervals.

    Parameters
    ----------
    y, mu, w
        Amounts, expected amounts and weights, shape (n,).
    groups
        Hash of each row's subject.
    reference
        The constant amount that gains are measured against: the training rows' mean.
    seed
        Seed of the resampling.

    Returns
    -------
    DataFrame
        Columns `metric`, `value`, `value_low`, `value_high`:

        - `mean_absolute_error`, `mean_tweedie_deviance` (power 1.5).
        - `tweedie_deviance_gain`: the constant's deviance minus the model's; and
          `d2_tweedie_score`: its share of the constant's.
        - `gini`: how well the order concentrates the amount, 1 the best possible order, 0
          a random one.
        - `total_ratio`: total expected over total realised; 1 is right.
        - `mean_value`, and the counts `n_rows`, `n_subjects`, `n_converting_subjects` (with
          an amount above 0).

    Notes
    -----
    Percentile bootstrap over subjects, centred on the value, as in
    `ml.evaluation.metrics.evaluate`.
    """
    at = buckets(groups)
    n = int(at.max()) + 1
    counts = np.vstack([np.ones((1, n), dtype=np.int64), resample(groups, seed)])

    def total(values: np.ndarray) -> np.ndarray:
        return counts @ np.bincount(at, weights=w * values, minlength=n)

    mass = np.maximum(total(np.ones(len(y))), _LEAST)
    deviance = total(tweedie_deviance_rows(y, mu)) / mass
    constant = total(tweedie_deviance_rows(y, np.full(len(y), reference))) / mass
    amount, expected = total(y), total(mu)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = {
            "mean_absolute_error": total(np.abs(y - mu)) / mass,
            "mean_tweedie_deviance": deviance,
            "tweedie_deviance_gain": constant - deviance,
            "d2_tweedie_score": 1 - deviance / constant,
            "gini": _gini(y, mu, w, at, counts) / _gini(y, y, w, at, counts),
            "total_ratio": expected / amount,
            "mean_value": amount / mass,
        }
    rows = [(name, *_interval(drawn[name])) for name in METRICS]
    rows += [
        (name, float(number), np.nan, np.nan)
        for name, number in (
            ("n_rows", len(y)),
            ("n_subjects", len(np.unique(groups))),
            ("n_converting_subjects", len(np.unique(groups[y > 0]))),
        )
    ]
    return pd.DataFrame(rows, columns=["metric", "value", "value_low", "value_high"])


def _interval(draws: np.ndarray) -> tuple[float, float, float]:
    """Value (the first, of all rows once), low, high."""
    value, draws = float(draws[0]), draws[1:]
    draws = draws[np.isfinite(draws)]
    if not len(draws) or not np.isfinite(value):
        return value, np.nan, np.nan
    low, high = np.quantile(draws, [0.025, 0.975]) - draws.mean() + value
    return value, float(low), float(high)


def _gini(
    y: np.ndarray, order_by: np.ndarray, w: np.ndarray, at: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Twice the area between the curve of amount reached and that of a random order."""
    bins = equal_mass_bins(order_by, w, N_BINS)
    shape = (counts.shape[1], N_BINS)
    cells = at * N_BINS + bins

    def drawn(values: np.ndarray) -> np.ndarray:
        flat = np.bincount(cells, weights=values, minlength=shape[0] * shape[1])
        return (counts @ flat.reshape(shape))[:, ::-1]

    mass, amount = drawn(w), drawn(w * y)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.cumsum(mass, axis=1) / mass.sum(axis=1, keepdims=True)
        reached = np.cumsum(amount, axis=1) / amount.sum(axis=1, keepdims=True)
    left = np.hstack([np.zeros((len(counts), 1)), reached[:, :-1]])
    step = np.diff(share, axis=1, prepend=0.0)
    return ((left + reached) * step).sum(axis=1) - 1
