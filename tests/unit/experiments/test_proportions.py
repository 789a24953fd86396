from __future__ import annotations

import math
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

import ml
from ml.errors import ArgumentError
from ml.experiments import compare

# Table II of Newcombe (1998), method 10: converted and people of each arm, and both ends.
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]


@st.composite
def arms(draw: st.DrawFn, least: int = 1, most: int = 50_000) -> tuple[int, int, int, int]:
    n1, n0 = draw(st.integers(least, most)), draw(st.integers(least, most))
    return n1, draw(st.integers(0, n1)), n0, draw(st.integers(0, n0))


@pytest.mark.parametrize(("counts", "ends"), NEWCOMBE)
def test_the_interval_is_that_of_the_published_examples(
    counts: tuple[int, int, int, int], ends: tuple[float, float]
) -> None:
    k1, n1, k0, n0 = counts
    found = compare(n1, k1, n0, k0)
    assert (round(found.low, 4), round(found.high, 4)) == ends


@settings(max_examples=30, deadline=None)
@given(arms())
def test_statsmodels_says_the_same(counts: tuple[int, int, int, int]) -> None:
    n1, k1, n0, k0 = counts
    found = compare(n1, k1, n0, k0, alpha=0.1)
    theirs = confint_proportions_2indep(k1, n1, k0, n0, method="newcomb", alpha=0.1)
    assert (found.low, found.high) == pytest.approx(np.clip(theirs, -1, 1), abs=1e-9)
    if 0 < k1 < n1 and 0 < k0 < n0:
        ratio = confint_proportions_2indep(k1, n1, k0, n0, method="log", compare="ratio", alpha=0.1)
        assert (found.ratio_low, found.ratio_high) == pytest.approx(ratio, rel=1e-9)


def test_p_values_are_those_of_others() -> None:
    assert compare(2_000, 120, 1_000, 40).p_value == pytest.approx(
        proportions_ztest([120, 40], [2_000, 1_000])[1], rel=1e-12
    )
    # Fisher's lady tasting tea, as in R: fisher.test(matrix(c(3, 1, 1, 3), 2))
    assert compare(4, 3, 4, 1).p_value == pytest.approx(0.4857, abs=5e-5)
    assert compare(10, 0, 20, 0).p_value == 1
    assert compare(10, 10, 20, 20).p_value == 1


def test_the_ratio_is_that_of_scipys_documentation() -> None:
    found = compare(75, 10, 225, 12)
    assert found.ratio == pytest.approx(2.5)
    assert (found.ratio_low, found.ratio_high) == pytest.approx((1.1261564, 5.5498505))


@settings(max_examples=30, deadline=None)
@given(arms())
def test_every_interval_holds_its_estimate(counts: tuple[int, int, int, int]) -> None:
    found = compare(*counts)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.low < found.high
    assert 0 <= found.p_value <= 1
    # Looking every day has its price: it is never the narrower one.
    assert -1 <= found.always_low < max(found.low, -1 + 1e-12)
    assert 1 >= found.always_high > min(found.high, 1 - 1e-12)
    if not math.isnan(found.ratio_low):
        assert 0 < found.ratio_low < found.ratio < found.ratio_high < math.inf


@settings(max_examples=30, deadline=None)
@given(arms())
def test_swapped_arms_change_the_sign(counts: tuple[int, int, int, int]) -> None:
    n1, k1, n0, k0 = counts
    one, other = compare(n1, k1, n0, k0), compare(n0, k0, n1, k1)
    assert (one.difference, one.low, one.high) == pytest.approx(
        (-other.difference, -other.high, -other.low), abs=1e-12
    )
    assert (one.always_low, one.always_high) == pytest.approx(
        (-other.always_high, -other.always_low), abs=1e-12
    )
    assert one.p_value == pytest.approx(other.p_value)
    if not math.isnan(one.ratio_low):
        assert one.ratio_low == pytest.approx(1 / other.ratio_high)


@settings(max_examples=30, deadline=None)
@given(arms(), st.floats(0.001, 0.4))
def test_more_confidence_is_a_wider_interval(
    counts: tuple[int, int, int, int], alpha: float
) -> None:
    sure, unsure = compare(*counts, alpha=alpha), compare(*counts, alpha=2 * alpha)
    assert sure.low <= unsure.low
    assert sure.high >= unsure.high
    assert sure.always_low <= unsure.always_low
    assert sure.always_high >= unsure.always_high
    assert sure.p_value == unsure.p_value


