"""The one way from a frame to a model, for every use case and engine."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

import ml
from ml import booster, folds
from ml.calibration import Calibration, choose_calibration
from ml.columns import Schema, learn_schema, to_microseconds, to_target
from ml.curves import curve_points
from ml.errors import NotTrainableError
from ml.importance import MAX_ROWS as IMPORTANCE_ROWS
from ml.importance import effects, importance
from ml.leaks import find_leaks, find_rates
from ml.metrics import evaluate
from ml.model import Gated, PropensityModel

# Positive and negative rows that the train fold needs; other folds need one of each.
MIN_OF_EACH = 5
N_TRIALS = 4
# Up to here every row both teaches and judges, by cross-validation; beyond, rows are
# plenty and one split does.
MAX_CROSS_ROWS = 100_000
# Up to here the train fold is cross-fitted too, and the model is the mean of five.
MAX_INNER_CROSS_ROWS = 200_000
N_CROSS = 5
# One row in this many only judges when to stop, where rows are too many to cross-fit.
N_HOLD_OUT = 10
# Many rows are refitted so many times, by steps of this size, each time without another part
# of so many: rows of the same subjects are alike, and one fit stops too early or too late.
N_REFITS, N_REFIT_PARTS, REFIT_RATE = 3, 8, 0.08


@dataclass(frozen=True)
class _Rows:
    """Rows that take part, in their fixed order.

    `fold` is 0 train, 1 calibrate, 2 test, or all 0 when rows are cross-fitted.
    """

    data: booster.Data
    groups: np.ndarray
    features: np.ndarray
    fold: np.ndarray
    schema: Schema
    crossed: bool

    def of(self, fold: int) -> np.ndarray:
        """Positions of a fold's rows."""
        return np.flatnonzero(self.fold == fold)


def train_propensity(
    frame: pd.DataFrame,
    *,
    target: str,
    features: list[str] | None = None,
    time: str | None = None,
    group: str | None = None,
    random_state: int = 0,
    fold: str | None = None,
    n_trials: int = N_TRIALS,
    max_seconds: float | None = None,
    leak_reviewed: Collection[str] = (),
    progress: bool | None = None,
) -> PropensityModel:
    """Train a calibrated propensity model and judge it on rows it did not see.

    Parameters
    ----------
    frame
        One row per (subject, moment), or per subject. Numeric, boolean, categorical, text
        and datetime columns are recognised; nulls mean something and stay. Row order and
        exact duplicates of rows do not matter to the split.
    target
        Column of booleans, 0 / 1, or yes / no; rows where it is null are left out.
    features
        Columns to learn from; by default all that are named nowhere else here.
    time
        Column of timestamps. Given, folds lie one after another: the model is trained on
        the earliest rows and judged on the latest.
    group
        Column that says whose row it is. Given, a group lies in one fold only, intervals
        resample groups, and a group of more than 100 rows counts as 100 in fit and metrics.
        With `time` too, a row is kept only where its group's fold is its period's.
    random_state
        Seed of splits, sampling and search. The same seed and rows give the same model on
        any number of threads.
    fold
        Column of folds made elsewhere (train / calibrate / test; null leaves a row out).
    n_trials
        Settings tried.
    max_seconds
        No further trial starts after this long; recorded in `params`. Results then depend
        on the machine's speed.
    leak_reviewed
        Columns a person has looked at and cleared of the suspicion to be a leak.
    progress
        False hides the progress bar, which otherwise shows on a terminal.

    Returns
    -------
    PropensityModel

    Raises
    ------
    ml.errors.NotTrainableError
        Too few rows, one class only, or a fold that lacks a class.
    ValueError
        A column is absent or cannot be read; the message names it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"visits": rng.poisson(3, 500)})
    >>> frame["bought"] = rng.random(500) < frame["visits"] / 20
    >>> model = train_propensity(frame, target="bought", n_trials=1)
    >>> model.predict_proba(frame).shape
    (500,)
    """
    rows = _prepare(frame, target, features, time, group, fold, random_state)
    notes = [f"{name} is not used: {why}" for name, why in rows.schema.dropped.items()]
    teach = rows.of(0)
    cv = _cross_folds(rows.groups[teach], rows.data.y[teach], random_state)
    data = rows.data.take(teach)
    fitted = booster.fit(
        data,
        cv,
        n_trials=n_trials,
        seed=random_state,
        max_seconds=max_seconds,
        progress=progress,
    )
    margin = booster.predict_margin(fitted.boosters, rows.data.x, rows.data.feature_types)
    held = fitted.held_out if rows.crossed else margin
    judge = teach if rows.crossed else rows.of(1)
    calibration, why = choose_calibration(
        rows.data.y[judge], held[judge], rows.data.w[judge], rows.groups[judge], random_state
    )
    notes.append(f"calibration: {calibration.method}; {why}")
    base_rate = float(np.average(data.y, weights=data.w))
    evaluation, curves = _judge(rows, margin, held, calibration, base_rate, random_state)
    ranked, effect = _explain(rows, fitted, random_state)
    leaks = find_leaks(
        rows.data,
        rows.schema,
        fold=rows.fold if time is not None or fold is not None else None,
        groups=rows.groups,
        strongest=ranked["feature"].tolist(),
        reviewed=leak_reviewed,
        rates=find_rates(frame, to_target(frame[target]), rows.schema.names),
        seed=random_state,
    )
    return PropensityModel(
        schema=rows.schema,
        boosters=fitted.boosters,
        calibration=calibration,
        base_rate=base_rate,
        evaluation=evaluation,
        curves=curves,
        importance=ranked,
        leaks=leaks,
        params={**fitted.params, "random_state": random_state},
        notes=notes,
        versions=package_versions(),
        effects=effect,
    )


