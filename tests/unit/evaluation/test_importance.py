from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation.importance import effects, importance


def test_importance_ranks_and_signs() -> None:
    x = np.linspace(0, 1, 100)
    contributions = np.column_stack([0.1 * (0.5 - x), x - 0.5, np.full(100, 0.0)])
    table = importance(
        contributions, np.column_stack([x, x, x]), ["b", "a", "c"], np.array([True, True, False])
    )
    assert table["feature"].tolist() == ["a", "b", "c"]
    assert table["direction"].iloc[:2].tolist() == pytest.approx([1, -1])
    assert np.isnan(table["direction"].iloc[2])
    assert table["share"].iloc[0] == pytest.approx(10 / 11)
    quantiles = table[[f"contribution_p{at:02d}" for at in (5, 25, 50, 75, 95)]].to_numpy()
    assert quantiles[0].tolist() == pytest.approx([-0.45, -0.25, 0, 0.25, 0.45])


def test_effects_of_few_values_categories_and_missing_ones() -> None:
    x = np.array([[2.0, 0, 5], [1, 1, 5], [1, 0, 5], [np.nan, 2, 5]])
    contributions = np.array([[0.4, 1.0, 9], [0.1, -1, 9], [0.3, 2, 9], [-0.5, 0, 9]])
    table = effects(
        contributions, x, ["n", "c", "date"], np.array([True, False, False]), [(), ("a", "b"), ()]
    )
    columns = ["feature", "band", "label", "value_low", "value_high", "share", "contribution"]
    assert table[columns].astype(object).where(
        table[columns].notna(), None
    ).to_numpy().tolist() == [
        ["n", 0, None, 1, 1, 0.5, pytest.approx(0.2)],
        ["n", 1, None, 2, 2, 0.25, 0.4],
        ["n", 2, None, None, None, 0.25, -0.5],
        ["c", 0, "a", None, None, 0.5, 1.5],
        ["c", 1, "b", None, None, 0.25, -1.0],
        ["c", 2, "other", None, None, 0.25, 0.0],
    ]
    spread = table[["contribution_p05", "contribution_p95"]].iloc[0].tolist()
    assert spread == pytest.approx([0.11, 0.29])


def test_effects_of_many_values_are_bands_of_about_equal_size() -> None:
    x = np.arange(80.0)[:, None]
    table = effects(x / 10, x, ["n"], np.array([True]), [()])
    assert table["share"].tolist() == pytest.approx([1 / 8] * 8)
    assert table["value_low"].tolist() == list(range(0, 80, 10))
    assert table["value_high"].tolist() == list(range(9, 80, 10))


def test_effects_of_many_categories_are_the_most_frequent_and_other() -> None:
    names = tuple(f"c{at}" for at in range(12))
    x = np.repeat(np.arange(12.0), np.arange(20, 8, -1))[:, None]
    table = effects(np.ones((len(x), 1)), x, ["c"], np.array([False]), [names])
    assert table["label"].tolist() == [f"c{at}" for at in range(8)] + ["other"]
    assert table["share"].iloc[-1] == pytest.approx((12 + 11 + 10 + 9) / len(x))
