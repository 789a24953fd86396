"""The rows of a fit: reads, splits, encodes and orders them, and judges the fit by them.

Shared by every kind of model (`ml.training.train`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.data import folds
from ml.data.kinds import to_microseconds
from ml.data.schema import Schema, learn_schema
from ml.data.splits import Split, check_classes, fit_folds
from ml.data.targets import to_target
from ml.errors import NotTrainableError
from ml.evaluation.importance import MAX_ROWS as IMPORTANCE_ROWS
from ml.evaluation.importance import effects, importance
from ml.model import booster
from ml.model.calibration import Calibration

# Up to so many rows, every row both teaches and judges, by cross-validation. With more rows, one
# split is enough.
MAX_CROSS_ROWS = 100_000


@dataclass(frozen=True)
class TrainingRows:
    """Rows that take part, in their fixed order.

    Parameters
    ----------
    data
        Encoded rows, targets and weights.
    groups
        Hash of each row's subject: its group, or the row itself, shape (n,).
    fold
        0 train, 1 calibrate, 2 test, or all 0 when rows are cross-fitted, shape (n,).
    cv
        Of the rows of fold 0: their fold in `booster.fit`, shape (n of fold 0,).
    schema
        Of the matrix.
    crossed
        Whether every row both teaches and judges, by cross-validation.
    in_time
        Whether the test fold is later than the train fold.
    notes
        What people should know of the rows.
    """

    data: booster.Data
    groups: np.ndarray
    fold: np.ndarray
    cv: np.ndarray
    schema: Schema
    crossed: bool
    in_time: bool
    notes: list[str]

    def of(self, fold: int) -> np.ndarray:
        """Positions of a fold's rows."""
        return np.flatnonzero(self.fold == fold)


def prepare_rows(
    frame: pd.DataFrame,
    target: str,
    features: list[str] | None,
    time: str | None,
    group: str | None,
    fold: str | None,
    seed: int,
    read: Callable[[pd.Series], np.ndarray] = to_target,
) -> TrainingRows:
    """Read, split, encode and order the rows.

    Parameters
    ----------
    frame, target, features, time, group, fold
        As of `ml.train_propensity`.
    seed
        Of splits and order.
    read
        Reads the target: a number per row, NaN where unknown; more than 0 is positive.

    Returns
    -------
    TrainingRows

    Raises
    ------
    ml.errors.NotTrainableError
        Too few rows or groups, one class only, or a fold that lacks a class.
    ValueError
        A column is absent or cannot be read; the message names it.
    """
    roles = [name for name in (target, time, group, fold) if name is not None]
    chosen = [c for c in (features or frame.columns) if c not in roles]
    if not chosen:
        msg = "no feature is left; name columns in features, apart from target, time and group."
        raise ValueError(msg)
    y = read(frame[target])
    known = ~np.isnan(y)
    if not known.all():
        frame, y = frame[known], y[known]
    check_classes(y, target, "the rows whose target is known")
    split = Split(target, time, group, fold)
    group_hash = None if group is None else folds.hash_groups(frame[group])
    stamps = None if time is None else to_microseconds(frame[time])
    at = _split(frame, y, group_hash, stamps, time, fold, seed)
    if (at < 0).any():
        kept = at >= 0
        frame, y, at = frame[kept], y[kept], at[kept]
        group_hash = None if group_hash is None else group_hash[kept]
        stamps = None if stamps is None else stamps[kept]
    one_split = time is not None or fold is not None
    crossed = not one_split and len(y) <= MAX_CROSS_ROWS
    if one_split:
        split.check_folds(at, y, group_hash)
    schema = learn_schema(frame if crossed else frame[at == 0], chosen, time, whole=frame)
    if not schema.columns:
        msg = f"no feature is left: {schema.dropped}. Add columns that vary."
        raise NotTrainableError(msg)
    x = schema.encode(frame, strict=True)
    notes: list[str] = []
    if group_hash is None:
        content = folds.hash_rows(*x.T, *([] if stamps is None else [stamps]))
        subject, n_copies = folds.row_subjects(content, y)
        if n_copies:
            notes.append(
                f"{n_copies} of {len(y)} rows are copies of another one, target and all: a row "
                "and its copies share a fold and count as one subject. Remove copies, or name "
                "the column that says whose row it is as group"
            )
    else:
        subject = group_hash
    order = stable_order(x, y, subject, stamps, seed)
    if not one_split and not crossed:
        at = folds.split_groups(subject, seed)
        split.check_folds(at, y, subject)
    teach = order[at[order] == 0]
    cv = fit_folds(subject[teach], y[teach], seed)
    split.check_cross(cv, y[teach], subject[teach])
    w = np.ones(len(y)) if group_hash is None else folds.group_weights(group_hash)
    data = booster.Data(x[order], y[order], w[order], schema.feature_types)
    in_time = one_split and (stamps is None or stamps[at == 0].max() < stamps[at == 2].min())
    return TrainingRows(data, subject[order], at[order], cv, schema, crossed, bool(in_time), notes)


