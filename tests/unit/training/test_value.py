from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import d2_tweedie_score, mean_absolute_error, mean_tweedie_deviance

from ml.data.targets import to_amount
from ml.engines import frames
from ml.errors import NotTrainableError
from ml.evaluation.value_metrics import evaluate_value
from ml.model import artefact, packing
from ml.model.trained import ValueModel
from ml.registry.register import register_due
from ml.registry.settings import Settings
from ml.scoring.score import SCORES, scorer
from ml.training.value import total_factor, train_value
from tests.unit.frames import visitors, with_folds


def orders(n: int = 12_000) -> pd.DataFrame:
    """Visitors' rows with what they spend: many nothing, some a lot; the mean is known."""
    frame = with_folds(visitors(n, groups=n // 8, days=60))
    rng = np.random.default_rng(5)
    mean = 4.0 * np.exp(0.35 * frame["visits"] + 0.8 * (frame["device"] == "desktop"))
    frame["expected"] = mean
    number = rng.poisson(mean / 50)
    frame["target_value"] = rng.gamma(np.maximum(2.0 * number, 1e-9), 25.0) * (number > 0)
    return frame


FRAME = orders()
ROLES: dict[str, Any] = {
    "target": "target_value",
    "time": "as_of_tstamp",
    "group": "domain_userid",
    "fold": "fold",
    "features": ["visits", "device", "minutes", "noise", "is_weekend"],
}


@pytest.fixture(scope="module")
def model() -> ValueModel:
    return train_value(FRAME, **ROLES, n_trials=1)


def test_expected_amounts_are_near_the_truth_and_right_in_total(model: ValueModel) -> None:
    test = FRAME[FRAME["fold"] == "test"]
    predicted = model.predict(test)
    assert np.corrcoef(predicted, test["expected"])[0, 1] > 0.9
    assert predicted.sum() == pytest.approx(test["expected"].sum(), rel=0.1)
    assert model.metric_low("tweedie_deviance_gain") > 0
    assert model.metric("gini") > 0.4
    assert model.leaks.empty


def test_metrics_are_those_of_scikit_learn(model: ValueModel) -> None:
    test = FRAME[FRAME["fold"] == "test"]
    y, mu = test["target_value"].to_numpy(), model.predict(test)
    ones, groups = np.ones(len(y)), np.arange(len(y))
    found = evaluate_value(y, mu, w=ones, groups=groups, reference=float(y.mean()))
    value = found.set_index("metric")["value"]
    power: dict[str, Any] = {"power": 1.5}
    assert value["mean_absolute_error"] == pytest.approx(mean_absolute_error(y, mu))
    assert value["mean_tweedie_deviance"] == pytest.approx(mean_tweedie_deviance(y, mu, **power))
    assert value["d2_tweedie_score"] == pytest.approx(d2_tweedie_score(y, mu, **power))
    assert value["total_ratio"] == pytest.approx(mu.sum() / y.sum())
    assert value["n_converting_subjects"] == (y > 0).sum()


def test_a_total_is_mended_only_beyond_noise() -> None:
    rng = np.random.default_rng(1)
    y, groups = rng.gamma(1.0, 1.0, 4_000), np.arange(4_000)
    assert total_factor(y, np.ones(4_000), np.ones(4_000), groups)[0] == 1.0
    factor, why = total_factor(y, np.full(4_000, 0.5), np.ones(4_000), groups)
    assert factor == pytest.approx(2.0, rel=0.05)
    assert "more than noise" in why


def test_the_order_of_rows_does_not_matter(model: ValueModel) -> None:
    other = train_value(FRAME.sample(frac=1, random_state=3), **ROLES, n_trials=1)
    np.testing.assert_array_equal(other.predict(FRAME), model.predict(FRAME))


def test_the_unit_does_not_matter(model: ValueModel) -> None:
    cents = FRAME.assign(target_value=FRAME["target_value"] * 100)
    other = train_value(cents, **ROLES, n_trials=1)
    assert other.predict(FRAME).sum() == pytest.approx(model.predict(FRAME).sum() * 100, rel=0.02)
    gini = other.metric("gini"), model.metric("gini")
    assert gini[0] == pytest.approx(gini[1], abs=0.02)


def test_the_artefact_gives_a_value_model_back(model: ValueModel) -> None:
    data = packing.to_bytes(model)
    loaded = artefact.from_bytes(data, packing.checksum(data))
    assert isinstance(loaded, ValueModel)
    np.testing.assert_allclose(loaded.predict(FRAME.head(500)), model.predict(FRAME.head(500)))
    with pytest.raises(TypeError, match="call predict"):
        loaded.predict_proba(FRAME.head())


def test_contributions_add_up_to_the_logarithm_of_the_amount(model: ValueModel) -> None:
    head = FRAME.head(300)
    values, base = model.contributions(head)
    total = np.exp(values.sum(axis=1) + base + model.calibration.intercept)
    np.testing.assert_allclose(total, model.predict(head), rtol=1e-4)


@pytest.mark.parametrize("bad", [-1.0, np.inf, "much"])
def test_what_is_no_amount_is_named(bad: object) -> None:
    with pytest.raises(ValueError, match=r"target 'spent'.*no amount"):
        to_amount(pd.Series([1.0, bad, None], name="spent", dtype=object))


def test_a_mean_of_who_ordered_is_suspected() -> None:
    cell = np.random.default_rng(3).integers(0, len(FRAME) // 3, len(FRAME))
    leak = (FRAME["target_value"] > 0).groupby(cell).transform("mean")
    found = train_value(
        FRAME.assign(leak=leak), **{**ROLES, "features": [*ROLES["features"], "leak"]}, n_trials=1
    )
    suspected = found.leaks.set_index("feature")["check"]
    assert suspected.to_dict() == {"leak": "rate"}


def test_without_orders_there_is_nothing_to_learn() -> None:
    with pytest.raises(NotTrainableError, match="'target_value' is true in 0"):
        train_value(FRAME.assign(target_value=0.0), **ROLES)


def test_a_value_model_is_gated_by_deviance_registered_and_scored() -> None:
    catalogue = pd.DataFrame(
        {
            "feature_name": ROLES["features"],
            "leak_reviewed": False,
            "label": None,
            "definition": None,
        }
    )
    readiness = pd.DataFrame(
        {
            "model_name": ["daily__value"],
            "kind": ["value"],
            "training_table": ["trn_daily"],
            "target_column": ["target_value"],
            "subject_column": ["domain_userid"],
            "not_trained_code": [None],
            "not_trained_reason": [None],
            "definition_hash": ["d1"],
            "outcome_hash": ["o1"],
            "feature_hashes": [""],
        }
    )
    new = register_due(
        {"trn_daily": lambda: FRAME.assign(target=None)},
        readiness=readiness,
        as_of=pd.Timestamp("2026-03-10"),
        catalogue=catalogue,
        settings=Settings(n_trials=1),
        log=lambda _: None,
    )
    row = new.iloc[0]
    assert (row["kind"], row["decision"]) == ("value", "champion")
    assert row["decision_code"] == "first_version"
    assert row["decision_reason"].startswith("first version; Tweedie deviance better")
    ordering = FRAME[FRAME["target_value"] > 0]["domain_userid"].nunique()
    assert row["n_converting_subjects"] == ordering
    champion = artefact.from_bytes(row["artefact"], row["artefact_sha256"])
    score = scorer(champion, catalogue, model_name="daily__value", version="v", kind="value")
    scores = frames.to_arrow(score(FRAME.head(50)), SCORES).to_pandas()
    np.testing.assert_allclose(scores["score"], champion.score(FRAME.head(50)))
    assert scores["score"].max() > 1
