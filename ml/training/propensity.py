"""The one way from a frame to a model, for every use case and engine."""

from __future__ import annotations

import platform
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

import ml
from ml.data import folds
from ml.data.arguments import check_training
from ml.data.kinds import to_microseconds
from ml.data.splits import MAX_INNER_CROSS_ROWS, N_CROSS
from ml.data.targets import to_target
from ml.evaluation.curves import curve_points
from ml.evaluation.metrics import evaluate
from ml.model import booster
from ml.model.calibration import Calibration, choose_calibration
from ml.model.trained import Gated, PropensityModel
from ml.training.leaks import find_leaks, find_rates
from ml.training.rows import explain_columns, judge, prepare, stable_order

N_TRIALS = 4
# Many rows are refitted so many times, by steps of this size, each time without another part
# of so many: rows of the same subjects are alike, and one fit stops too early or too late
# (bench/training.py large).
N_REFITS, N_REFIT_PARTS, REFIT_RATE = 3, 8, 0.08


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
        and datetime columns are recognised; nulls mean something and stay. Row order does not
        matter.
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
        With `time` too, a row is kept only where its group's fold is its period's. Without
        it each row is a subject of its own, also where rows look alike. Copies are told from
        those where a table has many sets of up to ten equal rows and hardly any set's targets
        differ, as they would by chance: a row and its copies are one subject then, and
        `notes` says so. Other copies are not known from people alike; give `group` then.
    random_state
        Seed of splits, sampling and search. The same seed and rows give the same model on
        any number of threads.
    fold
        Column of folds made elsewhere (train / calibrate / test; null leaves a row out).
        Without any calibrate row the calibration is cross-fitted by group on the train fold.
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
        Too few rows or groups, one class only, or a fold that lacks a class: the message
        names the column and says what is missing.
    ValueError
        A column or an argument is absent or cannot be read; the message names it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"visits": rng.poisson(3, 500)})
    >>> frame["bought"] = rng.random(500) < frame["visits"] / 20
    >>> model = train_propensity(frame, target="bought", n_trials=1)
    >>> model.predict_proba(frame).shape
    (500,)
    """
    check_training(
        frame, target=target, features=features, time=time, group=group, fold=fold,
        random_state=random_state, n_trials=n_trials, max_seconds=max_seconds,
        leak_reviewed=leak_reviewed, progress=progress,
    )  # fmt: skip
    rows = prepare(frame, target, features, time, group, fold, random_state)
    notes = [f"{name} is not used: {why}" for name, why in rows.schema.dropped.items()]
    notes += rows.notes
    teach = rows.of(0)
    data = rows.data.take(teach)
    fitted = booster.fit(
        data,
        rows.cv,
        n_trials=n_trials,
        seed=random_state,
        max_seconds=max_seconds,
        progress=progress,
    )
    margin = booster.predict_margin(fitted.boosters, rows.data.x, rows.data.feature_types)
    held = fitted.held_out if rows.crossed else margin
    at, of_at = rows.calibrating(margin, fitted.held_out)
    calibration, why = choose_calibration(
        rows.data.y[at], of_at, rows.data.w[at], rows.groups[at], random_state
    )
    notes.append(f"calibration: {calibration.method}; {why}")
    base_rate = float(np.average(data.y, weights=data.w))
    evaluation, curves = judge(
        rows,
        margin,
        held,
        calibration,
        evaluate=evaluate,
        curves=curve_points,
        reference=base_rate,
        seed=random_state,
    )
    ranked, effect = explain_columns(rows, fitted, random_state)
    leaks = find_leaks(
        rows.data,
        rows.schema,
        fold=rows.fold if rows.in_time else None,
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

    Returns
    -------
    PropensityModel
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