def _split(
    frame: pd.DataFrame,
    y: np.ndarray,
    group_hash: np.ndarray | None,
    stamps: np.ndarray | None,
    time: str | None,
    fold: str | None,
    seed: int,
) -> np.ndarray:
    """Fold of each row, -1 for none, 0 for all where rows alone decide later, shape (n,)."""
    if fold is not None:
        return folds.read_folds(frame[fold])
    if stamps is None:
        return np.zeros(len(y), dtype=np.int8)
    in_time = folds.split_in_time(stamps, time)
    if group_hash is None:
        return in_time
    by_group = folds.split_groups(group_hash, seed)
    return np.where(in_time == by_group, in_time, -1).astype(np.int8)


def stable_order(
    x: np.ndarray, y: np.ndarray, groups: np.ndarray, stamps: np.ndarray | None, seed: int
) -> np.ndarray:
    """Order rows by their values, so that the order they come in does not matter.

    Parameters
    ----------
    x, y, groups, stamps
        Encoded rows, targets, hashes of their groups, and moments, if there are any.
    seed
        Another seed, another order.

    Returns
    -------
    ndarray of int
        Positions of the rows, shape (n,).
    """
    by = folds.hash_rows(folds.hash_rows(*x.T), y, groups, *([] if stamps is None else [stamps]))
    return np.argsort(folds.mix(by, seed), kind="stable")


def judge(
    rows: TrainingRows,
    margin: np.ndarray,
    held: np.ndarray,
    calibration: Calibration,
    *,
    evaluate: Callable[..., pd.DataFrame],
    curves: Callable[..., pd.DataFrame],
    reference: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate every data set; curves for the rows the fit did not see.

    Parameters
    ----------
    rows
        All of them.
    margin, held
        Margin of each row by all boosters; by those that did not see it, shape (n,).
    calibration
        From margin to prediction.
    evaluate
        `ml.evaluation.metrics.evaluate` or its counterpart for another kind of target.
    curves
        `ml.evaluation.curves.curve_points` or its counterpart.
    reference
        The constant that predictions are compared with.
    seed
        Of the intervals.

    Returns
    -------
    tuple of DataFrame, DataFrame
        As `PropensityModel.evaluation` and `.curves`.
    """
    sets: list[tuple[str, np.ndarray, np.ndarray]] = [("train", rows.of(0), margin)]
    if rows.crossed:
        sets.append(("test", rows.of(0), held))
    else:
        sets += [("calibrate", rows.of(1), margin)] if len(rows.of(1)) else []
        sets.append(("test", rows.of(2), margin))
    evaluations, points = [], pd.DataFrame()
    for dataset, at, of_set in sets:
        predicted = calibration.apply(of_set[at])
        y, w, groups = rows.data.y[at], rows.data.w[at], rows.groups[at]
        result = evaluate(y, predicted, w=w, groups=groups, reference=reference, seed=seed)
        result.insert(0, "dataset", dataset)
        evaluations.append(result)
        if dataset == "test":
            points = curves(y, predicted, w, dataset)
    return pd.concat(evaluations, ignore_index=True), points


def explain_columns(
    rows: TrainingRows, fitted: booster.Fitted, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank the columns and find their effects on a sample of the rows that judge.

    Parameters
    ----------
    rows
        All of them.
    fitted
        What was fitted.
    seed
        Of the sample.

    Returns
    -------
    tuple of DataFrame, DataFrame
        As `PropensityModel.importance` and `.effects`.
    """
    at = np.arange(len(rows.data.y)) if rows.crossed else rows.of(2)
    if len(at) > IMPORTANCE_ROWS:
        at = np.sort(np.random.default_rng(seed).choice(at, IMPORTANCE_ROWS, replace=False))
    schema = rows.schema
    x = rows.data.x[at]
    values = booster.predict_contributions(fitted.boosters, x, schema.feature_types)
    first = np.flatnonzero(np.diff(schema.sources, prepend=-1))
    summed = np.add.reduceat(values[:, :-1], first, axis=1)
    numeric = np.array([column.kind in {"numeric", "boolean"} for column in schema.columns])
    names, values = schema.names, x[:, first]
    categories = [column.categories for column in schema.columns]
    return (
        importance(summed, values, names, numeric),
        effects(summed, values, names, numeric, categories),
    )
