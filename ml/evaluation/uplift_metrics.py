"""How well predicted uplift finds the people whom a campaign moves, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.evaluation.curves import COLUMNS, MAX_POINTS
from ml.evaluation.metrics import buckets, equal_mass_bins, interval_of_draws, resample

N_BINS = 512
SHARES = (0.1, 0.2, 0.3)
METRICS = (
    "qini",
    "qini_of_propensity",
    "qini_gain",
    "uplift_of_all",
    *(f"uplift_at_{share:.0%}".removesuffix("%") for share in SHARES),
)


def qini_area(effect: np.ndarray, score: np.ndarray, w: np.ndarray | None = None) -> float:
    """Area between the Qini curve and the line of treating people at random.

    Parameters
    ----------
    effect
        Effect of the treatment on each person, or an unbiased score of it, shape (n,).
    score
        Who is treated first: the highest. Ties are treated together.
    w
        Weights, shape (n,); ones by default.

    Returns
    -------
    float
        In conversions per person: how many more a campaign brings on average over all shares of
        people treated, if it treats the highest first instead of anybody. 0 for a random order.

    Notes
    -----
    Radcliffe, "Using control groups to target on predicted lift", Direct Marketing Analytics
    Journal (2007), per person; as the mean of effects of those treated in Yadlowsky and others,
    "Evaluating treatment prioritization rules via rank-weighted average treatment effects", Journal
    of the American Statistical Association 120 (2025).

    Examples
    --------
    >>> effect = np.array([0.4, 0.0, 0.0, 0.0])
    >>> round(qini_area(effect, effect), 4), round(qini_area(effect, np.zeros(4)), 4)
    (0.0375, 0.0)
    """
    w = np.ones(len(effect)) if w is None else w
    share, gain = _curve(effect, score, w, np.arange(1).repeat(len(w)), np.ones((1, 1)))
    return float(_area(share, gain)[0])


def evaluate_uplift(
    effect: np.ndarray,
    uplift: np.ndarray,
    propensity: np.ndarray,
    *,
    w: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All metrics with 95 % intervals, and the curves.

    Parameters
    ----------
    effect
        Doubly robust score of each person's effect, by models that did not see the person.
    uplift, propensity
        What people are ranked by: the predicted effect; the chance to convert.
    w
        Weights, shape (n,).
    groups
        Hash of each row's subject.
    seed
        Seed of the resampling.

    Returns
    -------
    tuple of DataFrame, DataFrame
        `metric`, `value`, `value_low`, `value_high`:

        - `qini`: see `qini_area`; `qini_of_propensity`: of the other order; `qini_gain`: the former
          minus the latter, on the same draws.
        - `uplift_of_all`: the mean effect; `uplift_at_10`, `_20`, `_30`: of that share of people
          with the highest predicted uplift. In conversions per person.

        And curves in the columns of `ml.evaluation.curves`: `qini` and `qini_of_propensity`, x
        share of people treated, y conversions gained per person.

    Notes
    -----
    Percentile bootstrap over subjects, centred on the value, as in `ml.evaluation.metrics`. The
    order of people stays as predicted.
    """
    at = buckets(groups)
    counts = np.vstack([np.ones((1, int(at.max()) + 1), dtype=np.int64), resample(groups, seed)])
    share, gain = _curve(effect, uplift, w, at, counts)
    other_share, other_gain = _curve(effect, propensity, w, at, counts)
    own, other = _area(share, gain), _area(other_share, other_gain)
    drawn = {
        "qini": own,
        "qini_of_propensity": other,
        "qini_gain": own - other,
        "uplift_of_all": gain[:, -1],
    }
    for name, best in zip(METRICS[-len(SHARES) :], SHARES, strict=True):
        drawn[name] = np.array(
            [np.interp(best, x, y) / best for x, y in zip(share, gain, strict=True)]
        )
    rows = [
        (name, float(drawn[name][0]), *interval_of_draws(drawn[name][1:], float(drawn[name][0])))
        for name in METRICS
    ]
    curves = [
        _points("qini", share[0], gain[0]),
        _points("qini_of_propensity", other_share[0], other_gain[0]),
    ]
    return (
        pd.DataFrame(rows, columns=["metric", "value", "value_low", "value_high"]),
        pd.concat(curves, ignore_index=True)[COLUMNS],
    )


def _curve(
    effect: np.ndarray, score: np.ndarray, w: np.ndarray, at: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share treated and effect gained per person from (0, 0) on, highest scores first, per draw."""
    bins = equal_mass_bins(score, w, N_BINS)
    shape = (counts.shape[1], N_BINS)
    cells = at * N_BINS + bins

    def drawn(values: np.ndarray) -> np.ndarray:
        flat = np.bincount(cells, weights=values, minlength=shape[0] * shape[1])
        return np.cumsum((counts @ flat.reshape(shape))[:, ::-1], axis=1)

    mass, gain = drawn(w), drawn(w * effect)
    total = mass[:, -1:]
    start = np.zeros((len(counts), 1))
    return np.hstack([start, mass / total]), np.hstack([start, gain / total])


def _area(share: np.ndarray, gain: np.ndarray) -> np.ndarray:
    under = ((gain[:, 1:] + gain[:, :-1]) / 2 * np.diff(share, axis=1)).sum(axis=1)
    return under - gain[:, -1] / 2


def _points(curve: str, share: np.ndarray, gain: np.ndarray) -> pd.DataFrame:
    keep = np.unique(np.linspace(0, len(share) - 1, MAX_POINTS).round().astype(int))
    return pd.DataFrame(
        {
            "dataset": "test",
            "curve": curve,
            "point": np.arange(len(keep)),
            "x": share[keep],
            "y": gain[keep],
            "threshold": np.nan,
            "weight": np.nan,
        }
    )
