"""The rows of a fit: read, split, encoded, in a fixed order; what they say of the fit.

Shared by every kind of model (`ml.training`, `ml.value`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml import booster, folds
from ml.calibration import Calibration
from ml.columns import Schema, learn_schema, to_microseconds, to_target
from ml.errors import NotTrainableError
from ml.importance import MAX_ROWS as IMPORTANCE_ROWS
from ml.importance import effects, importance

# Positive and negative rows that the train fold needs; other folds need one of each.
MIN_OF_EACH = 5
# Up to here every row both teaches and judges, by cross-validation; beyond, rows are
# plenty and one split does.
MAX_CROSS_ROWS = 100_000
# Up to here the train fold is cross-fitted too, and the model is the mean of five.
MAX_INNER_CROSS_ROWS = 200_000
N_CROSS = 5
# One row in this many only judges when to stop, where rows are too many to cross-fit.
N_HOLD_OUT = 10


@dataclass(frozen=True)
class Rows:
    """Rows that take part, in their fixed order.

    Parameters
    ----------
    data
        Encoded rows, targets and weights.
    groups
        Hash of each row's group, or of what the row holds, shape (n,).
    fold
        0 train, 1 calibrate, 2 test, or all 0 when rows are cross-fitted, shape (n,).
    schema
        Of the matrix.
    crossed
        Whether every row both teaches and judges, by cross-validation.
    """

    data: booster.Data
    groups: np.ndarray
    fold: np.ndarray
    schema: Schema
    crossed: bool

    def of(self, fold: int) -> np.ndarray:
        """Positions of a fold's rows."""
        return np.flatnonzero(self.fold == fold)


def prepare(
    frame: pd.DataFrame,
    target: str,
    features: list[str] | None,
    time: str | None,
    group: str | None,
    fold: str | None,
    seed: int,
    read: Callable[[pd.Series], np.ndarray] = to_target,
) -> Rows:
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
    Rows

    Raises
    ------
    ml.errors.NotTrainableError
        Too few rows, one class only, or a fold that lacks a class.
    ValueError
        A column is absent or cannot be read; the message names it.
    """
    roles = [name for name in (target, time, group, fold) if name is not None]
    _check_columns(frame, roles, features)
    chosen = [c for c in (features or frame.columns) if c not in roles]
    if not chosen:
        msg = "no feature is left; name columns in features, apart from target, time and group."
        raise ValueError(msg)
    y = read(frame[target])
    known = ~np.isnan(y)
    if not known.all():
        frame, y = frame[known], y[known]
    _check_classes(y, target, "the rows whose target is known")
    group_hash = None if group is None else folds.hash_groups(frame[group])
    stamps = None if time is None else to_microseconds(frame[time])
    at = _split(frame, y, group_hash, stamps, time, fold, seed)
    if (at < 0).any():
        kept = at >= 0
        frame, y, at = frame[kept], y[kept], at[kept]
        group_hash = None if group_hash is None else group_hash[kept]
        stamps = None if stamps is None else stamps[kept]
    crossed = time is None and fold is None and len(y) <= MAX_CROSS_ROWS
    schema = learn_schema(frame if crossed else frame[at == 0], chosen, time, whole=frame)
    if not schema.columns:
        msg = f"no feature is left: {schema.dropped}. Add columns that vary."
        raise NotTrainableError(msg)
    x = schema.encode(frame, strict=True)
    content = folds.hash_rows(*x.T)
    subject = content if group_hash is None else group_hash
    order = stable_order(x, y, subject, stamps, seed)
    if fold is None and time is None and not crossed:
        at = folds.split_groups(subject, seed)
    w = np.ones(len(y)) if group_hash is None else folds.group_weights(group_hash)
    if not crossed:
        for number, name in enumerate(folds.FOLDS):
            least = MIN_OF_EACH if number == 0 else 1
            _check_classes(y[at == number], target, f"the {name} fold", least)
    data = booster.Data(x[order], y[order], w[order], schema.feature_types)
    return Rows(data, subject[order], at[order], schema, crossed)


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
    """Order rows by what they hold, so that the order they come in does not matter.

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


def cross_folds(groups: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Deal rows that teach to cross-validation folds.

    Parameters
    ----------
    groups, y
        Of these rows: hashes of their groups, targets.
    seed
        Another seed, another split.

    Returns
    -------
    ndarray
        Fold of each row, shape (n,); where rows are many 0 for those that judge when to stop,
        -1 for all others.
    """
    if len(y) <= MAX_INNER_CROSS_ROWS:
        return folds.cross_folds(groups, y, N_CROSS, seed)
    return np.where(folds.cross_folds(groups, y, N_HOLD_OUT, seed) == 0, 0, -1)


def judge(
    rows: Rows,
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
        `ml.metrics.evaluate` or its counterpart for another kind of target.
    curves
        `ml.curves.curve_points` or its counterpart.
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
        sets += [("calibrate", rows.of(1), margin), ("test", rows.of(2), margin)]
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


def explain(rows: Rows, fitted: booster.Fitted, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def _check_columns(frame: pd.DataFrame, roles: list[str], features: list[str] | None) -> None:
    absent = [name for name in [*roles, *(features or [])] if name not in frame.columns]
    if absent:
        msg = f"columns {absent} are not in the frame, which has {list(frame.columns)[:20]}."
        raise ValueError(msg)
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        msg = f"columns {twice} occur more than once; rename or drop them."
        raise ValueError(msg)


def _check_classes(y: np.ndarray, target: str, where: str, least: int = MIN_OF_EACH) -> None:
    positive, negative = int((y > 0).sum()), int((y <= 0).sum())
    if min(positive, negative) < least:
        msg = (
            f"target {target!r} is true in {positive} and false in {negative} rows of {where}; "
            f"at least {least} of each are needed. Bring more rows or a longer period."
        )
        raise NotTrainableError(msg)
