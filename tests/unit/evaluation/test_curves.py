from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.curves import COLUMNS, MAX_POINTS, curve_points


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


def test_one_class_has_calibration_and_its_scores_only() -> None:
    for y, scores in ((np.zeros(20), "score_negative"), (np.ones(20), "score_positive")):
        assert set(curve_points(y, np.linspace(0, 1, 20))["curve"]) == {"calibration", scores}


def test_deciles_are_ten_equal_shares_from_the_top() -> None:
    p = np.linspace(0.995, 0.005, 100)
    found = points("decile", np.repeat([1.0, 0.0, 1.0], [15, 80, 5]), p)
    assert found["y"].tolist() == pytest.approx([1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.5])
    assert found["x"].tolist() == pytest.approx(np.arange(0.95, 0, -0.1).tolist())
    assert found["threshold"].tolist() == pytest.approx(p[9::10].tolist())
    assert found["weight"].tolist() == [10.0] * 10


def test_a_tie_across_deciles_is_split_in_proportion() -> None:
    y = np.array([1.0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    p = np.repeat([0.9, 0.2], [2, 8])
    found = points("decile", y, p)
    assert found["y"].tolist() == pytest.approx([0.5] * 2 + [0.125] * 8)
    assert found["threshold"].tolist() == [0.9] * 2 + [0.2] * 8
    shuffled = np.random.default_rng(1).permutation(10)
    pd.testing.assert_frame_equal(found, points("decile", y[shuffled], p[shuffled]))


def test_decile_weights_follow_the_rows_weights() -> None:
    table = curve_points(np.array([1.0, 0.0]), np.array([0.8, 0.1]), np.array([1.0, 3.0]))
    found = table[table["curve"] == "decile"]
    assert found["weight"].tolist() == pytest.approx([0.4] * 10)
    assert (found["y"] * found["weight"]).sum() == pytest.approx(1.0)
    assert found["y"].tolist() == pytest.approx([1, 1, 0.5, 0, 0, 0, 0, 0, 0, 0])


def test_confusion_counts_what_scores_at_least_the_threshold() -> None:
    y = np.array([1.0, 0, 1, 1, 0])
    p = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
    found = points("confusion", y, p)
    columns = ["threshold", "x", "y", "weight"]
    assert np.isnan(found["threshold"].iloc[0])
    assert found[columns].iloc[1:].to_numpy().tolist() == [
        [0.9, 0, 1, 1],
        [0.8, 1, 2, 3],
        [0.3, 1, 3, 4],
        [0.1, 2, 3, 5],
    ]


def test_confusion_of_many_rows_is_exact_at_its_thresholds_and_closest_at_the_top() -> None:
    y, p = scored()
    found = points("confusion", y, p)
    assert len(found) <= MAX_POINTS
    for row in found.iloc[1:].itertuples():
        taken = p >= row.threshold
        assert (row.x, row.y) == ((1 - y)[taken].sum(), y[taken].sum())
    assert found["weight"].iloc[-1] == 5_000
    assert found["weight"].diff().iloc[1:11].max() <= 10


def test_scores_of_either_outcome_in_bins_of_log_odds() -> None:
    y = np.array([1.0, 1, 0, 0, 0, 0])
    p = np.array([0.9, 0.1, 0.1, 0.1, 0.1, 0.9])
    positive, negative = points("score_positive", y, p), points("score_negative", y, p)
    assert len(positive) == len(negative) == 30
    assert positive[["y", "weight"]].iloc[[0, -1]].to_numpy().tolist() == [[0.5, 1], [0.5, 1]]
    assert negative[["y", "weight"]].iloc[[0, -1]].to_numpy().tolist() == [[0.75, 3], [0.25, 1]]
    assert positive["y"].iloc[1:-1].eq(0).all()
    assert positive["threshold"].iloc[1:].tolist() == positive["x"].iloc[:-1].tolist()
    assert (positive["threshold"].iloc[0], positive["x"].iloc[-1]) == pytest.approx((0.1, 0.9))


@pytest.mark.parametrize("p", [[0.0, 1.0], [0.5, 0.5]])
def test_scores_of_zero_one_or_one_value_have_bins(p: list[float]) -> None:
    found = points("score_positive", np.array([0.0, 1.0]), np.array(p))
    assert found["weight"].sum() == 1
    assert np.isfinite(found[["x", "threshold"]].to_numpy()).all()
