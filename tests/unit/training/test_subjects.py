"""Rows that look alike are not the same subject; a split that cannot judge is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ml
from ml.data import folds
from ml.errors import NotTrainableError
from ml.export.estimator import PropensityClassifier
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.training.value import train_value

N = 4_000
RATES = {False: 0.25, True: 0.01}  # of active and of idle users


def users(n: int = N, seed: int = 0) -> pd.DataFrame:
    """One row per user; 70 % are idle and alike, and 1 % of those convert."""
    rng = np.random.default_rng(seed)
    idle = rng.random(n) < 0.7
    frame = pd.DataFrame(
        {
            "sessions": np.where(idle, 0, 1 + rng.poisson(2, n)),
            "minutes": np.where(idle, 0.0, rng.gamma(2, 5, n)),
            "is_active": ~idle,
            "country": pd.Series(rng.choice(["FR", "DE"], n), dtype=object).mask(idle, None),
            "moment": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(n) // 100, unit="D"),
        }
    )
    frame["bought"] = rng.random(n) < np.where(idle, RATES[True], RATES[False])
    return frame


FRAME = users()
IDLE = ~FRAME["is_active"].to_numpy()


def classifier(frame: pd.DataFrame, target: str, features: list[str]) -> PropensityModel:
    return PropensityClassifier(n_trials=1).fit(frame[features], frame[target]).model_


def propensity(frame: pd.DataFrame, target: str, features: list[str]) -> PropensityModel:
    return ml.train_propensity(frame, target=target, features=features, n_trials=1)


def in_time(frame: pd.DataFrame, target: str, features: list[str]) -> PropensityModel:
    return ml.train_propensity(frame, target=target, features=features, time="moment", n_trials=1)


@pytest.mark.parametrize("train", [propensity, in_time, classifier])
@pytest.mark.parametrize(
    "features",
    [["sessions", "minutes", "country"], ["is_active"]],
    ids=["idle people", "a boolean"],
)
def test_scores_of_rows_that_look_alike_meet_their_rates(
    train: Callable[..., PropensityModel], features: list[str]
) -> None:
    model = train(FRAME, "bought", features)
    p = model.predict_proba(FRAME)
    for idle, tolerance in ((True, 0.01), (False, 0.03)):
        assert p[idle == IDLE].mean() == pytest.approx(RATES[idle], abs=tolerance)
    judged = len(FRAME) if train is not in_time else len(FRAME) / 5
    assert model.metric("n_subjects") == pytest.approx(judged, abs=100)
    assert model.metric("ece") < (0.015 if train is not in_time else 0.025)
    assert model.metric("roc_auc") > 0.8


def test_rows_that_look_alike_are_subjects_above_the_limit_of_cross_validation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ml.training.rows.MAX_CROSS_ROWS", N - 1)
    monkeypatch.setattr("ml.data.splits.MAX_INNER_CROSS_ROWS", N // 3)
    model = propensity(FRAME, "bought", ["sessions", "minutes"])
    p = model.predict_proba(FRAME)
    assert p[IDLE].mean() == pytest.approx(0.01, abs=0.006)
    assert p[~IDLE].mean() == pytest.approx(0.25, abs=0.03)
    assert model.metric("n_subjects", "calibrate") == pytest.approx(N / 5, rel=0.1)
    assert model.metric("base_rate") == pytest.approx(FRAME["bought"].mean(), abs=0.015)


@pytest.mark.parametrize("time", [None, "moment"])
def test_amounts_of_rows_that_look_alike_meet_their_means(time: str | None) -> None:
    frame = FRAME.assign(spent=np.where(FRAME["bought"], 20.0 + 40 * FRAME["is_active"], 0))
    model = train_value(
        frame, target="spent", features=["sessions", "minutes"], time=time, n_trials=1
    )
    expected = model.predict(frame)
    assert expected[~IDLE].mean() == pytest.approx(15, rel=0.1)
    assert expected[IDLE].mean() == pytest.approx(0.2, abs=0.3)
    assert model.metric("n_subjects") == pytest.approx(N if time is None else N / 5, abs=100)


def test_the_order_of_rows_that_look_alike_does_not_matter() -> None:
    one, other = (
        propensity(frame, "bought", ["sessions", "country"])
        for frame in (FRAME.head(1_500), FRAME.head(1_500).sample(frac=1, random_state=3))
    )
    assert packing.to_bytes(one) == packing.to_bytes(other)


@pytest.mark.parametrize("time", [None, "moment"])
@pytest.mark.parametrize("kind", ["boolean", "text"])
def test_a_copy_of_the_target_is_a_leak_also_alone(kind: str, time: str | None) -> None:
    copy = FRAME["bought"] if kind == "boolean" else FRAME["bought"].map({True: "a", False: "b"})
    frame = FRAME[["bought", "moment"]].assign(copy=copy)
    model = ml.train_propensity(frame, target="bought", features=["copy"], time=time, n_trials=1)
    assert model.leaks["feature"].tolist() == ["copy"]
    p = model.predict_proba(frame)
    assert p[frame["bought"]].min() > 0.9
    assert p[~frame["bought"]].max() < 0.05


def test_a_status_made_from_the_outcome_is_a_leak() -> None:
    """Its many values are sets of equal rows that never differ, and yet no copies."""
    status = FRAME["bought"].map({True: "won", False: "open"}) + (FRAME.index % 40).astype(str)
    frame = FRAME[["bought"]].assign(status=status).head(2_000)
    assert propensity(frame, "bought", ["status"]).leaks["feature"].tolist() == ["status"]


def noise(n: int, times: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    frame["bought"] = rng.random(n) < 0.3
    return pd.concat([frame] * times, ignore_index=True)


def test_copies_of_rows_do_not_judge_what_they_taught() -> None:
    model = propensity(noise(1_500, times=4), "bought", ["a", "b", "c"])
    assert model.metric("roc_auc") < 0.56
    assert model.metric("n_subjects") == 1_500
    assert any(note.startswith("4500 of 6000 rows are copies") for note in model.notes)
    once = propensity(noise(1_500, times=1), "bought", ["a", "b", "c"])
    assert not any("copies" in note for note in once.notes)


def test_rows_alike_by_chance_are_no_copies() -> None:
    rng = np.random.default_rng(1)
    content = rng.integers(0, 4_000, 8_000).astype(np.uint64)
    subjects, copies = folds.row_subjects(content, (rng.random(8_000) < 0.1).astype(float))
    assert (len(np.unique(subjects)), copies) == (8_000, 0)
    same = (content % np.uint64(10) == 0).astype(float)
    subjects, copies = folds.row_subjects(content, same)
    assert len(np.unique(subjects)) == len(np.unique(content)) == 8_000 - copies


def people(n: int, groups: Any) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.normal(size=n), "account": groups})
    return frame.assign(bought=frame["x"] + rng.normal(size=n) > 1)


TRAINED = [ml.train_propensity, train_value]
REFUSED: dict[str, tuple[pd.DataFrame, dict[str, str], str]] = {
    "one group": (
        people(600, "acme"),
        {"group": "account"},
        r"column 'account' \(group\) has 1 groups .* 1 have target 'bought' true and 1 false",
    ),
    "fewer groups than folds": (
        people(600, np.arange(600) % 4),
        {"group": "account"},
        r"column 'account' \(group\) has 4 groups .*5 folds",
    ),
    "one class per group": (
        people(600, "a").assign(account=lambda f: f["bought"].map({True: "a", False: "b"})),
        {"group": "account"},
        r"column 'account' \(group\) has 2 groups .* 1 have target 'bought' true and 1 false",
    ),
    "one group in time": (
        people(600, "acme").assign(at=pd.date_range("2026-01-01", periods=600)),
        {"group": "account", "time": "at"},
        r"column 'account' \(group\) has one value in all rows of the train fold",
    ),
    "one class per period": (
        people(600, "a").sort_values("bought").assign(at=pd.date_range("2026-01-01", periods=600)),
        {"time": "at"},
        r"of the train fold that column 'at' \(time\) made",
    ),
    "one class in a given fold": (
        people(600, "a").assign(
            part=lambda f: np.where(f["bought"], "train", np.where(f["x"] > 0, "test", "train"))
        ),
        {"fold": "part"},
        r"target 'bought' is true in 0 .* rows of the .* fold that column 'part' \(fold\) made",
    ),
    "one group in a fold": (
        people(600, np.arange(600) % 40).assign(
            part=lambda f: np.where(
                f["account"] == 0, "test", np.where(f["account"] < 10, "calibrate", "train")
            )
        ),
        {"fold": "part", "group": "account"},
        r"column 'account' \(group\) has one value in all rows of the test fold",
    ),
}


@pytest.mark.parametrize("train", TRAINED, ids=["propensity", "value"])
@pytest.mark.parametrize("name", list(REFUSED))
def test_a_split_that_cannot_judge_is_refused_by_its_column(
    name: str, train: Callable[..., Any]
) -> None:
    frame, roles, message = REFUSED[name]
    with pytest.raises(NotTrainableError, match=message):
        train(frame.assign(bought=frame["bought"] * 1), target="bought", n_trials=1, **roles)


def test_five_rows_of_each_outcome_and_as_many_groups_are_enough() -> None:
    frame = people(200, np.arange(200) % 5)
    assert ml.train_propensity(frame, target="bought", group="account", n_trials=1).metric("n_rows")
    few = frame.assign(bought=frame.index < 5).drop(columns="account")
    assert (
        ml.train_propensity(few, target="bought", n_trials=1).metric("n_converting_subjects") == 5
    )
