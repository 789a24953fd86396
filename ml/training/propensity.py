"""Models of probabilities: of a conversion, of churn."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from ml.data.targets import to_target
from ml.evaluation.curves import curve_points
from ml.evaluation.metrics import evaluate
from ml.model import booster
from ml.model.calibration import Calibration, choose_calibration
from ml.model.trained import PropensityModel
from ml.training.rows import TrainingRows
from ml.training.train import N_TRIALS, ModelKind, train


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
        and datetime columns are recognised. Nulls stay nulls, because they carry information. The
        order of rows does not matter.
    target
        Column of booleans, 0 / 1, or yes / no; rows where it is null are left out.
    features
        Columns to learn from; by default all columns without another role.
    time
        Column of timestamps. If given, the folds follow one another in time: the model is trained
        on the earliest rows and judged on the latest.
    group
        Column that says whose row it is. If given, a group lies in one fold only, intervals
        resample groups, and a group of more than 100 rows counts as 100 in fit and metrics. If
        `time` is given too, a row is kept only if its group's fold is also the fold of its period.
        If not given, each row is a subject of its own, even if another row has the same values.
        The exception are copies: if a table has many sets of up to ten equal rows, and far fewer
        of them have differing targets than chance would give, a row and its copies are one
        subject, and `notes` says so. Other copies cannot be detected; give `group` for them.
    random_state
        Seed of splits, sampling and search. The same seed and rows give the same model on
        any number of threads.
    fold
        Column of folds (train / calibrate / test), if they are made elsewhere; null leaves a row
        out. If there is no calibrate row, the calibration is cross-fitted by group on the train
        fold.
    n_trials
        How many settings are tried.
    max_seconds
        After so many seconds no further trial starts; recorded in `params`. Results then depend
        on the machine's speed.
    leak_reviewed
        Columns that a person has reviewed: they are not suspected to be leaks.
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
    return train(
        PROPENSITY, frame, target=target, features=features, time=time, group=group,
        random_state=random_state, fold=fold, n_trials=n_trials, max_seconds=max_seconds,
        leak_reviewed=leak_reviewed, progress=progress,
    )  # fmt: skip


def _calibrate(
    rows: TrainingRows,
    held_out: np.ndarray,
    base_rate: float,  # noqa: ARG001 - only amounts need it
    seed: int,
) -> tuple[Calibration, str]:
    """Decide by the calibrate fold; if there is none, by the held-out rows of the train fold."""
    at = rows.of(1)
    if not len(at):
        at = rows.of(0)[np.isfinite(held_out[rows.of(0)])]
    calibration, why = choose_calibration(
        rows.data.y[at], held_out[at], rows.data.w[at], rows.groups[at], seed
    )
    return calibration, f"{calibration.method}; {why}"


PROPENSITY = ModelKind(
    model=PropensityModel,
    read=to_target,
    objective=booster.LOGISTIC,
    loss_name="log loss",
    gain="log_loss_gain",
    evaluate=evaluate,
    curves=curve_points,
    calibrate=_calibrate,
)
