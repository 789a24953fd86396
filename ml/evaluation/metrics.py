"""How good probabilities are, with intervals that resample subjects.

All functions take weights, the same that the fit used, so that one busy subject does not
decide a metric.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

N_DRAWS = 200
N_ECE_BINS = 10
# Intervals resample subjects; beyond this many, buckets of whole subjects.
MAX_RESAMPLED = 4_000
# Scores are grouped into this many bins for the intervals of ranking metrics only.
N_SCORE_BINS = 512
METRICS = (
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
    "ece",
    "base_rate",
    "log_loss_gain",
    "top_decile_recall",
)
_EPS = 1e-7


def log_loss_rows(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Log loss of each row in nats, shape (n,)."""
    p = np.clip(p, _EPS, 1 - _EPS)
    return -np.where(y > 0, np.log(p), np.log1p(-p))


def equal_mass_bins(p: np.ndarray, w: np.ndarray, n_bins: int) -> np.ndarray:
    """Bin of each score so that bins hold about equal weight and ties stay together, shape (n,)."""
    order = np.argsort(p, kind="stable")
    before = np.cumsum(w[order]) - w[order] / 2
    rank = np.empty(len(p))
    rank[order] = before / w.sum()
    _, inverse = np.unique(p, return_inverse=True)
    mass = np.bincount(inverse, weights=w)
    middle = np.bincount(inverse, weights=w * rank) / np.maximum(mass, _EPS)
    return np.minimum((middle * n_bins).astype(np.int64), n_bins - 1)[inverse]


def expected_calibration_error(
    y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None, n_bins: int = N_ECE_BINS
) -> float:
    """Mean gap between score and realised rate over bins of equal weight.

    Parameters
    ----------
    y, p
        Targets and probabilities, shape (n,).
    w
        Weights, shape (n,); ones by default.
    n_bins
        Ten equal-mass bins by default: each holds a tenth of the weight, ties together.

    Returns
    -------
    float
        In [0, 1]; 0 is perfect.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    0.0
    """
    w = np.ones(len(p)) if w is None else w
    bins = equal_mass_bins(p, w, n_bins)
    gap = np.bincount(bins, weights=w * (p - y), minlength=n_bins)
    return float(np.abs(gap).sum() / w.sum())


def top_decile_recall(y: np.ndarray, p: np.ndarray, w: np.ndarray | None = None) -> float:
    """Share of the positives among the tenth with the highest scores; ten times it is its lift.

    A tie across the edge of the tenth is split in proportion. NaN without positives.

    Examples
    --------
    >>> top_decile_recall(np.repeat([1.0, 0.0], [2, 18]), np.linspace(1, 0, 20))
    1.0
    """
    w = np.ones(len(p)) if w is None else w
    if not (y > 0).any():
        return np.nan
    _, place = np.unique(-p, return_inverse=True)
    total, positive = np.bincount(place, weights=w), np.bincount(place, weights=w * y)
    return float(_top_decile(positive[None], total[None])[0])


