"""Finds features that seem to know the outcome. A suspicion is a warning, and stops the version.

Behaviour before the moment cannot predict perfectly what comes after it: a full cart makes a
purchase likely, never certain. So an honest feature may rank well, and the model may depend on it,
as long as many of those it ranks highest do not convert. A feature was probably made from data
after the moment if it

- ranks well and is nearly certain at its top (`alone`, `carries`),
- is certain for some of its values (`certain`),
- is the target's mean over the rows that share a value (`rate`), or
- means something else in another period (`changes`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.stats import chi2
from sklearn.metrics import roc_auc_score

from ml.data.folds import to_uniform
from ml.data.kinds import NUMBERS, held, to_numbers
from ml.data.schema import Schema
from ml.evaluation.metrics import log_loss_rows
from ml.model.booster import BASE_PARAMS, Data

COLUMNS = ["feature", "check", "value", "evidence"]
# "alone": AUC of one feature, and the realised rate of the rows it ranks highest. Those hold
# TOP_RECALL of the conversions and at least MIN_TOP. People change their minds: of the rows that an
# honest feature ranks highest, many do not convert. The higher the AUC, the lower the rate that is
# suspicious.
MAX_ALONE = ((0.9, 0.9), (0.94, 0.86), (0.97, 0.8), (0.985, 0.0))
TOP_RECALL, MIN_TOP = 0.2, 8
# "certain": realised rate of the rows with the feature's strongest values, the share of all
# conversions that they must hold, and the multiple of the base rate that the rate must be.
MAX_PRECISION, MIN_RECALL, MIN_LIFT = 0.98, 0.1, 2.0
# "carries": for a model with at least this AUC and this rate at its top, the share of its log-loss
# gain that is lost without the feature, and how many times the loss without the next one that is.
CARRY_AUC, CARRY_TOP, MAX_CARRIED, MIN_CARRY_RATIO = 0.85, 0.95, 0.5, 4.0
# "changes": AUC between periods, in absolute terms and in standard errors.
MAX_AUC_CHANGE, MAX_CHANGE_ERRORS = 0.15, 4.5
# "rate": the chance that rates known beforehand would match the outcomes as closely. Values whose
# outcomes vary by less than MIN_RATE_VARIANCE say nothing.
MAX_RATE_CHANCE, MIN_RATE_VARIANCE, MIN_RATE_VALUES = 1e-5, 1.0, 6
MIN_SUBJECTS = 15
N_BINS = 64
_QUICK_ROWS, _QUICK_ROUNDS, _N_CANDIDATES = 20_000, 60, 3
MAX_ROWS = 100_000


def find_leaks(
    data: Data,
    schema: Schema,
    *,
    fold: np.ndarray | None,
    groups: np.ndarray,
    strongest: Collection[str],
    reviewed: Collection[str] = (),
    rates: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Look for features that predict too well.

    Parameters
    ----------
    data
        Encoded rows of all folds.
    schema
        Of the matrix.
    fold
        0 train, 1 calibrate, 2 test, shape (n,), where folds are periods; else None.
    groups
        Hash of each row's subject.
    strongest
        Columns by importance, most important first.
    reviewed
        Columns that a person has cleared.
    rates
        From `find_rates`.
    seed
        Seed of the split.

    Returns
    -------
    DataFrame
        One row per suspicion: `feature`, `check` (rate, alone, certain, changes, carries),
        `value` (dispersion; AUC; realised rate; change of AUC; share of the gain),
        `evidence`. Empty when clean; at most one row per feature, the first check that
        speaks.
    """
    if len(groups) > MAX_ROWS:
        some = np.sort(np.random.default_rng(seed).choice(len(groups), MAX_ROWS, replace=False))
        data, groups = data.take(some), groups[some]
        fold = None if fold is None else fold[some]
    half = to_uniform(groups, seed + 7) < 0.5
    rows: list[dict[str, Any]] = []
    for at, column in enumerate(schema.columns):
        if column.name in reviewed:
            continue
        if column.name in (rates or {}):
            rows.append({"feature": column.name, **(rates or {})[column.name]})
            continue
        for part in np.flatnonzero(schema.sources == at):
            categorical = column.kind == "categorical"
            found = _check_alone(data, int(part), categorical, half, groups)
            if not found and fold is not None:
                found = _check_change(data, int(part), categorical, half, fold, groups)
            if found:
                rows.append({"feature": column.name, **found})
                break
    if not rows and np.isfinite(_auc_error(data, ~half, groups)):
        names = list(strongest)[:_N_CANDIDATES]
        found = _check_carries(data, schema, names, half, ~half, seed)
        if found and found["feature"] not in reviewed:
            rows.append(found)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rates_of_bins(data: Data, part: int, categorical: bool, learn: np.ndarray) -> np.ndarray:
    """Score rows by the realised rate of their value's bin among the rows that teach."""
    bins = _bins(data.x[:, part], learn, categorical)
    base = float(np.average(data.y[learn], weights=data.w[learn]))
    mass = np.bincount(bins[learn], weights=data.w[learn], minlength=N_BINS + 2)
    hits = np.bincount(bins[learn], weights=(data.w * data.y)[learn], minlength=N_BINS + 2)
    return ((hits + base) / (mass + 1))[bins]


