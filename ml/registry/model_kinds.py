"""Which kind of model answers which kind of question."""

from __future__ import annotations

from typing import Any

from ml.registry.specs import VALUE
from ml.training.propensity import PROPENSITY
from ml.training.train import ModelKind
from ml.training.value import AMOUNT


def kind_of(name: str) -> ModelKind[Any]:
    """Return what a kind's name stands for; conversion and churn are probabilities alike."""
    return AMOUNT if name == VALUE else PROPENSITY
