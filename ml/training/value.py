"""Models of expected amounts: the counterpart of `ml.train_propensity` for targets that are money.

The same rows, folds, weights, columns, search, leaks and artefact. Only the trees are fitted to
Tweedie's deviance (a mass at 0 and a long tail) instead of log loss, and the calibration makes a
total right instead of a probability.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from ml.data.targets import to_amount
from ml.evaluation.curves import value_curve_points
from ml.evaluation.metrics import paired_gain
from ml.evaluation.value_metrics import POWER, evaluate_value, tweedie_deviance_rows
from ml.model import booster
from ml.model.calibration import Calibration
from ml.model.trained import ValueModel
from ml.training.rows import TrainingRows
from ml.training.train import N_TRIALS, ModelKind, train

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
    return train(
        AMOUNT, frame, target=target, features=features, time=time, group=group,
        random_state=random_state, fold=fold, n_trials=n_trials, max_seconds=max_seconds,
        leak_reviewed=leak_reviewed, progress=progress,
    )  # fmt: skip


def _calibrate(
    rows: TrainingRows,
    held_out: np.ndarray,
    mean: float,
    seed: int,  # noqa: ARG001 - only probabilities need it
) -> tuple[Calibration, str]:
    """Make totals right, which Tweedie's fit does not keep, by every row that judges.

    Those are the rows outside the test fold that have a margin of boosters that did not see them.
    """
    at = np.flatnonzero((rows.fold < 2) & np.isfinite(held_out))
    factor, why = total_factor(
        rows.data.y[at] / mean, np.exp(held_out[at]), rows.data.w[at], rows.groups[at]
    )
    return Calibration("amount", intercept=float(np.log(mean * factor))), why


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


AMOUNT = ModelKind(
    model=ValueModel,
    read=to_amount,
    objective=TWEEDIE,
    loss_name="Tweedie deviance",
    gain="tweedie_deviance_gain",
    evaluate=evaluate_value,
    curves=value_curve_points,
    calibrate=_calibrate,
    in_units_of_mean=True,
    params={"objective": "reg:tweedie"},
)