def refit(
    model: PropensityModel,
    frame: pd.DataFrame,
    *,
    target: str,
    time: str,
    group: str,
    fold: str,
    random_state: int = 0,
) -> PropensityModel:
    """Fit a model that the gate has judged anew, on all rows, with the settings it has.

    The rows that an honest split keeps apart, and those it has to drop, are the newest and
    most of them: once the verdict is there, the model that scores learns from them too. When
    to stop, and whether to calibrate, is decided on groups held out of this fit.

    Parameters
    ----------
    model
        As `train_propensity` made it.
    frame
        Rows of every fold and of none.
    target, time, group, fold
        Its columns of these, as in training.
    random_state
        Seed of splits and sampling.

    Returns
    -------
    PropensityModel
        Its evaluation, curves, importance and effects are those of the model judged, which
        `gated` holds.
    """
    seen = frame[frame[target].notna() & frame[fold].isin(folds.FOLDS[:-1])]
    y = to_target(frame[target])
    known = ~np.isnan(y)
    if not known.all():
        frame, y = frame[known], y[known]
    x = model.schema.encode(frame)
    groups = folds.hash_groups(frame[group])
    order = stable_order(x, y, groups, to_microseconds(frame[time]), random_state)
    groups = groups[order]
    w = folds.group_weights(groups)
    data = booster.Data(x[order], y[order], w, model.schema.feature_types)
    few = len(y) <= MAX_INNER_CROSS_ROWS
    cv = folds.cross_folds(groups, data.y, N_CROSS if few else N_REFIT_PARTS, random_state)
    if not few:
        cv = np.where(cv < N_REFITS, cv, -1)
    fitted = booster.fit(
        data,
        cv,
        n_trials=1,
        seed=random_state,
        settings=model.params,
        rate=None if few else REFIT_RATE,
    )
    held = cv >= 0
    calibration, why = choose_calibration(
        data.y[held], fitted.held_out[held], w[held], groups[held], random_state
    )
    return refitted(
        model,
        fitted.boosters,
        calibration,
        why,
        base_rate=float(np.average(data.y, weights=w)),
        params={
            "refit_rows": len(y),
            "refit_subjects": len(np.unique(groups)),
            "refit_converting_subjects": len(np.unique(groups[data.y > 0])),
            "refit_rounds": fitted.params["rounds"],
            "refit_eta": fitted.params["eta"],
        },
        seen_until=pd.to_datetime(seen[time]).max(),
    )


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


