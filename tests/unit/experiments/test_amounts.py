from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from ml.errors import ArgumentError
from ml.experiments import compare_amounts


def revenue(n: int, seed: int, payers: float = 0.1, sigma: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random(n) < payers) * rng.lognormal(3, sigma, n).round(2)


def test_amounts_that_are_normal_give_the_usual_interval() -> None:
    rng = np.random.default_rng(0)
    treated, control = rng.normal(11, 2, 3_000), rng.normal(10, 2, 3_000)
    found = compare_amounts(treated, control)
    theirs = ttest_ind(treated, control, equal_var=False).confidence_interval()
    assert found.difference == pytest.approx(treated.mean() - control.mean())
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)
    assert found.p_value <= 0.001
    assert math.isnan(found.variance_reduction)
    assert found.reason == ""


def test_a_skewed_hold_out_moves_the_lower_end() -> None:
    found = compare_amounts(revenue(18_000, 1, 0.01), revenue(2_000, 2, 0.01))
    # The few payers of the hold-out may well have been too few, and hardly too many.
    assert found.difference - found.low > 1.2 * (found.high - found.difference)


def test_intervals_cover_the_truth() -> None:
    hits, n_sets = 0, 60
    for seed in range(n_sets):
        found = compare_amounts(revenue(1_000, 2 * seed), revenue(500, 2 * seed + 1))
        hits += found.low <= 0 <= found.high
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    assert hits / n_sets > 0.9


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), st.floats(0.02, 0.2))
def test_properties_of_the_interval(seed: int, alpha: float) -> None:
    treated, control = revenue(900, seed), revenue(300, seed + 1)
    found = compare_amounts(treated, control, alpha=alpha)
    assert found.low < found.difference < found.high
    sure = compare_amounts(treated, control, alpha=alpha / 2)
    assert sure.low <= found.low < found.high <= sure.high
    shuffled = np.random.default_rng(seed)
    other = compare_amounts(
        shuffled.permutation(treated), shuffled.permutation(control), alpha=alpha
    )
    assert (other.low, other.high, other.p_value) == pytest.approx(
        (found.low, found.high, found.p_value), abs=1e-9
    )
    cents = compare_amounts(100 * treated, 100 * control, alpha=alpha)
    assert (cents.low, cents.high) == pytest.approx((100 * found.low, 100 * found.high))
    shifted = compare_amounts(treated + 7, control + 7, alpha=alpha)
    assert (shifted.low, shifted.high) == pytest.approx((found.low, found.high))
    swapped = compare_amounts(control, treated, alpha=alpha)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.high - swapped.low == pytest.approx(found.high - found.low, rel=0.15)


def test_a_covariate_that_predicts_narrows_the_interval() -> None:
    rng = np.random.default_rng(0)
    before = rng.gamma(1, 20, 5_000)
    after = 0.8 * before + rng.gamma(1, 5, 5_000)
    held_out = rng.random(5_000) < 0.2
    arms = (after[~held_out] + 2, after[held_out])
    known: dict[str, Any] = {
        "covariate_treated": before[~held_out],
        "covariate_control": before[held_out],
    }
    plain, adjusted = compare_amounts(*arms), compare_amounts(*arms, **known)
    share = np.corrcoef(before, after)[0, 1] ** 2
    assert adjusted.variance_reduction == pytest.approx(share, abs=0.02)
    narrower = (adjusted.high - adjusted.low) / (plain.high - plain.low)
    assert narrower == pytest.approx(math.sqrt(1 - share), rel=0.1)
    assert adjusted.low < 2 < adjusted.high
    noise: dict[str, Any] = {
        "covariate_treated": rng.normal(size=len(arms[0])),
        "covariate_control": rng.normal(size=len(arms[1])),
    }
    useless = compare_amounts(*arms, **noise)
    assert 0 <= useless.variance_reduction < 0.005
    assert useless.low == pytest.approx(plain.low, abs=0.3)


def test_a_constant_covariate_changes_nothing() -> None:
    treated, control = revenue(900, 1), revenue(300, 2)
    plain = compare_amounts(treated, control)
    known = compare_amounts(
        treated, control, covariate_treated=np.ones(900), covariate_control=np.ones(300)
    )
    assert (known.low, known.high, known.variance_reduction) == (plain.low, plain.high, 0)


def test_many_people_are_drawn_in_buckets_with_the_same_result() -> None:
    rng = np.random.default_rng(3)
    treated, control = rng.lognormal(3, 1, 30_000), rng.lognormal(3, 1, 6_000)
    found = compare_amounts(treated, control)
    theirs = ttest_ind(treated, control, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.15)


def test_what_cannot_be_said_is_said() -> None:
    nobody = compare_amounts([], [1.0, 2.0])
    assert math.isnan(nobody.mean_treated)
    assert math.isnan(nobody.low)
    assert nobody.mean_control == 1.5
    assert nobody.reason == "treated has 0 and control 2 people: each needs 2"
    zeros = compare_amounts(np.zeros(50), np.zeros(20))
    assert (zeros.difference, zeros.mean_treated) == (0, 0)
    assert math.isnan(zeros.low)
    assert math.isnan(zeros.p_value)
    assert zeros.reason.startswith("an arm has only 0 people whose amount is not its most")
    one = compare_amounts(np.r_[np.zeros(500), 30.0], np.zeros(100))
    assert one.difference == pytest.approx(30 / 501)
    assert "too few to rely on" in one.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"treated": [1, None]}, "treated: is null or infinite for 1 of 2 people, the first at"),
        ({"control": [1, math.inf]}, "control: is null or infinite"),
        ({"treated": ["a"]}, "treated: holds other values than numbers"),
        ({"treated": [[1.0]]}, "treated: 'an array of 2 dimensions' is not accepted"),
        ({"covariate_treated": [1, 2]}, "covariate_control: None is not accepted"),
        ({"covariate_control": [1, 2]}, "covariate_treated: None is not accepted"),
        ({"covariate_treated": [1], "covariate_control": [1, 2]}, "has 1 values for 2 people"),
        ({"alpha": 0}, "alpha: 0 is not accepted"),
        ({"random_state": -1}, "random_state: -1 is not accepted"),
    ],
)
def test_bad_amounts_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    given_: dict[str, Any] = {"treated": [1, 2], "control": [1, 2], **arguments}
    with pytest.raises(ArgumentError, match=message):
        compare_amounts(given_.pop("treated"), given_.pop("control"), **given_)
