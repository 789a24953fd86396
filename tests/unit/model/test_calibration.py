from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from ml.evaluation.metrics import expected_calibration_error
from ml.model.calibration import Calibration, choose_calibration


def margins(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2, 1.2, n)
    return (rng.random(n) < expit(margin)).astype(float), margin, np.arange(n).astype(np.uint64)


def test_calibrated_margins_are_left_alone() -> None:
    chosen = [
        choose_calibration(y, m, np.ones(2_000), g)[0].method
        for y, m, g in (margins(2_000, seed) for seed in range(10))
    ]
    assert chosen.count("none") >= 9


def test_overconfident_margins_are_flattened() -> None:
    y, margin, groups = margins(8_000, 0)
    calibration, why = choose_calibration(y, 2 * margin + 1, np.ones(8_000), groups)
    assert calibration.method == "logistic"
    assert calibration.slope == pytest.approx(0.5, abs=0.05)
    assert "logistic lowers held-out log loss" in why
    assert expected_calibration_error(y, calibration.apply(2 * margin + 1)) < 0.01


def test_a_kink_needs_isotonic() -> None:
    y, margin, groups = margins(40_000, 0)
    kinked = np.where(margin > -2, -2 + 6 * (margin + 2), margin)
    calibration, _ = choose_calibration(y, kinked, np.ones(40_000), groups)
    assert calibration.method == "isotonic"
    p = calibration.apply(np.linspace(-50, 50, 1_000))
    assert (np.diff(p) >= 0).all()
    assert p.min() > 0
    assert p.max() < 1


def test_a_few_positives_choose_nothing() -> None:
    y, margin, groups = margins(300, 0)
    assert choose_calibration(y, 3 * margin, np.ones(300), groups)[0] == Calibration()