def refitted(
    model: PropensityModel,
    boosters: list[xgb.Booster],
    calibration: Calibration,
    why: str,
    *,
    base_rate: float,
    params: dict[str, Any],
    seen_until: pd.Timestamp,
) -> PropensityModel:
    """Put refitted boosters into a model; what the gate judged is kept as `gated`.

    Parameters
    ----------
    model
        As the gate judged it.
    boosters, calibration, why, base_rate
        Of the refit; why it is calibrated so.
    params
        `refit_rows`, `refit_subjects`, `refit_converting_subjects`, `refit_rounds` and
        `refit_eta`; `refit_workers` and `refit_seen_until` where Spark's workers fitted it.
    seen_until
        The newest moment that the model judged learnt from.
    """
    told = (
        f"refitted on {params['refit_rows']} rows of {params['refit_subjects']} subjects, of every "
        "fold and of none, with the settings chosen; evaluation, curves, importance and effects "
        "are those of the model that the gate judged, made from the train fold alone"
    )
    return replace(
        model,
        boosters=boosters,
        calibration=calibration,
        base_rate=base_rate,
        params={**model.params, **params},
        notes=[*model.notes, told, f"calibration of the refit: {calibration.method}; {why}"],
        gated=Gated(
            boosters=model.boosters,
            calibration=model.calibration,
            base_rate=model.base_rate,
            seen_until=seen_until.isoformat(),
        ),
    )


def package_versions() -> dict[str, str]:
    """Versions of what trains and scores here."""
    return {
        "python": platform.python_version(),
        "ml": ml.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "xgboost": xgb.__version__,
    }


def _prepare(
    frame: pd.DataFrame,
    target: str,
    features: list[str] | None,
    time: str | None,
    group: str | None,
    fold: str | None,
    seed: int,
    read: Callable[[pd.Series], np.ndarray] = to_target,
) -> _Rows:
    """Read, split, encode and order the rows."""
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
    schema = learn_schema(frame if crossed else frame[at == 0], chosen, time)
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
    return _Rows(data, subject[order], content[order], at[order], schema, crossed)


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


def _cross_folds(groups: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Cross-validation folds of rows that teach; one judging fold when they are many."""
    if len(y) <= MAX_INNER_CROSS_ROWS:
        return folds.cross_folds(groups, y, N_CROSS, seed)
    return np.where(folds.cross_folds(groups, y, N_HOLD_OUT, seed) == 0, 0, -1)


def _judge(
    rows: _Rows,
    margin: np.ndarray,
    held: np.ndarray,
    calibration: Calibration,
    base_rate: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate every data set; curves for the rows the fit did not see."""
    sets: list[tuple[str, np.ndarray, np.ndarray]] = [("train", rows.of(0), margin)]
    if rows.crossed:
        sets.append(("test", rows.of(0), held))
    else:
        sets += [("calibrate", rows.of(1), margin), ("test", rows.of(2), margin)]
    evaluations, curves = [], []
    for dataset, at, score in sets:
        p = calibration.apply(score[at])
        y, w = rows.data.y[at], rows.data.w[at]
        result = evaluate(y, p, w=w, groups=rows.groups[at], reference=base_rate, seed=seed)
        result.insert(0, "dataset", dataset)
        evaluations.append(result)
        if dataset == "test":
            curves.append(curve_points(y, p, w, dataset))
    return pd.concat(evaluations, ignore_index=True), pd.concat(curves, ignore_index=True)


def _explain(rows: _Rows, fitted: booster.Fitted, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank the columns and find their effects on a sample of the rows that judge."""
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
