"""Points of the ROC, precision-recall, gain and calibration curves, as one tidy table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from ml.metrics import equal_mass_bins

MAX_POINTS = 100
N_CALIBRATION_BINS = 10
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
        `roc`: x false positive rate, y true positive rate. `pr`: x recall, y precision.
        `gain`: x share of subjects taken from the top, y share of positives reached.
        `calibration`: x mean score, y realised rate, `weight` rows of the bin.
        `threshold`: the least score taken at that point, null where none applies. At most
        MAX_POINTS points a curve; without both classes, `calibration` alone.
    """
    w = np.ones(len(p)) if w is None else w
    parts = [_calibration(y, p, w)]
    if 0 < y.sum() < len(y):
        false, true, threshold = roc_curve(y, p, sample_weight=w)
        parts.append(_points("roc", false, true, threshold))
        precision, recall, threshold = precision_recall_curve(y, p, sample_weight=w)
        parts.append(_points("pr", recall[::-1], precision[::-1], np.r_[np.nan, threshold[::-1]]))
        parts.append(_gain(y, p, w))
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
    order = np.argsort(-p, kind="stable")
    # Ties are taken together: a gain curve must not depend on their order.
    last = np.r_[np.flatnonzero(np.diff(p[order])), len(p) - 1]
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
