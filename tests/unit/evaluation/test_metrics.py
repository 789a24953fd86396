from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from ml.evaluation.curves import curve_points
from ml.evaluation.metrics import (
    evaluate,
    expected_calibration_error,
    paired_gain,
    top_decile_recall,
)


def scored(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 5, n)
    return (rng.random(n) < p).astype(float), p


def table(y: np.ndarray, p: np.ndarray, **options: Any) -> dict[str, tuple[float, float, float]]:
    """Metric -> value, low, high."""
    got = evaluate(y, p, **options)
    return {str(r[0]): (float(r[1]), float(r[2]), float(r[3])) for r in got.to_numpy().tolist()}


def width(row: tuple[float, float, float]) -> float:
    return row[2] - row[1]


def test_values_are_scikit_learns_with_weights() -> None:
    y, p = scored(3_000, 0)
    w = np.random.default_rng(1).random(3_000)
    got = evaluate(y, p, w=w).set_index("metric")["value"]
    assert got["roc_auc"] == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w))
    assert got["average_precision"] == pytest.approx(
        sk.average_precision_score(y, p, sample_weight=w)
    )
    assert got["log_loss"] == pytest.approx(sk.log_loss(y, p, sample_weight=w))
    assert got["brier_score"] == pytest.approx(sk.brier_score_loss(y, p, sample_weight=w))
    assert got["base_rate"] == pytest.approx(np.average(y, weights=w))
    assert got["n_rows"] == 3_000


def test_intervals_cover_the_truth_about_19_times_in_20() -> None:
    truth = {"brier_score": 5 / 42, "base_rate": 1 / 6}  # of Beta(1, 5): E[p(1-p)], E[p]
    covered = dict.fromkeys(truth, 0)
    for seed in range(60):
        y, p = scored(400, seed)
        got = table(y, p, seed=seed)
        for name, value in truth.items():
            covered[name] += got[name][1] <= value <= got[name][2]
    assert all(51 <= count <= 60 for count in covered.values()), covered


def test_intervals_resample_groups_not_rows() -> None:
    y, p = scored(300, 0)
    rows = table(np.repeat(y, 20), np.repeat(p, 20))
    groups = np.repeat(np.arange(300), 20)
    grouped = table(np.repeat(y, 20), np.repeat(p, 20), groups=groups)
    for name in ("roc_auc", "log_loss", "brier_score"):
        assert width(grouped[name]) / width(rows[name]) == pytest.approx(20**0.5, rel=0.35)
    assert grouped["n_subjects"][0] == 300


def test_intervals_are_alike_when_subjects_are_bucketed() -> None:
    y, p = scored(9_000, 0)
    few, many = table(y[:3_000], p[:3_000]), table(y, p)
    for name in ("roc_auc", "log_loss"):
        assert width(few[name]) / width(many[name]) == pytest.approx(3**0.5, rel=0.3)


def test_calibration_error_of_a_shift_is_the_shift() -> None:
    y, p = scored(200_000, 0)
    assert expected_calibration_error(y, p) < 0.005
    assert expected_calibration_error(y, p + 0.1) == pytest.approx(0.1, abs=0.003)


def test_calibration_error_of_one_score_is_its_miss() -> None:
    assert expected_calibration_error(
        np.array([1.0, 0.0, 0.0, 0.0]), np.full(4, 0.5)
    ) == pytest.approx(0.25)


def test_one_class_has_no_ranking_metric() -> None:
    got = evaluate(np.zeros(50), np.full(50, 0.1)).set_index("metric")["value"]
    assert np.isnan(got["roc_auc"])
    assert got["log_loss"] == pytest.approx(-np.log(0.9))


def test_log_loss_gain_is_over_the_reference() -> None:
    y, p = scored(5_000, 0)
    got = evaluate(y, p, reference=0.3).set_index("metric")["value"]
    constant = sk.log_loss(y, np.full(5_000, 0.3))
    assert got["log_loss_gain"] == pytest.approx(constant - sk.log_loss(y, p))


def test_a_paired_gain_of_nothing_has_no_width() -> None:
    value = paired_gain(np.zeros(100), np.ones(100), np.arange(100))
    assert value == (0.0, 0.0, 0.0)


def test_the_top_tenth_splits_a_tie_and_counts_weights() -> None:
    y = np.array([1.0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert top_decile_recall(y, np.linspace(1, 0, 10)) == 0.5
    assert top_decile_recall(y, np.full(10, 0.2)) == pytest.approx(0.1)
    w = np.r_[0.5, 1, [1.0625] * 8]
    assert top_decile_recall(y, np.linspace(1, 0, 10), w) == pytest.approx(1 / 1.5)
    assert np.isnan(top_decile_recall(np.zeros(3), np.zeros(3)))


def test_the_top_tenth_is_the_gain_curves_and_its_interval_holds_it() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(1, 8, 4_000).round(2)
    y = (rng.random(4_000) < p).astype(float)
    w = rng.random(4_000)
    row = evaluate(y, p, w=w).query("metric == 'top_decile_recall'").iloc[0].to_dict()
    decile = curve_points(y, p, w).query("curve == 'decile'")
    reached = decile["y"].iloc[0] * decile["weight"].iloc[0] / (w @ y)
    assert row["value"] == pytest.approx(reached)
    assert row["value_low"] < row["value"] < row["value_high"]
    assert row["value_high"] - row["value_low"] < 0.1
