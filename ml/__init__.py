"""Calibrated conversion propensity: training, evaluation, scoring, simulation, serving."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.model.artefact import load_model
    from ml.training.propensity import train_propensity
    from ml.training.uplift import train_uplift
    from ml.training.value import train_value

__version__ = "0.1.0"

__all__ = ["__version__", "load_model", "train_propensity", "train_uplift", "train_value"]

# Read when XGBoost's thread pool loads: threads that wait by spinning slow a shared
# machine down several times over.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOME = {
    "train_propensity": "ml.training.propensity",
    "train_uplift": "ml.training.uplift",
    "train_value": "ml.training.value",
    "load_model": "ml.model.artefact",
}


def __getattr__(name: str) -> object:
    # Imported on first use: `cdp --help` and the simulator do without XGBoost.
    from importlib import import_module

    if name == "experiments":
        return import_module("ml.experiments")
    if name not in _HOME:
        msg = f"module 'ml' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOME[name]), name)
