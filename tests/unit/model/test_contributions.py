from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

import ml
from ml.model import contributions
from ml.model.booster import predict_contributions, predict_margin
from ml.model.contributions import Explainer
from ml.model.trained import PropensityModel
from ml.scoring.reasons import top_reasons
from ml.scoring.score import scorer
from tests.unit.frames import visitors

TYPES = ["q", "c", "i", "q", "q"]


def rows(n: int, seed: int = 0) -> np.ndarray:
    """Coarse and fine numbers, a category with codes no tree has seen, an indicator, gaps."""
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [
            rng.poisson(2, n),
            rng.integers(0, 6, n),
            rng.random(n) < 0.4,
            rng.normal(size=n),
            np.round(rng.normal(size=n), 1),
        ]
    ).astype(np.float32)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x


def boosters(n: int, max_depth: int) -> list[xgb.Booster]:
    fitted = []
    for seed in range(n):
        x = rows(1_500, seed)
        x[:, 1] = np.where(x[:, 1] > 4, np.nan, x[:, 1])
        z = np.nan_to_num(x[:, 0]) * 0.4 + np.isin(x[:, 1], [1, 3]) - np.isnan(x[:, 3])
        z += np.abs(np.nan_to_num(x[:, 4])) * np.nan_to_num(x[:, 2], nan=0.5)
        y = np.random.default_rng(seed).random(len(x)) < 1 / (1 + np.exp(1.5 - z))
        params = {"objective": "binary:logistic", "max_depth": max_depth, "base_score": 0.3}
        matrix = xgb.DMatrix(x, y, feature_types=TYPES, enable_categorical=True)
        fitted.append(xgb.train(params, matrix, 12))
    return fitted


@pytest.mark.parametrize("max_depth", [1, 3, 7])
def test_they_are_the_boosters_own_and_add_up_to_the_log_odds(max_depth: int) -> None:
    trees, x = boosters(3, max_depth), rows(4_000, seed=9)
    values, base = Explainer(trees, TYPES).contributions(x)
    own = predict_contributions(trees, x, TYPES)
    np.testing.assert_allclose(values, own[:, :-1], rtol=0, atol=2e-6)
    assert base == own[0, -1]
    assert np.ptp(own[:, -1]) == 0
    np.testing.assert_allclose(
        values.sum(axis=1) + base, predict_margin(trees, x, TYPES), rtol=0, atol=5e-6
    )


def test_a_value_on_a_threshold_takes_the_side_that_the_tree_gives_it() -> None:
    trees = boosters(2, 4)
    explainer = Explainer(trees, TYPES)
    explainer.contributions(rows(2_000))
    edges = [edge for feature in (0, 3, 4) for edge in explainer._edges[feature]]
    at = np.array(edges, dtype=np.float32)
    near = np.concatenate([at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)])
    rng = np.random.default_rng(1)
    x = rows(6_000, seed=3)
    for feature in (0, 3, 4):
        x[:, feature] = rng.choice(near, len(x))
    np.testing.assert_allclose(
        explainer.contributions(x)[0],
        predict_contributions(trees, x, TYPES)[:, :-1],
        rtol=0,
        atol=2e-6,
    )


