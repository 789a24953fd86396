from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import ml
from ml.errors import ArgumentError, NotTrainableError
from ml.evaluation.uplift_metrics import METRICS, qini_area
from ml.model import packing
from ml.model.trained import UpliftModel


def campaign(n: int, seed: int = 0, *, differs: bool = True, held_out: float = 0.5) -> pd.DataFrame:
    """People whom it moves if they compared prices, and who convert anyway if they visit often."""
    rng = np.random.default_rng(seed)
    visits = rng.poisson(3, n)
    compared = rng.random(n) < 0.4
    without = 0.12 + 0.03 * visits - 0.1 * compared
    effect = 0.2 * compared - 0.03 if differs else np.full(n, 0.04)
    treated = rng.random(n) >= held_out
    frame = pd.DataFrame(
        {
            "visits": visits,
            "compared": compared,
            "device": rng.choice(["phone", "desktop"], n),
            "noise": rng.normal(size=n),
            "treated": treated,
        }
    )
    frame["effect"] = effect
    frame["bought"] = rng.random(n) < np.clip(without + treated * effect, 0, 1)
    return frame


def train(frame: pd.DataFrame, **options: Any) -> UpliftModel:
    known = frame.drop(columns="effect")
    return ml.train_uplift(known, target="bought", treatment="treated", **options)


@pytest.fixture(scope="module")
def model() -> UpliftModel:
    return train(campaign(6_000), treated_share=0.5)


@pytest.fixture(scope="module")
def same() -> UpliftModel:
    return train(campaign(6_000, 1, differs=False))


def test_it_finds_whom_the_campaign_moves(model: UpliftModel) -> None:
    new = campaign(20_000, 9)
    found = model.predict_uplift(new)
    assert found.shape == (20_000,)
    truth = new["effect"].to_numpy()
    assert qini_area(truth, found) > 0.9 * qini_area(truth, truth)
    assert found.mean() == pytest.approx(truth.mean(), abs=0.03)
    assert model.beats_propensity
    assert model.notes == []
    assert model.importance["feature"].iloc[0] == "compared"


def test_what_it_says_of_itself_holds_on_new_people(model: UpliftModel) -> None:
    new = campaign(50_000, 9)
    truth = new["effect"].to_numpy()
    area = qini_area(truth, model.predict_uplift(new))
    assert model.metric_low("qini") < area < 2 * model.metric("qini") - model.metric_low("qini")
    assert model.metric_low("uplift_at_20") < 0.16
    assert model.evaluation["metric"].tolist() == [
        *METRICS, "n_rows", "n_subjects", "n_treated", "n_converting_subjects",
    ]  # fmt: skip
    assert model.metric("qini_gain") == pytest.approx(
        model.metric("qini") - model.metric("qini_of_propensity")
    )
    assert model.metric("n_rows") == 6_000
    assert set(model.curves["curve"]) == {"qini", "qini_of_propensity"}
    last = model.curves.groupby("curve")[["x", "y"]].last()
    assert last["x"].tolist() == pytest.approx([1, 1])
    assert last["y"].tolist() == pytest.approx([model.metric("uplift_of_all")] * 2)


def test_where_the_effect_is_the_same_for_all_propensity_stays(same: UpliftModel) -> None:
    assert not same.beats_propensity
    assert same.metric("uplift_of_all") == pytest.approx(0.04, abs=0.03)
    assert same.predict_uplift(campaign(500, 3)).std() < 0.03


def test_explanations_add_up_to_the_uplift(model: UpliftModel) -> None:
    new = campaign(1_200, 3)
    told = model.explain(new)
    summed = told.groupby("row")["contribution"].sum() + told["base"].iloc[0]
    np.testing.assert_allclose(summed.to_numpy(), model.predict_uplift(new), atol=1e-6)


def test_a_saved_model_is_the_same_model(model: UpliftModel, tmp_path: object) -> None:
    sha256 = model.save(f"{tmp_path}/uplift.zip")
    loaded = ml.load_model(f"{tmp_path}/uplift.zip", sha256=sha256)
    assert isinstance(loaded, UpliftModel)
    new = campaign(300, 2)
    np.testing.assert_array_equal(loaded.predict_uplift(new), model.predict_uplift(new))
    pd.testing.assert_frame_equal(loaded.evaluation, model.evaluation)
    assert loaded.beats_propensity == model.beats_propensity
    with pytest.raises(TypeError, match="call predict_uplift"):
        loaded.predict_proba(new)


def test_neither_row_order_nor_spelling_matters() -> None:
    frame = campaign(1_000, 4)
    other = frame.sample(frac=1, random_state=1)
    other["treated"] = np.where(other["treated"], "yes", "no")
    other["bought"] = other["bought"].astype(int)
    a, b = train(frame), train(other)
    assert packing.to_bytes(a) == packing.to_bytes(b)


def test_a_feature_measured_after_assignment_is_noticed() -> None:
    frame = campaign(1_200, 5)
    rng = np.random.default_rng(0)
    frame["mails_opened"] = rng.poisson(1, 1_200) * frame["treated"]
    frame["bought"] |= (frame["mails_opened"] > 1) & (rng.random(1_200) < 0.5)
    found = train(frame)
    assert "assignment was not random, or a feature was measured after it" in found.notes[-1]


def test_a_known_score_may_be_what_it_has_to_beat() -> None:
    frame = campaign(1_200, 6)
    frame["score"] = frame["effect"] + 0.5
    found = train(frame, propensity="score", features=["noise"])
    assert found.schema.names == ["noise"]
    assert found.metric("qini_of_propensity") > 0.02
    assert not found.beats_propensity


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"treatment": "nope"}, "treatment: 'nope' is not accepted; it takes a column of"),
        ({"treatment": None}, "treatment: None is not accepted"),
        ({"treatment": "bought"}, "treatment: 'bought' is not accepted; it takes another column"),
        (
            {"features": ["treated"]},
            "features: 'treated' is not .* this one is treatment",
        ),
        ({"treated_share": 1.0}, "treated_share: 1.0 is not accepted"),
        ({"treated_share": "nope"}, "treated_share: 'nope' is not accepted"),
        ({"treated_share": "device"}, "treated_share: 'device' is not accepted; .* numbers"),
        ({"treated_share": True}, "treated_share: True is not accepted"),
        ({"propensity": "nope"}, "propensity: 'nope' is not accepted"),
        ({"random_state": -1}, "random_state: -1 is not accepted"),
    ],
)
def test_bad_arguments_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    given = {"target": "bought", "treatment": "treated", **options}
    with pytest.raises(ArgumentError, match=message):
        ml.train_uplift(campaign(300).drop(columns="effect"), **given)


def test_bad_arms_are_refused() -> None:
    frame = campaign(400)
    with pytest.raises(NotTrainableError, match=r"the control arm \('treated' is false\)"):
        train(frame.assign(treated=True))
    with pytest.raises(NotTrainableError, match=r"the treated arm.*at least 50 of each"):
        train(frame.head(300))
    with pytest.raises(ValueError, match="treatment 'treated' is null in 1 rows; leave out people"):
        train(frame.assign(treated=frame["treated"].astype(object).where(frame.index > 0)))
    with pytest.raises(ValueError, match="treatment 'treated' has another text at position 0"):
        train(frame.assign(treated="control"))