def evaluate(
    y: np.ndarray,
    p: np.ndarray,
    *,
    w: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    reference: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of one data set with 95 % intervals.

    Parameters
    ----------
    y, p
        Targets (1.0 / 0.0) and probabilities, shape (n,).
    w
        Weights, shape (n,).
    groups
        Hash of each row's subject; rows are their own subjects by default.
    reference
        The constant probability that `log_loss_gain` is measured against: the base rate
        of the training rows. By default, this data set's own.
    seed
        Seed of the resampling.

    Returns
    -------
    DataFrame
        Columns `metric`, `value`, `value_low`, `value_high`. `log_loss_gain` is the log
        loss of the constant minus that of the scores: above 0 the model knows something.
        `roc_auc` and `average_precision` are null when only one class is there,
        `top_decile_recall` when no positive is.

    Notes
    -----
    Percentile bootstrap over subjects, the draws centred on the value: resampling adds
    noise that biases the calibration error upwards, and centring takes that off.
    """
    # Here, so that a stored model scores if there is no scikit-learn.
    from sklearn import metrics as sk

    w = np.ones(len(p)) if w is None else w
    reference = float(np.average(y, weights=w)) if reference is None else reference
    constant = log_loss_rows(y, np.full(len(y), reference))
    loss = log_loss_rows(y, p)
    both = 0 < y.sum() < len(y)
    value = {
        "roc_auc": sk.roc_auc_score(y, p, sample_weight=w) if both else np.nan,
        "average_precision": sk.average_precision_score(y, p, sample_weight=w) if both else np.nan,
        "log_loss": np.average(loss, weights=w),
        "brier_score": np.average((p - y) ** 2, weights=w),
        "ece": expected_calibration_error(y, p, w),
        "base_rate": np.average(y, weights=w),
        "log_loss_gain": np.average(constant - loss, weights=w),
        "top_decile_recall": top_decile_recall(y, p, w),
    }
    subjects = np.arange(len(y)) if groups is None else groups
    counts = resample(subjects, seed)
    draws = _draw_metrics(y, p, w, (loss, (p - y) ** 2, constant), counts, subjects)
    rows = []
    for name in METRICS:
        low, high = interval_of_draws(draws[name], float(value[name]))
        rows.append((name, float(value[name]), low, high))
    n_subjects = len(np.unique(subjects))
    n_positive = len(np.unique(subjects[y > 0]))
    rows += [
        (name, float(n), np.nan, np.nan)
        for name, n in (
            ("n_rows", len(y)),
            ("n_subjects", n_subjects),
            ("n_converting_subjects", n_positive),
        )
    ]
    return pd.DataFrame(rows, columns=["metric", "value", "value_low", "value_high"])


def resample(subjects: np.ndarray, seed: int, n_draws: int = N_DRAWS) -> np.ndarray:
    """How often each subject (or bucket of subjects) is drawn, shape (n_draws, n_buckets).

    Subjects are numbered by `buckets`, which splits them when they are many.
    """
    n = int(buckets(subjects).max()) + 1
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws)


def buckets(subjects: np.ndarray) -> np.ndarray:
    """Give each row's subject a number, at most MAX_RESAMPLED numbers, shape (n,).

    Resampling buckets of whole subjects has the same expected spread as resampling subjects.
    """
    _, inverse = np.unique(subjects, return_inverse=True)
    n = int(inverse.max()) + 1
    if n <= MAX_RESAMPLED:
        return inverse
    shuffled = np.random.default_rng(n).permutation(n)
    return (shuffled % MAX_RESAMPLED)[inverse]


def paired_gain(
    gain: np.ndarray, w: np.ndarray, subjects: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """Weighted mean of a per-row gain with its 95 % interval over subjects.

    Returns
    -------
    tuple of float
        Value, low, high.
    """
    at = buckets(subjects)
    counts = resample(subjects, seed)
    total = counts @ np.bincount(at, weights=w * gain)
    mass = counts @ np.bincount(at, weights=w)
    low, high = np.quantile(total / np.maximum(mass, _EPS), [0.025, 0.975])
    return float(np.average(gain, weights=w)), float(low), float(high)


def interval_of_draws(draws: np.ndarray, value: float) -> tuple[float, float]:
    """Find the 95 % interval, with the draws centred on the value; NaN if there is none."""
    draws = draws[np.isfinite(draws)]
    if not len(draws) or not np.isfinite(value):
        return np.nan, np.nan
    low, high = np.quantile(draws, [0.025, 0.975]) - draws.mean() + value
    return float(low), float(high)


def _draw_metrics(
    y: np.ndarray,
    p: np.ndarray,
    w: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
    counts: np.ndarray,
    subjects: np.ndarray,
) -> dict[str, np.ndarray]:
    """Every metric for every draw from per-subject sums; nothing loops over draws."""
    at = buckets(subjects)
    n = counts.shape[1]

    def drawn(values: np.ndarray) -> np.ndarray:
        return counts @ np.bincount(at, weights=w * values, minlength=n)

    mass = np.maximum(drawn(np.ones(len(y))), _EPS)
    loss, brier, constant = (drawn(values) / mass for values in rows)
    positive, total, score = _binned(y, p, w, at, counts, N_SCORE_BINS)
    auc, precision = _ranking(positive, total - positive)
    reached = _top_decile(positive[:, ::-1], total[:, ::-1])
    positive, total, score = _binned(y, p, w, at, counts, N_ECE_BINS)
    return {
        "roc_auc": auc,
        "average_precision": precision,
        "log_loss": loss,
        "brier_score": brier,
        "ece": np.abs(score - positive).sum(axis=1) / mass,
        "base_rate": drawn(y) / mass,
        "log_loss_gain": constant - loss,
        "top_decile_recall": reached,
    }


def _top_decile(positive: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Share of positive weight in the first tenth of all weight per draw, highest first."""
    before = np.cumsum(total, axis=1) - total
    wanted = total.sum(axis=1, keepdims=True) / 10 - before
    with np.errstate(divide="ignore", invalid="ignore"):
        taken = np.clip(np.where(total > 0, wanted / total, 0.0), 0.0, 1.0)
        return (positive * taken).sum(axis=1) / positive.sum(axis=1)


def _binned(
    y: np.ndarray, p: np.ndarray, w: np.ndarray, at: np.ndarray, counts: np.ndarray, n_bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight of positives, of all, and of scores per draw and bin, each (n_draws, n_bins)."""
    bins = equal_mass_bins(p, w, n_bins)
    shape = (counts.shape[1], n_bins)
    outs = []
    for values in (w * y, w, w * p):
        cells = sparse.coo_matrix((values, (at, bins)), shape=shape).tocsr()
        outs.append(np.asarray(counts @ cells))
    return outs[0], outs[1], outs[2]


def _ranking(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC AUC and average precision per draw from binned weights, highest scores last."""
    positive, negative = positive[:, ::-1], negative[:, ::-1]
    all_positive = positive.sum(axis=1)
    all_negative = negative.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.cumsum(positive, axis=1)
        pairs = (negative * (above - positive / 2)).sum(axis=1)
        auc = pairs / (all_positive * all_negative)
        precision = above / np.maximum(above + np.cumsum(negative, axis=1), _EPS)
        average = (positive * precision).sum(axis=1) / all_positive
    return auc, average
