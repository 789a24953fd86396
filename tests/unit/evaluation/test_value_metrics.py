from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation.value_metrics import evaluate_value, tweedie_deviance_rows


def test_the_best_order_has_gini_one_and_a_constant_none() -> None:
    rng = np.random.default_rng(0)
    y = rng.gamma(0.3, 10, 2_000)
    ones, groups = np.ones(len(y)), np.arange(len(y))
    for mu, gini in ((y + 1e-3, 1.0), (np.ones(len(y)), 0.0), (1 / (y + 1e-3), -1.0)):
        found = evaluate_value(y, mu, w=ones, groups=groups, reference=1.0)
        assert found.set_index("metric")["value"]["gini"] == pytest.approx(gini, abs=0.01)


def test_deviance_is_least_at_the_truth() -> None:
    y = np.array([0.0, 3.0])
    assert tweedie_deviance_rows(y, np.array([1e-9, 3.0])).max() < 1e-3
    assert (tweedie_deviance_rows(y, np.array([1.0, 5.0])) > 0).all()