@settings(max_examples=30, deadline=None)
@given(arms(least=20, most=2_000), st.integers(2, 50))
def test_more_people_are_a_narrower_interval(counts: tuple[int, int, int, int], times: int) -> None:
    few, many = compare(*counts), compare(*(times * n for n in counts))
    assert many.difference == pytest.approx(few.difference)
    assert many.high - many.low < few.high - few.low
    assert many.always_high - many.always_low <= few.always_high - few.always_low


def test_without_people_nothing_is_said_and_why() -> None:
    for counts, who in (
        ((0, 0, 0, 0), "both arms have"),
        ((0, 0, 5, 1), "treated has"),
        ((5, 1, 0, 0), "control has"),
    ):
        found = compare(*counts)
        assert found.reason == f"{who} nobody: nothing can be said yet"
        figures = {name: value for name, value in asdict(found).items() if name != "reason"}
        said = {name for name, value in figures.items() if not math.isnan(value)}
        assert said <= {"alpha", "rate_treated", "rate_control"}
    assert compare(5, 1, 0, 0).rate_treated == 0.2


def test_without_conversions_there_is_a_difference_but_no_ratio() -> None:
    found = compare(1_000, 0, 1_000, 0)
    assert (found.difference, found.p_value) == (0, 1)
    assert 0 < found.high == -found.low < 0.005
    assert math.isnan(found.ratio)
    assert found.reason.startswith("nobody in control converted: there is no ratio; an arm has")
    found = compare(1_000, 0, 1_000, 50)
    assert found.ratio == 0
    assert math.isnan(found.ratio_high)
    assert found.high < 0
    found = compare(30, 30, 20, 20)
    assert (found.difference, found.ratio) == (0, 1)
    assert math.isnan(found.ratio_low)
    assert found.low < 0 < found.high


def test_one_person_per_arm_says_hardly_anything() -> None:
    found = compare(1, 1, 1, 0)
    assert found.difference == 1
    assert found.low < 0
    assert (found.always_low, found.always_high, found.p_value) == (-1, 1, 1)


def test_the_always_valid_interval_says_nothing_before_ten_of_each() -> None:
    assert compare(10_000, 300, 1_000, 9).always_high == 1
    found = compare(10_000, 300, 1_000, 10)
    assert -0.1 < found.always_low < 0.02 < found.always_high < 0.1
    assert found.reason == ""


def test_counts_of_any_exact_type_are_read() -> None:
    usual = compare(70, 56, 80, 48)
    kinds: list[Any] = [np.int64, np.float32, float, Decimal]
    for kind in kinds:
        assert compare(*(kind(n) for n in (70, 56, 80, 48))) == usual


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((-1, 0, 10, 1), "n_treated: -1 is not accepted; it takes a whole number, 0 or more"),
        ((10, 11, 10, 1), "converted_treated: 11 is not accepted; it takes at most n_treated"),
        ((10, 1, 10.5, 1), "n_control: 10.5 is not accepted"),
        ((10, 1, 10, math.nan), "converted_control: nan is not accepted"),
        ((10, 1, 10, math.inf), "converted_control: inf is not accepted"),
        ((10, None, 10, 1), "converted_treated: None is not accepted"),
        ((10, "1", 10, 1), "converted_treated: '1' is not accepted"),
        ((True, 1, 10, 1), "n_treated: True is not accepted"),
        ((10, 1, Fraction(21, 2), 1), "n_control: Fraction"),
    ],
)
def test_bad_counts_are_refused_by_name(counts: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        compare(*counts)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 5, math.nan, "0.05", None])
def test_bad_confidence_is_refused(alpha: Any) -> None:
    with pytest.raises(ArgumentError, match="alpha"):
        compare(10, 1, 10, 1, alpha=alpha)


def test_it_is_reached_from_the_package() -> None:
    assert ml.experiments.compare is compare  # pyright: ignore[reportAttributeAccessIssue]


@settings(max_examples=30, deadline=None)
@given(arms(least=200, most=1_000_000))
def test_large_counts_stay_finite(counts: tuple[int, int, int, int]) -> None:
    n1, k1, n0, k0 = counts
    assume(k0 and k1)
    found = compare(n1 * 1_000, k1, n0 * 1_000, k0)
    assert all(map(math.isfinite, (found.low, found.high, found.p_value, found.always_low)))
