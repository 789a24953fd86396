from __future__ import annotations

import dataclasses

import numpy as np
import onnxruntime
import pandas as pd
import pytest

import ml
from ml.export import graph
from ml.model.calibration import Calibration
from ml.model.trained import PropensityModel
from tests.unit.frames import visitors


def rows(n: int, seed: int) -> pd.DataFrame:
    """A dozen texts, one of them rare, nulls, and dates beside what visitors have."""
    frame = visitors(n, seed, days=40)
    rng = np.random.default_rng(seed)
    frame["country"] = rng.choice([f"c{at}" for at in range(12)], n)
    frame.loc[rng.random(n) < 0.1, "country"] = None
    frame.loc[:3, "country"] = [f"rare {at}" for at in range(4)]
    frame["bought"] |= (frame["country"] == "c3") & (rng.random(n) < 0.5)
    return frame.drop(columns="chance")


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return ml.train_propensity(
        rows(2_000, 0),
        target="bought",
        features=["visits", "device", "minutes", "is_weekend", "country", "moment"],
        n_trials=1,
    )


def scored(model: PropensityModel, frame: pd.DataFrame) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    # On one thread it adds up in XGBoost's order; on several the last digit may differ.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.build(model, {"version": "v1"}), options)
    assert session.get_modelmeta().custom_metadata_map == {"version": "v1"}
    given = graph.feed(model, frame)
    assert {put.name for put in session.get_inputs()} == set(given)
    found = session.run([graph.output_of(model.schema)], given)[0]
    return np.asarray(found).ravel()


def test_raw_columns_in_the_same_probability_out(model: PropensityModel) -> None:
    frame = rows(3_000, 7)
    frame.loc[5:20, "device"] = "never seen"
    frame.loc[21:40, "device"] = None
    frame.loc[41:60, "minutes"] = np.inf
    frame.loc[61:80, "moment"] = pd.NaT
    frame.loc[81:90, "country"] = ""
    assert model.schema.columns[4].other
    np.testing.assert_allclose(scored(model, frame), model.predict_proba(frame), rtol=0, atol=6e-8)


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration("logistic", 0.8, -0.3),
        Calibration("isotonic", knots=((-4.0, 0.01), (-2.0, 0.01), (-1.0, 0.3), (0.5, 0.9))),
        Calibration("isotonic", knots=((-1.0, 0.2),)),
    ],
)
def test_recalibration_is_in_the_graph(model: PropensityModel, calibration: Calibration) -> None:
    other = dataclasses.replace(model, calibration=calibration)
    frame = rows(1_000, 8)
    np.testing.assert_allclose(scored(other, frame), other.predict_proba(frame), rtol=0, atol=2e-7)


def test_its_inputs_are_told_by_column(model: PropensityModel) -> None:
    inputs = graph.inputs_of(model.schema)
    assert inputs[1] == {"device": "string"}
    assert inputs[5] == dict.fromkeys(["moment__hour", "moment__weekday", "moment__days"], "float")
    assert (graph.output_of(model.schema), graph.missing_text_of(model.schema)) == (
        "probability",
        "__null__",
    )


def test_no_name_of_a_column_or_category_is_one_of_the_graphs() -> None:
    frame = rows(600, 3)
    names = {
        "visits": "probability",
        "device": "cdp:features",
        "minutes": "moment__hour",
        "noise": "total",
        "is_weekend": "input_0",
        "country": "sets_1",
    }
    frame["device"] = frame["device"].replace("phone", "__null__")
    frame = frame.rename(columns=names)
    model = ml.train_propensity(frame, target="bought", n_trials=1)
    assert graph.output_of(model.schema) == "probability_"
    assert graph.missing_text_of(model.schema) == "__null___"
    frame.loc[:10, "cdp:features"] = None
    frame.loc[11:20, "cdp:features"] = "__null___"
    np.testing.assert_allclose(scored(model, frame), model.predict_proba(frame), rtol=0, atol=2e-7)
