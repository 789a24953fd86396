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
from ml.data.column import Column
from ml.data.encode import expected
from ml.data.kinds import BOOLEANS, DATETIMES, DURATIONS, NUMBERS
from ml.model import artefact, packing
from ml.model.trained import PropensityModel

DATA, CHECKSUM = "model.zip", "model.sha256"


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
    (content / CHECKSUM).write_text(packing.checksum(data))
    save_model(
        folder,
        loader_module=__name__,
        data_path=str(content),
        signature=_signature(model),
        input_example=example(model),
        pip_requirements=[f"cdp-propensity=={ml.__version__}"],
        metadata={
            "artefact_sha256": packing.checksum(data),
            "base_rate": model.base_rate,
            "columns": _columns(model),
        },
    )


def example(model: PropensityModel) -> pd.DataFrame:
    """One made-up row of the columns that the model reads."""
    row = {column.name: _example(column) for column in model.schema.columns}
    for name in model.schema.needed:
        row.setdefault(name, pd.Timestamp("2026-01-02 12:00"))
    return pd.DataFrame([row])


def _example(column: Column) -> Any:  # noqa: ANN401 - a cell
    kind = expected(column)
    if column.kind == "categorical":
        return float(column.categories[0]) if kind == NUMBERS else column.categories[0]
    if column.from_text:
        return "1" if column.kind == "numeric" else "2026-01-01T12:00:00Z"
    examples = {
        NUMBERS: 1.0,
        BOOLEANS: True,
        DURATIONS: pd.Timedelta(hours=1),
        DATETIMES: pd.Timestamp("2026-01-01 12:00", tz="UTC" if column.held else None),
    }
    return examples[kind]


def _columns(model: PropensityModel) -> dict[str, str]:
    """Say what kind of values each column that scoring needs holds."""
    kinds = {column.name: expected(column) for column in model.schema.columns}
    return {name: kinds.get(name, DATETIMES) for name in model.schema.needed}


def _signature(model: PropensityModel) -> Any:  # noqa: ANN401 - MLflow's, imported late
    """Name the columns, and leave their kinds to the model.

    MLflow's types are those of one engine: `double` refuses bigint, `boolean` and `datetime`
    refuse nulls and dates as other engines deliver them. The model reads each kind whatever
    holds it, refuses others by column, and tells them in the metadata's `columns`.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    # Nulls are fine in every column, absent columns are not.
    inputs = Schema([ColSpec(AnyType(), name) for name in model.schema.needed])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double")]))
