"""How models of each kind are made and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.data.targets import to_target
from ml.evaluation.metrics import log_loss_rows
from ml.evaluation.value_metrics import tweedie_deviance_rows
from ml.model.trained import PropensityModel
from ml.registry.specs import VALUE
from ml.training.propensity import train_propensity
from ml.training.value import to_amount, train_value


@dataclass(frozen=True)
class ModelKind:
    """How models of one kind are made and judged.

    Parameters
    ----------
    train
        `train_propensity` or its counterpart.
    read
        Target column -> numbers, above 0 where the outcome happened.
    loss, loss_name
        (targets, predictions) -> loss of each row, which the gate compares; its name.
    gain
        The metric that says by how much the constant's loss is beaten.
    """

    train: Callable[..., PropensityModel]
    read: Callable[[pd.Series], np.ndarray]
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray]
    loss_name: str
    gain: str


def kind_of(name: str) -> ModelKind:
    """Return what a kind's name stands for; conversion and churn are probabilities alike."""
    if name == VALUE:
        return ModelKind(
            train_value,
            to_amount,
            tweedie_deviance_rows,
            "Tweedie deviance",
            "tweedie_deviance_gain",
        )
    return ModelKind(train_propensity, to_target, log_loss_rows, "log loss", "log_loss_gain")
