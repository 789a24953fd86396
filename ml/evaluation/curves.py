"""Points of curves on the rows that judge a version: ROC, precision-recall, calibration, more."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.metrics import precision_recall_curve, roc_curve

from ml.evaluation.metrics import equal_mass_bins

MAX_POINTS = 100
N_CALIBRATION_BINS = 10
N_DECILES = 10
N_SCORE_BINS = 30
# Scores beyond these log-odds share the outermost bins.
_MAX_LOG_ODDS = 12.0
COLUMNS = ["dataset", "curve", "point", "x", "y", "threshold", "weight"]


def curve_points(
    y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None, dataset: str = "test"
) -> pd.DataFrame:
    """All curves of one data set.

    Parameters
    ----------
    y, p, w
        Targets (1.0 / 0.0), probabilities and weights, shape (n,).
    dataset
        Goes into the column of that name.

    Returns
    -------
    DataFrame
        One row per curve and point, COLUMNS:

        - `roc`: x false positive rate, y true positive rate.
        - `pr`: x recall, y precision.
        - `gain`: x share of rows taken from the top, y share of positives reached.
        - `calibration`: x mean score, y realised rate, `weight` of the bin.
        - `decile`: ten equal shares from the top, point 0 the highest: x mean score, y
          realised rate, `weight` of the decile. A tie across an edge is split in
          proportion, as drawing lots would on average.
        - `confusion`: x weight of negatives, y of positives, `weight` of both, that score
          at least `threshold`; from none to all, points closest at the top.
        - `score_positive`, `score_negative`: x upper edge of a bin of equal width in
          log-odds, y share of that class in it, `weight` of these rows.

        `threshold`: the least score taken at that point (`score_*`: the bin's lower edge),
        null if none is. At most MAX_POINTS points a curve. Without both classes,
        `calibration` and the scores of the class there is.
    """
    w = np.ones(len(p)) if w is None else w
    parts = [_calibration(y, p, w), *_scores(y, p, w)]
    if 0 < y.sum() < len(y):
        false, true, threshold = roc_curve(y, p, sample_weight=w)
        parts.append(_points("roc", false, true, threshold))
        precision, recall, threshold = precision_recall_curve(y, p, sample_weight=w)
        parts.append(_points("pr", recall[::-1], precision[::-1], np.r_[np.nan, threshold[::-1]]))
        parts += [_gain(y, p, w), _decile(y, p, w), _confusion(y, p, w)]
    out = pd.concat(parts, ignore_index=True)
    out.insert(0, "dataset", dataset)
    return out[COLUMNS]


def value_curve_points(
    y: np.ndarray, p: np.ndarray, w: np.ndarray, dataset: str = "test"
) -> pd.DataFrame:
    """Curves of expected amounts, COLUMNS.

    `gain` (y share of the total amount reached), `calibration` and `decile` (x mean
    expected, y mean realised amount), as in `curve_points`.
    """
    parts = [_calibration(y, p, w)]
    if y.sum() > 0:
        parts += [_gain(y, p, w), _decile(y, p, w)]
    out = pd.concat(parts, ignore_index=True)
    out.insert(0, "dataset", dataset)
    return out[COLUMNS]


def _points(
    curve: str,
    x: np.ndarray,
    y: np.ndarray,
    threshold: np.ndarray,
    weight: np.ndarray | None = None,
) -> pd.DataFrame:
    keep = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int))
    return pd.DataFrame(
        {
            "curve": curve,
            "point": np.arange(len(keep)),
            "x": x[keep],
            "y": y[keep],
            "threshold": np.where(np.isfinite(threshold[keep]), threshold[keep], np.nan),
            "weight": np.full(len(keep), np.nan) if weight is None else weight[keep],
        }
    )


def _gain(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> pd.DataFrame:
    order, last = _taken(p)
    share = np.cumsum(w[order])[last] / w.sum()
    reached = np.cumsum((w * y)[order])[last] / (w @ y)
    return _points("gain", np.r_[0.0, share], np.r_[0.0, reached], np.r_[np.nan, p[order][last]])


def _calibration(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> pd.DataFrame:
    bins = equal_mass_bins(p, w, N_CALIBRATION_BINS)
    _, bins = np.unique(bins, return_inverse=True)
    mass = np.bincount(bins, weights=w)
    least = np.full(len(mass), np.inf)
    np.minimum.at(least, bins, p)
    score = np.bincount(bins, weights=w * p) / mass
    rate = np.bincount(bins, weights=w * y) / mass
    return _points("calibration", score, rate, least, mass)


def _decile(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> pd.DataFrame:
    order, last = _taken(p)
    share = np.r_[0.0, np.cumsum(w[order])[last] / w.sum()]
    edge = np.linspace(0, 1, N_DECILES + 1)

    def each(values: np.ndarray) -> np.ndarray:
        return np.diff(np.interp(edge, share, np.r_[0.0, np.cumsum((w * values)[order])[last]]))

    mass = w.sum() / N_DECILES
    least = p[order][last][np.searchsorted(share[1:], edge[1:] - 1e-12)]
    return _points(
        "decile", each(p) / mass, each(y) / mass, least, np.full(N_DECILES, mass, dtype=float)
    )


def _confusion(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> pd.DataFrame:
    order, last = _taken(p)
    taken = np.cumsum(w[order])[last]
    positive = np.cumsum((w * y)[order])[last]
    # Squares: steps of a hundredth of a percent at the top, of two percent at the end.
    wanted = np.linspace(0, 1, MAX_POINTS) ** 2 * taken[-1]
    at = np.unique(np.searchsorted(taken, wanted[1:] * (1 - 1e-12)))
    return _points(
        "confusion",
        np.r_[0.0, (taken - positive)[at]],
        np.r_[0.0, positive[at]],
        np.r_[np.nan, p[order][last][at]],
        np.r_[0.0, taken[at]],
    )


def _scores(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> list[pd.DataFrame]:
    odds = np.clip(logit(p), -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    edge = np.linspace(odds.min(), max(odds.max(), odds.min() + 1e-6), N_SCORE_BINS + 1)
    bins = np.clip(np.searchsorted(edge, odds, side="right") - 1, 0, N_SCORE_BINS - 1)
    parts = []
    for curve, member in (("score_positive", y > 0), ("score_negative", y <= 0)):
        if member.any():
            mass = np.bincount(bins[member], weights=w[member], minlength=N_SCORE_BINS)
            share = mass / mass.sum()
            parts.append(_points(curve, expit(edge[1:]), share, expit(edge[:-1]), mass))
    return parts


def _taken(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order from the top, and the last position of each tie: ties are taken together."""
    order = np.argsort(-p, kind="stable")
    return order, np.r_[np.flatnonzero(np.diff(p[order])), len(p) - 1]
