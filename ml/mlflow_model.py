"""A registered version as MLflow's `python_function`, for `mlflow.pyfunc.load_model`.

MLflow calls `_load_pyfunc` by this module's name, so that a stored model names code and holds
none: its data is this package's artefact and the checksum it must have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import ml
from ml import artefact
from ml.columns import Column
from ml.model import PropensityModel

DATA, CHECKSUM = "model.zip", "model.sha256"
_EXAMPLES: dict[str, Any] = {"numeric": 1.0, "boolean": True}
_MLFLOW_TYPES = {"numeric": "double", "boolean": "boolean", "categorical": "string"}


class Scores:
    """What MLflow wraps: a frame in, its scores out."""

    def __init__(self, model: PropensityModel) -> None:
        self.model = model

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> np.ndarray:
        """Score of each row, shape (n,)."""
        return self.model.score(frame)


def _load_pyfunc(path: str) -> Scores:
    folder = Path(path)
    sha256 = (folder / CHECKSUM).read_text().strip()
    return Scores(artefact.load_model(folder / DATA, sha256))


def save(model: PropensityModel, data: bytes, folder: Path) -> None:
    """Write a folder that MLflow loads.

    Parameters
    ----------
    model
        The model, for signature and example.
    data
        Its artefact.
    folder
        Does not exist yet.
    """
    from mlflow.pyfunc import save_model

    content = folder.with_name("data")
    content.mkdir()
    (content / DATA).write_bytes(data)
    (content / CHECKSUM).write_text(artefact.checksum(data))
    save_model(
        folder,
        loader_module=__name__,
        data_path=str(content),
        signature=_signature(model),
        input_example=example(model),
        pip_requirements=[f"cdp-propensity=={ml.__version__}"],
        metadata={"artefact_sha256": artefact.checksum(data), "base_rate": model.base_rate},
    )


def example(model: PropensityModel) -> pd.DataFrame:
    """One made-up row of the columns that the model reads."""
    row = {column.name: _example(column) for column in model.schema.columns}
    if _needs_time(model):
        row.setdefault(str(model.schema.time), pd.Timestamp("2026-01-02 12:00"))
    return pd.DataFrame([row])


def _example(column: Column) -> Any:  # noqa: ANN401 - a cell
    if column.kind == "categorical":
        return column.categories[0]
    return _EXAMPLES.get(column.kind, pd.Timestamp("2026-01-01 12:00"))


def _needs_time(model: PropensityModel) -> bool:
    dated = any(column.kind == "datetime" for column in model.schema.columns)
    return dated and model.schema.time is not None


def _signature(model: PropensityModel) -> Any:  # noqa: ANN401 - MLflow's, imported late
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kinds = {column.name: column.kind for column in model.schema.columns}
    if _needs_time(model):
        kinds.setdefault(str(model.schema.time), "datetime")
    # Nulls are fine in every column, absent columns are not.
    inputs = Schema(
        [ColSpec(_MLFLOW_TYPES.get(kind, "datetime"), name) for name, kind in kinds.items()]
    )
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double")]))
