"""The one way from a frame to a model, for every kind of model, use case and engine."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
import xgboost as xgb

import ml
from ml.data.arguments import check_training
from ml.model import booster
from ml.model.calibration import Calibration
from ml.model.trained import PropensityModel
from ml.training.leaks import find_leaks, find_rates
from ml.training.rows import TrainingRows, explain_columns, judge, prepare_rows

N_TRIALS = 4
Model = TypeVar("Model", bound=PropensityModel)


@dataclass(frozen=True)
class ModelKind(Generic[Model]):
    """What differs between kinds of models: what the target is, and how predictions are judged.

    Parameters
    ----------
    model
        Class of the trained model.
    read
        Target column -> numbers, above 0 where the outcome happened, NaN where unknown.
    objective
        What the trees are fitted to. The gate compares its loss too.
    loss_name, gain
        Name of that loss; the metric that says by how much the constant's loss is beaten.
    evaluate, curves
        `ml.evaluation.metrics.evaluate` and `ml.evaluation.curves.curve_points`, or their
        counterparts.
    calibrate
        (rows, margin of each by boosters that did not see it or NaN, mean target of the train
        fold, seed) -> from margin to prediction, and why so.
    in_units_of_mean
        Whether targets are divided by their mean before the fit: settings then mean the same
        whatever the currency.
    params
        Further entries of the model's `params`.
    """

    model: type[Model]
    read: Callable[[pd.Series], np.ndarray]
    objective: booster.Objective
    loss_name: str
    gain: str
    evaluate: Callable[..., pd.DataFrame]
    curves: Callable[..., pd.DataFrame]
    calibrate: Callable[[TrainingRows, np.ndarray, float, int], tuple[Calibration, str]]
    in_units_of_mean: bool = False
    params: dict[str, Any] = field(default_factory=dict)


def train(
    kind: ModelKind[Model],
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
) -> Model:
    """Train a model of a kind and judge it on rows it did not see.

    Parameters
    ----------
    kind
        Of model.
    frame, target, features, time, group, random_state, fold, n_trials, max_seconds, \
leak_reviewed, progress
        As of `ml.train_propensity`, which also says what is raised.
    """
    check_training(
        frame, target=target, features=features, time=time, group=group, fold=fold,
        random_state=random_state, n_trials=n_trials, max_seconds=max_seconds,
        leak_reviewed=leak_reviewed, progress=progress,
    )  # fmt: skip
    rows = prepare_rows(frame, target, features, time, group, fold, random_state, read=kind.read)
    teach = rows.of(0)
    mean = float(np.average(rows.data.y[teach], weights=rows.data.w[teach]))
    unit = mean if kind.in_units_of_mean else 1.0
    fitted = booster.fit(
        replace(rows.data, y=rows.data.y / unit).take(teach),
        rows.cv,
        n_trials=n_trials,
        seed=random_state,
        max_seconds=max_seconds,
        progress=progress,
        objective=kind.objective,
    )
    margin = booster.predict_margin(fitted.boosters, rows.data.x, rows.data.feature_types)
    held_out = margin.copy()
    held_out[teach] = fitted.held_out
    calibration, why = kind.calibrate(rows, held_out, mean, random_state)
    evaluation, curves = judge(
        rows,
        margin,
        held_out,
        calibration,
        evaluate=kind.evaluate,
        curves=kind.curves,
        reference=mean,
        seed=random_state,
    )
    ranked, effects = explain_columns(rows, fitted, random_state)
    leaks = find_leaks(
        replace(rows.data, y=_has_happened(rows.data.y)),
        rows.schema,
        fold=rows.fold if rows.in_time else None,
        groups=rows.groups,
        strongest=ranked["feature"].tolist(),
        reviewed=leak_reviewed,
        rates=find_rates(frame, _has_happened(kind.read(frame[target])), rows.schema.names),
        seed=random_state,
    )
    unused = [f"{name} is not used: {why}" for name, why in rows.schema.dropped.items()]
    return kind.model(
        schema=rows.schema,
        boosters=fitted.boosters,
        calibration=calibration,
        base_rate=mean,
        evaluation=evaluation,
        curves=curves,
        importance=ranked,
        leaks=leaks,
        params={**fitted.params, **kind.params, "random_state": random_state},
        notes=[*unused, *rows.notes, f"calibration: {why}"],
        versions=package_versions(),
        effects=effects,
    )


def _has_happened(targets: np.ndarray) -> np.ndarray:
    """Say of each target whether it is more than 0: 1.0, 0.0, or NaN where unknown."""
    return np.where(np.isnan(targets), np.nan, (targets > 0).astype(float))


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that train."""
    return {
        "python": platform.python_version(),
        "ml": ml.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "xgboost": xgb.__version__,
    }
