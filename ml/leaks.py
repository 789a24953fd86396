"""Suspicion that a feature knows the outcome: statistics that warn and block promotion.

Behaviour before the moment predicts behaviour after it only so well. A feature that alone
predicts almost everything, that is almost certain where it speaks, that carries a strong
model by itself, or that means something else in another period, was probably made from
data of after the moment.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.metrics import roc_auc_score

from ml.booster import BASE_PARAMS, Data
from ml.columns import Schema
from ml.folds import uniform
from ml.metrics import log_loss_rows

COLUMNS = ["feature", "check", "value", "evidence"]
# "alone": the AUC of one feature.
MAX_SINGLE_AUC = 0.9
# "certain": realised rate where the feature speaks, the share of conversions it must hold
# there, and the multiple of the base rate it must be.
MAX_PRECISION, MIN_RECALL, MIN_LIFT = 0.98, 0.1, 2.0
# "carries": of a model with at least this AUC, the share of its log-loss gain that goes
# when the feature goes, and how many times that of the next feature it is.
CARRY_AUC, MAX_CARRIED, MIN_CARRY_RATIO = 0.85, 0.5, 4.0
# "changes": AUC between periods, in absolute terms and in standard errors.
MAX_AUC_CHANGE, MAX_CHANGE_ERRORS = 0.15, 4.5
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
    seed
        Seed of the split.

    Returns
    -------
    DataFrame
        One row per suspicion: `feature`, `check` (alone, certain, carries, changes),
        `value` (AUC; realised rate; share of the gain; change of AUC), `evidence`. Empty
        when clean; at most one row per feature, the first check that speaks.
    """
    if len(groups) > MAX_ROWS:
        some = np.sort(np.random.default_rng(seed).choice(len(groups), MAX_ROWS, replace=False))
        data, groups = data.take(some), groups[some]
        fold = None if fold is None else fold[some]
    half = uniform(groups, seed + 7) < 0.5
    learn, held = (half, ~half) if fold is None else ((fold == 0) & half, (fold == 0) & ~half)
    later = None if fold is None else fold == 2
    rows: list[dict[str, Any]] = []
    for at, column in enumerate(schema.columns):
        if column.name in reviewed:
            continue
        for part in np.flatnonzero(schema.sources == at):
            categorical = column.kind == "categorical"
            found = _check_alone(data, int(part), categorical, learn, held, later, groups)
            if found:
                rows.append({"feature": column.name, **found})
                break
    if not rows and np.isfinite(_auc_error(data, held, groups)):
        names = list(strongest)[:_N_CANDIDATES]
        found = _check_carries(data, schema, names, learn, held, seed)
        if found and found["feature"] not in reviewed:
            rows.append(found)
    return pd.DataFrame(rows, columns=COLUMNS)


def _check_alone(
    data: Data,
    part: int,
    categorical: bool,
    learn: np.ndarray,
    held: np.ndarray,
    later: np.ndarray | None,
    groups: np.ndarray,
) -> dict[str, Any] | None:
    """Judge one encoded feature by the rates of its bins, learnt on half of the subjects."""
    bins = _bins(data.x[:, part], learn, categorical)
    base = float(np.average(data.y[learn], weights=data.w[learn]))
    mass = np.bincount(bins[learn], weights=data.w[learn], minlength=N_BINS + 2)
    hits = np.bincount(bins[learn], weights=(data.w * data.y)[learn], minlength=N_BINS + 2)
    score = ((hits + base) / (mass + 1))[bins]
    if not np.isfinite(_auc_error(data, ~learn, groups)):
        return None
    auc = _auc(data, score, ~learn)
    if auc >= MAX_SINGLE_AUC:
        return {
            "check": "alone",
            "value": auc,
            "evidence": f"alone it ranks the outcome with AUC {auc:.3f} on held-out subjects",
        }
    certain = _certain(data, score, ~learn, groups)
    if certain:
        return certain
    if later is None:
        return None
    before, after = _auc(data, score, held), _auc(data, score, later)
    error = np.hypot(_auc_error(data, held, groups), _auc_error(data, later, groups))
    change = after - before
    if abs(change) > max(MAX_AUC_CHANGE, MAX_CHANGE_ERRORS * error):
        return {
            "check": "changes",
            "value": change,
            "evidence": (
                f"alone its AUC goes from {before:.3f} in the train period to {after:.3f} in the "
                "test period"
            ),
        }
    return None


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

    Mann and Whitney (1947); wider than that of a good score, so on the safe side. Infinite
    where a class has too few subjects to judge.
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
    """Look at the rows where the learnt rate is highest: are nearly all of them conversions."""
    sure = held & (score >= 0.9)
    n_pos = len(np.unique(groups[sure & (data.y > 0)]))
    if n_pos < MIN_SUBJECTS:
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
    """Take the strongest columns out, one at a time, of a quick model."""
    rng = np.random.default_rng(seed)
    train, test = (
        np.sort(rng.choice(at, min(len(at), _QUICK_ROWS), replace=False))
        for at in (np.flatnonzero(learn), np.flatnonzero(held))
    )
    base = float(np.clip(np.average(data.y[train], weights=data.w[train]), 1e-6, 1 - 1e-6))

    def score(without: str | None) -> tuple[float, float]:
        kept = [
            part
            for part, source in enumerate(schema.sources)
            if schema.columns[source].name != without
        ]
        if not kept:
            return 0.0, 0.5
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
        return gain, float(roc_auc_score(y, p, sample_weight=w))

    full, auc = score(None)
    if full <= 0 or auc < CARRY_AUC:
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
            f"strongest column {max(following, 0.0):.0%}"
        ),
    }
