from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluation.uplift_metrics import evaluate_uplift, qini_area


def test_the_area_is_that_of_small_examples() -> None:
    effect = np.array([0.4, 0.0, 0.0, 0.0])
    # Curve 0.1, 0.1, 0.1, 0.1 at 1/4, ..., 1: area 0.0875, and 0.05 below the line.
    assert qini_area(effect, effect) == pytest.approx(0.0375)
    assert qini_area(effect, -effect) == pytest.approx(-0.0375)
    assert qini_area(effect, np.ones(4)) == pytest.approx(0)
    assert qini_area(np.full(9, 0.3), np.arange(9.0)) == pytest.approx(0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 200))
def test_no_order_is_better_than_that_of_the_effect(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    effect, score = rng.normal(size=n), rng.normal(size=n)
    best = qini_area(effect, effect)
    assert best >= qini_area(effect, score) >= -best - 1e-12
    assert qini_area(effect, np.exp(score)) == pytest.approx(qini_area(effect, score))
    assert qini_area(effect + 3, score) == pytest.approx(qini_area(effect, score))
    order = rng.permutation(n)
    assert qini_area(effect[order], score[order]) == pytest.approx(qini_area(effect, score))


def test_intervals_are_those_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    n, sets, hits = 400, 40, np.zeros(2)
    for at in range(sets):
        uplift = rng.normal(size=n)
        effect = 0.1 + 0.05 * uplift + rng.normal(size=n)
        found = evaluate_uplift(
            effect, uplift, rng.normal(size=n), w=np.ones(n), groups=np.arange(n), seed=at
        )[0].set_index("metric")
        # Mean of the best tenth of a normal distribution: 1.755.
        for where, (name, truth) in enumerate(
            {"qini": 0.05 / (2 * np.sqrt(np.pi)), "uplift_at_10": 0.1 + 0.05 * 1.755}.items()
        ):
            row = found.loc[name]
            hits[where] += row["value_low"] <= truth <= row["value_high"]
    assert (hits / sets > 0.85).all()