@pytest.mark.parametrize(
    ("name", "value"), [("_MANY_CELLS", 10), ("_MOST_CELLS", 10), ("_BLOCK_ROWS", 700)]
)
def test_trees_of_many_cells_and_small_blocks_change_nothing(
    name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees, x = boosters(2, 4), rows(3_000, seed=5)
    expected, base = Explainer(trees, TYPES).contributions(x)
    monkeypatch.setattr(contributions, name, value)
    values, same = Explainer(trees, TYPES).contributions(x)
    np.testing.assert_allclose(values, expected, rtol=0, atol=2e-6)
    assert same == base


def test_neither_threads_nor_neighbours_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    trees, x = boosters(2, 4), rows(3_000, seed=5)
    expected, _ = Explainer(trees, TYPES).contributions(x)
    monkeypatch.setattr(contributions.os, "cpu_count", lambda: 1)
    order = np.random.default_rng(0).permutation(len(x))
    shuffled, _ = Explainer(trees, TYPES).contributions(np.concatenate([x[order], x[:100]]))
    np.testing.assert_array_equal(shuffled[: len(x)], expected[order])
    np.testing.assert_array_equal(shuffled[len(x) :], expected[:100])


def test_as_many_threads_are_used_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []

    class Pool(contributions.ThreadPoolExecutor):
        def __init__(self, n_threads: int) -> None:
            used.append(n_threads)
            super().__init__(n_threads)

    monkeypatch.setattr(contributions, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(contributions.os, "cpu_count", lambda: 3)
    trees, x = boosters(1, 3), rows(1_000)
    Explainer(trees, TYPES, 1).contributions(x)
    Explainer(trees, TYPES).contributions(x)
    assert used == [1, 3]


def test_alike_rows_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = boosters(1, 3)
    explainer = Explainer(trees, TYPES)
    explainer.contributions(rows(2_000))
    asked: list[int] = []
    real = xgb.DMatrix

    def counted(x: np.ndarray, *given: Any, **named: Any) -> xgb.DMatrix:
        asked.append(len(x))
        return real(x, *given, **named)

    monkeypatch.setattr(contributions.xgb, "DMatrix", counted)
    explainer.contributions(np.repeat(rows(2, seed=2), 10_000, axis=0))
    assert len(asked) == 1 + trees[0].num_boosted_rounds()
    assert max(asked) <= 2


def test_few_rows_and_none(model: PropensityModel) -> None:
    frame = visitors(3_000, seed=2)
    many, base = model.contributions(frame)
    few, same = model.contributions(frame.head(5))
    np.testing.assert_allclose(few, many[:5], rtol=0, atol=2e-6)
    none, still = model.contributions(frame.head(0))
    assert none.shape == (0, len(model.schema.names))
    assert base == same == still


def test_a_columns_parts_are_one_contribution_and_all_add_up() -> None:
    frame = visitors(2_500, days=40)
    model = ml.train_propensity(
        frame.drop(columns="chance"),
        target="bought",
        n_trials=1,
        features=["visits", "device", "moment"],
    )
    values, base = model.contributions(frame)
    assert len(model.schema.feature_names) == 5
    assert values.shape == (2_500, 3)
    log_odds = model.log_odds(model.schema.encode(frame))
    np.testing.assert_allclose(values.sum(axis=1) + base, log_odds, rtol=0, atol=5e-6)


def test_a_reason_names_the_column_and_value_of_its_row(model: PropensityModel) -> None:
    frame = visitors(1_500, seed=4)
    frame["domain_userid"] = np.arange(len(frame)).astype(str)
    frame["as_of_tstamp"] = pd.Timestamp("2026-03-01")
    names = model.schema.names
    catalogue = pd.DataFrame({"feature_name": names, "label": [f"the {n}" for n in names]})
    scores = scorer(model, catalogue, model_name="daily", version="v1")(frame)
    values, _ = model.contributions(frame)
    strongest = values.argmax(axis=1)
    told = scores["reason_1"].notna()
    assert told.equals(pd.Series(values.max(axis=1) >= 0.01))
    for at in np.flatnonzero(told):
        name = names[strongest[at]]
        value = frame[name].iloc[at]
        assert scores["reason_1_feature"].iloc[at] == name
        text = scores["reason_1"].iloc[at]
        if isinstance(value, bool | np.bool_):
            assert text == f"Associated with {'' if value else 'no '}the {name}"
        elif pd.isna(value):
            assert text == f"Associated with the {name}: unknown"
        elif isinstance(value, str):
            assert text == f"Associated with the {name}: {value}"
        else:
            shown = f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"
            assert text == f"Associated with the {name}: {shown}"


def test_reasons_of_numbers_that_sound_alike_are_worded_once() -> None:
    from ml.scoring.words import Words

    said: list[object] = []

    class Counted(Words):
        def say(self, value: object) -> str:
            said.append(value)
            return super().say(value)

    out = top_reasons(
        np.ones((4, 1)), pd.DataFrame({"n": [1, 2, 2, 1]}), ["n"], [Counted("n", "n")]
    )
    assert out["reason_1"].tolist() == [f"Associated with n: {n}" for n in (1, 2, 2, 1)]
    assert said == [1, 2]


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return ml.train_propensity(visitors(2_000).drop(columns="chance"), target="bought", n_trials=1)