def _check_alone(
    data: Data, part: int, categorical: bool, learn: np.ndarray, groups: np.ndarray
) -> dict[str, Any] | None:
    """Judge one encoded feature by itself: learn on half of the subjects, measure on the others."""
    held = ~learn
    if not np.isfinite(_auc_error(data, held, groups)):
        return None
    score = _rates_of_bins(data, part, categorical, learn)
    auc = _auc(data, score, held)
    top = _top_rate(data.y[held], score[held], data.w[held])
    if any(auc >= least and top >= rate for least, rate in MAX_ALONE):
        return {
            "check": "alone",
            "value": auc,
            "evidence": (
                f"alone it ranks the outcome with AUC {auc:.3f} on held-out subjects, and "
                f"{top:.0%} of those it ranks highest convert"
            ),
        }
    return _certain(data, score, held, groups)


def _check_change(
    data: Data,
    part: int,
    categorical: bool,
    half: np.ndarray,
    fold: np.ndarray,
    groups: np.ndarray,
) -> dict[str, Any] | None:
    """Compare what one encoded feature says in the train period and in the test period."""
    learn, held, later = (fold == 0) & half, (fold == 0) & ~half, fold == 2
    error = np.hypot(_auc_error(data, held, groups), _auc_error(data, later, groups))
    if not np.isfinite(error):
        return None
    score = _rates_of_bins(data, part, categorical, learn)
    before, after = _auc(data, score, held), _auc(data, score, later)
    change = after - before
    if abs(change) <= max(MAX_AUC_CHANGE, MAX_CHANGE_ERRORS * error):
        return None
    return {
        "check": "changes",
        "value": change,
        "evidence": (
            f"alone its AUC goes from {before:.3f} in the train period to {after:.3f} in the "
            "test period"
        ),
    }


def find_rates(frame: pd.DataFrame, y: np.ndarray, names: Collection[str]) -> dict[str, Any]:
    """Find features that are means of the target itself, over rows that share a value.

    Take the rows for which a feature has the value v. If it is a rate that was known beforehand,
    the outcomes of these rows scatter around v as coin tosses do: the scatter is chi-squared. If it
    is the mean of these outcomes, it matches them exactly, or far too closely if some of the rows
    are missing.

    Parameters
    ----------
    frame
        All rows, including those in no fold.
    y
        Targets, 1.0 or 0.0; NaN where unknown.
    names
        Columns to look at; only numbers from 0 to 1 can be rates.

    Returns
    -------
    dict
        Column -> `check`, `value`, `evidence`, as in `find_leaks`.
    """
    found = {}
    for name in names:
        if held(frame[name]) != NUMBERS:
            continue
        x = to_numbers(frame[name])
        known = np.isfinite(x) & np.isfinite(y)
        x, hit = x[known], y[known]
        if not len(x) or x.min() < 0 or x.max() > 1:
            continue
        values, inverse, n = np.unique(x, return_inverse=True, return_counts=True)
        variance = n * values * (1 - values)
        told = variance >= MIN_RATE_VARIANCE
        if told.sum() < MIN_RATE_VALUES:
            continue
        hits = np.bincount(inverse, weights=hit)
        scatter = ((hits - n * values) ** 2)[told] / variance[told]
        if chi2.cdf(scatter.sum(), told.sum()) < MAX_RATE_CHANCE:
            found[name] = {
                "check": "rate",
                "value": float(scatter.mean()),
                "evidence": (
                    "it is a mean of the target: over rows with the same value the outcomes meet "
                    f"it too closely (scatter {scatter.mean():.2f} over {told.sum()} values; by "
                    "chance 1)"
                ),
            }
    return found


def _top_rate(y: np.ndarray, score: np.ndarray, w: np.ndarray) -> float:
    """Realised rate of the highest scores that hold TOP_RECALL of the conversions."""
    order = np.argsort(-score, kind="stable")
    hits, mass = np.cumsum((w * y)[order]), np.cumsum(w[order])
    enough = np.searchsorted(np.cumsum(y[order] > 0), min(MIN_TOP, (y > 0).sum()))
    at = max(enough, np.searchsorted(hits, TOP_RECALL * hits[-1]))
    # To the end of the tie, because rows of a tie have no order.
    last = np.searchsorted(-score[order], -score[order][at], side="right") - 1
    return float(hits[last] / mass[last])


def _bins(values: np.ndarray, learn: np.ndarray, categorical: bool) -> np.ndarray:
    """Code of each value: a category's own, a quantile bin's, the last for missing."""
    known = np.isfinite(values)
    out = np.full(len(values), N_BINS + 1, dtype=np.int64)
    if categorical:
        out[known] = values[known].astype(np.int64)
        return np.minimum(out, N_BINS + 1)
    learnt = np.unique(values[learn & known])
    if len(learnt) > N_BINS:
        edges = np.quantile(values[learn & known], np.linspace(0, 1, N_BINS + 1)[1:-1])
        learnt = np.unique(edges)
    out[known] = np.searchsorted(learnt, values[known], side="right")
    return out


