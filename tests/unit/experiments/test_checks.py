from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ml.errors import ArgumentError
from ml.experiments import imbalance, sample_ratio


def test_the_sample_ratio_is_judged_by_chi_square() -> None:
    # R: chisq.test(c(9150, 850), p = c(0.9, 0.1))
    found = sample_ratio([9_150, 850], [0.9, 0.1])
    assert found.p_value == pytest.approx(5.733e-07, rel=1e-3)
    assert found.is_broken
    assert sample_ratio([9_000, 1_000], [0.9, 0.1]).p_value == 1
    three = sample_ratio([500, 250, 250], [0.5, 0.25, 0.25])
    assert (three.p_value, three.is_broken, three.reason) == (1, False, "")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.data())
def test_few_people_are_judged_exactly(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, min(n, 12)))
    found = sample_ratio([n - k, k], [0.95, 0.05])
    tail = binomtest(k, n, 0.05, alternative="greater" if k > 0.05 * n else "less").pvalue
    # Both tails count, so that it is at least the one of the side seen.
    assert found.p_value > 0.9 * tail - 1e-3


def test_a_second_person_held_out_of_ten_is_no_alarm() -> None:
    # Chi-square's distribution would say p = 0.000000001.
    found = sample_ratio([8, 2], [0.99, 0.01])
    assert found.p_value == pytest.approx(0.0043, abs=0.0006)
    assert not found.is_broken
    assert sample_ratio([0, 10], [0.99, 0.01]).is_broken


def test_without_people_the_ratio_is_not_broken() -> None:
    found = sample_ratio([0, 0], [0.5, 0.5])
    assert math.isnan(found.p_value)
    assert not found.is_broken
    assert "nobody" in found.reason or "no arm has anybody" in found.reason


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_arms_does_not_matter(order: list[int]) -> None:
    counts, shares = np.array([700, 160, 90, 50]), np.array([0.7, 0.15, 0.1, 0.05])
    usual = sample_ratio(counts, shares)
    assert sample_ratio(counts[order], shares[order]).p_value == pytest.approx(usual.p_value)


@pytest.mark.parametrize(
    ("observed", "shares", "message"),
    [
        ([10, 10], [0.5, 0.4], "shares whose sum is 1, not 0.9"),
        ([10], [1.0], "expected_shares"),
        ([10, 10, 10], [0.5, 0.5], "one share per arm, of which there are 3"),
        ([10, -1], [0.5, 0.5], r"observed\[1\]: -1"),
        ([10, 1.5], [0.5, 0.5], r"observed\[1\]: 1.5"),
        ([10, math.nan], [0.5, 0.5], r"observed\[1\]: nan"),
        ([10, 1], [1.0, 0.0], r"expected_shares\[0\]: 1.0"),
        ([10, 1], [0.5, math.nan], r"expected_shares\[1\]: nan"),
    ],
)
def test_bad_splits_are_refused_by_name(observed: Any, shares: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        sample_ratio(observed, shares)


def test_arms_that_chance_made_are_balanced_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    score = rng.beta(1, 30, 20_000)
    held_out = rng.random(20_000) < 0.1
    sound = imbalance(score[~held_out], score[held_out])
    assert abs(sound.difference) < 0.07
    assert not sound.is_imbalanced
    best = np.argsort(-score)[:18_000]
    chosen = np.isin(np.arange(20_000), best)
    assert imbalance(score[chosen], score[~chosen]).is_imbalanced
    other = imbalance(score[~chosen], score[chosen])
    assert other.difference == -imbalance(score[chosen], score[~chosen]).difference


def test_imbalance_of_what_does_not_vary() -> None:
    assert imbalance([1, 1, 1], [1, 1]).difference == 0
    assert imbalance([1, 1, 1], [2, 2]).is_imbalanced
    few = imbalance([1], [2, 2])
    assert math.isnan(few.difference)
    assert few.reason == "treated has 1 and control 2 people: each needs 2"
    with pytest.raises(ArgumentError, match="treated: is null or infinite for 1 of 2 people"):
        imbalance([1, None], [2, 2])
