"""The model that MLflow loads scores tables as each engine delivers them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ml
from ml import mlflow_model
from ml.model import packing
from tests.unit.frames import visitors

# MLflow warns of its own type hints when it is imported, hence within the test.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_it_scores_rows_as_engines_deliver_them(tmp_path: Path) -> None:
    frame = visitors(400, days=40).drop(columns="chance")
    frame["day"] = frame["moment"].dt.normalize()
    model = ml.train_propensity(
        frame, target="bought", time="moment", features=[*frame.columns[:5], "day"], n_trials=1
    )
    data = packing.to_bytes(model)
    mlflow_model.save(model, data, tmp_path / "model")
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert frame["visits"].dtype == np.int64
    objects = frame.astype(object).assign(
        visits=pd.Series([Decimal(int(value)) for value in frame["visits"]], dtype=object),
        minutes=pd.Series(
            [None if np.isnan(at) else Decimal(repr(at)) for at in frame["minutes"]], dtype=object
        ),
        day=frame["day"].dt.date,
    )
    for given in (
        frame,
        frame.assign(more=1),
        frame.astype({"visits": float, "device": "category"}),
        frame.convert_dtypes(),
        objects,
        pa.Table.from_pandas(frame).to_pandas(types_mapper=pd.ArrowDtype),
    ):
        np.testing.assert_array_equal(loaded.predict(given), model.predict_proba(frame))
    nulls = frame.assign(is_weekend=None, visits=None)
    np.testing.assert_array_equal(loaded.predict(nulls), model.predict_proba(nulls))
    with pytest.raises(ValueError, match="column 'day': the model was trained on datetimes"):
        loaded.predict(frame.assign(day=frame["day"].astype("int64")))
    inputs = loaded.metadata.get_input_schema()
    assert inputs is not None
    assert inputs.input_names() == model.schema.needed
    metadata = loaded.metadata.metadata
    assert metadata is not None
    assert metadata["columns"] == {
        "visits": "numbers",
        "device": "texts",
        "minutes": "numbers",
        "noise": "numbers",
        "is_weekend": "booleans",
        "day": "datetimes",
        "moment": "datetimes",
    }
    assert loaded.input_example is not None
    assert len(loaded.predict(loaded.input_example)) == 1
