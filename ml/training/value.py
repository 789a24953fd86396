"""Expected amounts: the counterpart of `ml.train_propensity` for targets that are money.

The same rows, folds, weights, columns, search, leaks and artefact; trees fitted to Tweedie's
deviance (a mass at 0 and a long tail) instead of log loss, and a total that is right instead
of a probability that is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from ml.data.arguments import check_training
from ml.data.targets import to_amount
from ml.evaluation.curves import value_curve_points
from ml.evaluation.metrics import paired_gain
from ml.evaluation.value_metrics import POWER, evaluate_value, tweedie_deviance_rows
from ml.model import booster
from ml.model.calibration import Calibration
from ml.model.trained import ValueModel
from ml.training.leaks import find_leaks, find_rates
from ml.training.propensity import N_TRIALS, package_versions
from ml.training.rows import explain_columns, judge, prepare

TWEEDIE = booster.Objective(
    {
        "objective": "reg:tweedie",
        "tweedie_variance_power": POWER,
        "eval_metric": f"tweedie-nloglik@{POWER}",
    },
    tweedie_deviance_rows,
)


def train_value(
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
) -> ValueModel:
    """Train a model of expected amounts and judge it on rows it did not see.

    Parameters
    ----------
    target
        Column of amounts, 0 or more; rows where it is null are left out.
    frame, features, time, group, random_state, fold, n_trials, max_seconds, leak_reviewed, \
progress
        As in `ml.train_propensity`.

    Returns
    -------
    ValueModel

    Raises
    ------
    ml.errors.NotTrainableError
        Too few rows or groups, or a fold that has none with, or none without, an amount.
    ValueError
        A column is absent or cannot be read, or an amount is below 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"orders_before": rng.poisson(2, 500)})
    >>> frame["spent"] = rng.poisson(frame["orders_before"] / 2) * 10.0
    >>> model = train_value(frame, target="spent", n_trials=1)
    >>> model.predict(frame).shape
    (500,)
    """
    check_training(
        frame, target=target, features=features, time=time, group=group, fold=fold,
        random_state=random_state, n_trials=n_trials, max_seconds=max_seconds,
        leak_reviewed=leak_reviewed, progress=progress,
    )  # fmt: skip
    rows = prepare(frame, target, features, time, group, fold, random_state, read=to_amount)
    notes = [f"{name} is not used: {why}" for name, why in rows.schema.dropped.items()]
    notes += rows.notes
    teach = rows.of(0)
    mean = float(np.average(rows.data.y[teach], weights=rows.data.w[teach]))
    # In units of the mean: settings then mean the same whatever the currency.
    scaled = replace(rows.data, y=rows.data.y / mean)
    fitted = booster.fit(
        scaled.take(teach),
        rows.cv,
        n_trials=n_trials,
        seed=random_state,
        max_seconds=max_seconds,
        progress=progress,
        objective=TWEEDIE,
    )
    margin = booster.predict_margin(fitted.boosters, rows.data.x, rows.data.feature_types)
    held = margin.copy()
    held[teach] = fitted.held_out
    # Tweedie's fit does not keep totals: every row that judges without having taught says
    # by how much.
    judges = np.flatnonzero((rows.fold < 2) & np.isfinite(held))
    factor, why = total_factor(
        scaled.y[judges], np.exp(held[judges]), scaled.w[judges], rows.groups[judges]
    )
    notes.append(f"calibration: {why}")
    calibration = Calibration("amount", intercept=float(np.log(mean * factor)))
    evaluation, curves = judge(
        rows,
        margin,
        held,
        calibration,
        evaluate=evaluate_value,
        curves=value_curve_points,
        reference=mean,
        seed=random_state,
    )
    ranked, effect = explain_columns(rows, fitted, random_state)
    leaks = find_leaks(
        replace(rows.data, y=_has_amount(rows.data.y)),
        rows.schema,
        fold=rows.fold if rows.in_time else None,
        groups=rows.groups,
        strongest=ranked["feature"].tolist(),
        reviewed=leak_reviewed,
        rates=find_rates(frame, _has_amount(to_amount(frame[target])), rows.schema.names),
        seed=random_state,
    )
    return ValueModel(
        schema=rows.schema,
        boosters=fitted.boosters,
        calibration=calibration,
        base_rate=mean,
        evaluation=evaluation,
        curves=curves,
        importance=ranked,
        leaks=leaks,
        params={**fitted.params, "objective": "reg:tweedie", "random_state": random_state},
        notes=notes,
        versions=package_versions(),
        effects=effect,
    )


def _has_amount(amounts: np.ndarray) -> np.ndarray:
    """Say of each amount whether it is more than 0: 1.0, 0.0, or NaN where unknown."""
    return np.where(np.isnan(amounts), np.nan, (amounts > 0).astype(float))


def total_factor(
    y: np.ndarray, mu: np.ndarray, w: np.ndarray, groups: np.ndarray
) -> tuple[float, str]:
    """Find what to multiply expected amounts by so that their total is right.

    Parameters
    ----------
    y, mu, w, groups
        Of held-out rows: amounts, expected amounts, weights, hashes of the subjects.

    Returns
    -------
    tuple of float and str
        1 unless the totals differ by more than noise (95 % interval over subjects); why.
    """
    ratio = float((w @ y) / (w @ mu))
    _, low, high = paired_gain(y - mu, w, groups)
    told = f"held-out amounts are {ratio:.3f} times the expected total"
    if low <= 0 <= high:
        return 1.0, f"none; {told}, which noise explains"
    return ratio, f"amounts times {ratio:.3f}; {told}, more than noise explains"
