from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.curves import COLUMNS, MAX_POINTS, curve_points
from ml.importance import importance


def points(curve: str, y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    table = curve_points(y, p)
    assert list(table.columns) == COLUMNS
    return table[table["curve"] == curve]


def scored(n: int = 5_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    p = rng.beta(1, 5, n)
    return (rng.random(n) < p).astype(float), p


@pytest.mark.parametrize("curve", ["roc", "gain"])
def test_curves_rise_from_the_corner_to_the_corner(curve: str) -> None:
    found = points(curve, *scored())
    assert len(found) == MAX_POINTS
    assert found[["x", "y"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert (found[["x", "y"]].diff().dropna() >= 0).all(axis=None)


def test_gain_of_a_perfect_score() -> None:
    y = np.repeat([1.0, 0.0], [20, 80])
    found = points("gain", y, np.linspace(1, 0, 100))
    reached = dict(zip(found["x"].round(2), found["y"].round(2), strict=True))
    assert reached[0.1] == 0.5
    assert reached[0.2] == 1.0


def test_ties_are_taken_together() -> None:
    found = points("gain", np.array([1.0, 0, 0, 1]), np.full(4, 0.3))
    assert found[["x", "y"]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_calibration_points_follow_the_rate() -> None:
    found = points("calibration", *scored())
    assert found["weight"].sum() == pytest.approx(5_000)
    assert (found["x"] - found["y"]).abs().max() < 0.05


def test_one_class_has_calibration_only() -> None:
    assert set(curve_points(np.zeros(20), np.linspace(0, 1, 20))["curve"]) == {"calibration"}


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