def _auc(data: Data, score: np.ndarray, rows: np.ndarray) -> float:
    y = data.y[rows]
    if not 0 < y.sum() < len(y):
        return np.nan
    return float(roc_auc_score(y, score[rows], sample_weight=data.w[rows]))


def _auc_error(data: Data, rows: np.ndarray, groups: np.ndarray) -> float:
    """Give the spread of the AUC of a useless score, counting subjects rather than rows.

    Mann and Whitney (1947). It is wider than that of a good score, so it errs on the safe side. It
    is infinite if a class has too few subjects to judge.
    """
    n_all = len(np.unique(groups[rows]))
    n_pos = len(np.unique(groups[rows & (data.y > 0)]))
    n_neg = n_all - n_pos
    if min(n_pos, n_neg) < MIN_SUBJECTS:
        return np.inf
    return float(np.sqrt((n_all + 1) / (12 * n_pos * n_neg)))


def _certain(
    data: Data, score: np.ndarray, held: np.ndarray, groups: np.ndarray
) -> dict[str, Any] | None:
    """Check whether nearly all rows with the highest learnt rate are conversions."""
    sure = held & (score >= 0.9)
    n_pos = len(np.unique(groups[sure & (data.y > 0)]))
    if n_pos < MIN_TOP:
        return None
    rate = float(np.average(data.y[sure], weights=data.w[sure]))
    base = float(np.average(data.y[held], weights=data.w[held]))
    recall = float((data.w * data.y)[sure].sum() / (data.w * data.y)[held].sum())
    if rate < max(MAX_PRECISION, MIN_LIFT * base):
        return None
    if recall < MIN_RECALL and not _never(data, score, held, base):
        return None
    return {
        "check": "certain",
        "value": rate,
        "evidence": (
            f"where it is highest, {rate:.1%} of held-out rows convert ({base:.1%} of all), "
            f"{recall:.0%} of conversions"
        ),
    }


def _never(data: Data, score: np.ndarray, held: np.ndarray, base: float) -> bool:
    """Look at the lowest rates: certainty there too is what a rate of the outcome has."""
    low = held & (score <= base / 10)
    expected = base * data.w[low].sum()
    return bool(expected >= MIN_SUBJECTS and (data.w * data.y)[low].sum() <= 0.02 * expected)


def _check_carries(
    data: Data,
    schema: Schema,
    names: list[str],
    learn: np.ndarray,
    held: np.ndarray,
    seed: int,
) -> dict[str, Any] | None:
    """Leave the strongest columns out of a quick model, one at a time."""
    rng = np.random.default_rng(seed)
    train, test = (
        np.sort(rng.choice(at, min(len(at), _QUICK_ROWS), replace=False))
        for at in (np.flatnonzero(learn), np.flatnonzero(held))
    )
    base = float(np.clip(np.average(data.y[train], weights=data.w[train]), 1e-6, 1 - 1e-6))

    def score(without: str | None) -> tuple[float, float, float]:
        kept = [
            part
            for part, source in enumerate(schema.sources)
            if schema.columns[source].name != without
        ]
        if not kept:
            return 0.0, 0.5, 0.0
        types = [data.feature_types[part] for part in kept]
        options = {"feature_types": types, "enable_categorical": True}
        matrix = xgb.QuantileDMatrix(
            data.x[train][:, kept], data.y[train], weight=data.w[train], **options
        )
        settings = {"objective": "binary:logistic", "eta": 0.15, "base_score": base, "nthread": 1}
        booster = xgb.train({**BASE_PARAMS, **settings, "seed": seed}, matrix, _QUICK_ROUNDS)
        p = booster.predict(xgb.DMatrix(data.x[test][:, kept], **options))
        y, w = data.y[test], data.w[test]
        constant = log_loss_rows(y, np.full(len(y), base))
        gain = float(np.average(constant - log_loss_rows(y, p), weights=w))
        return gain, float(roc_auc_score(y, p, sample_weight=w)), _top_rate(y, p, w)

    full, auc, top = score(None)
    if full <= 0 or auc < CARRY_AUC or top < CARRY_TOP:
        return None
    lost = sorted(((full - score(name)[0]) / full, name) for name in names)[::-1]
    share, name = lost[0]
    following = lost[1][0] if len(lost) > 1 else 0.0
    if share < MAX_CARRIED or share < MIN_CARRY_RATIO * following:
        return None
    return {
        "feature": name,
        "check": "carries",
        "value": share,
        "evidence": (
            f"without it the model loses {share:.0%} of its log-loss gain, without the next "
            f"strongest column {max(following, 0.0):.0%}; with it {top:.0%} of those ranked "
            "highest convert"
        ),
    }
