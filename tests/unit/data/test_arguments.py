"""Every argument that is not accepted is named, with what is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ml
from ml.errors import ArgumentError
from ml.export.estimator import PropensityClassifier
from ml.training.value import train_value
from tests.unit.frames import visitors

FRAME = visitors(40, groups=20, days=30).drop(columns="chance")
TWICE = pd.concat([FRAME, FRAME[["noise"]]], axis=1)
TAGGED = FRAME.assign(tags=pd.Series([["a"]] * 40))
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"frame": FRAME.to_dict("list")}, "frame: 'dict' is not accepted; it takes a pandas DataF"),
    ({"frame": FRAME.to_numpy()}, "frame: 'ndarray'"),
    ({"frame": FRAME.rename(columns={"visits": 0})}, r"frame: columns \[0\] are not named by"),
    ({"frame": FRAME.rename(columns={"noise": ("a", "b")})}, r"frame: columns \[\('a', 'b'\)\]"),
    ({"frame": TWICE}, r"frame: columns \['noise'\] occur more than once"),
    ({"target": "sold"}, "target: 'sold' is not accepted; it takes a column of the frame"),
    ({"target": 3}, "target: 3 is not accepted; it takes the name of a column"),
    ({"time": "when"}, "time: 'when'"),
    ({"group": "who"}, "group: 'who'"),
    ({"fold": "part"}, "fold: 'part'"),
    ({"fold": "visits"}, "fold: column 'visits' holds numbers; it takes the texts train"),
    ({"time": "bought"}, "time: 'bought' is not accepted; it takes another column than target"),
    ({"group": ["visitor"]}, "group: .*the name of a column"),
    ({"frame": TAGGED, "group": "tags"}, "group: column 'tags' holds lis"),
    ({"frame": TAGGED}, "column 'tags' holds lists"),
    ({"time": "visits"}, r"column 'visits' holds numbers .*datetimes.*unit='ms'"),
    ({"features": []}, r"features: \[\] is not accepted; it takes at least one column"),
    ({"features": "visits"}, "features: 'visits' is not accepted; it takes a list of column names"),
    ({"features": ["visits", "clicks"]}, r"features: \['clicks'\] .* columns of the frame"),
    ({"features": ["visits", "noise", "visits"]}, r"features: \['visits'\] .* each column once"),
    ({"features": ["visits", "bought"]}, "features: 'bought' .* this one is target"),
    ({"features": ["moment"], "time": "moment"}, "features: 'moment' .* this one is time"),
    ({"features": [0]}, r"features: \[0\] .* texts"),
    ({"frame": FRAME[["bought", "visitor"]], "group": "visitor"}, "features: the frame has no oth"),
    ({"random_state": None}, "random_state: None is not accepted; it takes a whole number from 0"),
    ({"random_state": -1}, "random_state: -1"),
    ({"random_state": 2**31}, "random_state: 2147483648"),
    ({"random_state": 1.5}, "random_state: 1.5"),
    ({"random_state": True}, "random_state: True"),
    ({"n_trials": 0}, "n_trials: 0 is not accepted; it takes a whole number, 1 or more"),
    ({"n_trials": "4"}, "n_trials: '4'"),
    ({"max_seconds": 0}, "max_seconds: 0 "),
    ({"max_seconds": float("nan")}, "max_seconds: nan"),
    ({"max_seconds": "60"}, "max_seconds: '60'"),
    ({"leak_reviewed": "visits"}, "leak_reviewed: 'visits' .* a list of column names"),
    ({"progress": 3}, "progress: 3"),
]


@pytest.mark.parametrize("train", [ml.train_propensity, train_value])
@pytest.mark.parametrize(("given", "told"), WRONG)
def test_what_training_does_not_accept_is_named(
    train: Any, given: dict[str, Any], told: str
) -> None:
    arguments = {"frame": FRAME, "target": "bought", "n_trials": 1, **given}
    if train is train_value and isinstance(arguments["frame"], pd.DataFrame):
        frame = arguments["frame"].copy()
        frame["bought"] = frame["bought"].astype(float)
        arguments["frame"] = frame
    with pytest.raises(ValueError, match=told):
        train(arguments.pop("frame"), **arguments)


def test_columns_that_are_not_read_may_be_called_anything() -> None:
    frame = visitors(300).drop(columns="chance").assign(x=1).rename(columns={"x": 7})
    model = ml.train_propensity(frame, target="bought", features=["visits"], n_trials=1)
    assert model.schema.names == ["visits"]
    scored = pd.concat([frame, frame[["noise"]]], axis=1)
    assert len(model.predict_proba(scored)) == 300
    with pytest.raises(ValueError, match=r"columns \['visits'\] occur more than once"):
        model.predict_proba(pd.concat([frame, frame[["visits"]]], axis=1))
    with pytest.raises(ArgumentError, match="pandas DataFrame, not as ndarray"):
        model.predict_proba(frame[["visits"]].to_numpy())  # pyright: ignore


@pytest.mark.parametrize(
    ("classifier", "columns", "told"),
    [
        (PropensityClassifier(n_trials=0), ["a", "b"], "n_trials: 0"),
        (PropensityClassifier(random_state=-3), ["a", "b"], "random_state: -3"),
        (PropensityClassifier(), [0, 1], r"X: columns \[0, 1\] are not named by texts"),
        (PropensityClassifier(), ["a", "a"], r"X: columns \['a'\] occur more than once"),
    ],
)
def test_what_the_classifier_does_not_accept_is_named(
    classifier: PropensityClassifier, columns: list[Any], told: str
) -> None:
    frame = pd.DataFrame(np.arange(60).reshape(30, 2), columns=columns)
    with pytest.raises(ValueError, match=told):
        classifier.fit(frame, np.arange(30) % 2)


def test_paths_and_checksums_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, None, 3, ""):
        with pytest.raises(ArgumentError, match=r"path: .* is not accepted; it takes the path of"):
            ml.load_model(path)  # pyright: ignore
    for sha256 in ("", "abc", 5):
        with pytest.raises(ArgumentError, match=r"sha256: .* 64 hexadecimal digits"):
            ml.load_model(tmp_path / "none.zip", sha256)  # pyright: ignore
    with pytest.raises(FileNotFoundError):
        ml.load_model(tmp_path / "none.zip")
    golden = ml.load_model(Path(__file__).parents[1] / "golden" / "golden_model.zip")
    for path in (tmp_path, None):
        with pytest.raises(ArgumentError, match="path: "):
            golden.save(path)  # pyright: ignore
