from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    samplesize_proportions_2indep_onetail,
)

from ml.errors import ArgumentError
from ml.experiments import compare, minimal_detectable_effect, people_needed


def test_it_is_what_r_says() -> None:
    # power.prop.test(p1 = .50, p2 = .75, power = .90) is 76.7 on R's help page.
    assert people_needed(0.5, 0.25, power=0.9) == 77
    # power.prop.test(p1 = .15, p2 = .30, power = .85, sig.level = 0.05)
    assert people_needed(0.15, 0.15, power=0.85) == 138


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 0.6), st.floats(0.001, 0.3), st.floats(0.55, 0.99))
def test_statsmodels_says_the_same(base: float, uplift: float, power: float) -> None:
    theirs = samplesize_proportions_2indep_onetail(
        diff=uplift, prop2=base, power=power, alternative="two-sided"
    )
    assert people_needed(base, uplift, power=power) == pytest.approx(max(2, theirs), abs=1.001)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.005, 0.6), st.floats(0.01, 0.3), st.floats(0.02, 0.98))
def test_with_so_many_people_the_power_is_reached(base: float, uplift: float, held: float) -> None:
    n = people_needed(base, uplift, control_share=held)
    assume(n > 5)
    ratio = (1 - held) / held

    found: Any = power_proportions_2indep(
        uplift,
        base,
        n * ratio,
        ratio=1 / ratio,  # pyright: ignore[reportArgumentType] - says int, takes any number
        return_results=False,
    )
    assert found > 0.8 - 0.01
    assert minimal_detectable_effect(base, round(n * ratio), n) == pytest.approx(uplift, rel=0.2)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 0.9), st.integers(50, 100_000), st.integers(50, 100_000))
def test_more_people_show_smaller_effects(base: float, n1: int, n0: int) -> None:
    some, more = (minimal_detectable_effect(base, k * n1, k * n0) for k in (1, 4))
    assert more < some or math.isnan(some)


def test_the_effect_is_found_as_often_as_said() -> None:
    n1, n0, base = 9_000, 1_000, 0.05
    uplift = minimal_detectable_effect(base, n1, n0)
    rng = np.random.default_rng(0)
    found = [
        compare(n1, rng.binomial(n1, base + uplift), n0, rng.binomial(n0, base)).p_value < 0.05
        for _ in range(250)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)


def test_what_cannot_be_shown_is_nan() -> None:
    assert math.isnan(minimal_detectable_effect(0.1, 0, 100))
    assert math.isnan(minimal_detectable_effect(1, 100, 100))
    assert math.isnan(minimal_detectable_effect(0.9, 3, 3))
    assert minimal_detectable_effect(0, 1_000, 1_000) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, 0), "uplift: 0 is not accepted; it takes a difference of rates other than 0"),
        ((0.5, 0.6), "from -0.5 to 0.5"),
        ((0.1, -0.2), "uplift: -0.2"),
        ((0.1, math.nan), "uplift: nan"),
        ((0, 0.1), "base_rate: 0 is not accepted"),
        ((1.2, 0.1), "base_rate: 1.2"),
        ((math.nan, 0.1), "base_rate: nan"),
    ],
)
def test_bad_plans_are_refused_by_name(arguments: tuple[Any, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        people_needed(*arguments)


@pytest.mark.parametrize("name", ["power", "alpha", "control_share"])
def test_bad_shares_are_refused_by_name(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name}: 1 is not accepted"):
        people_needed(0.1, 0.1, **{name: 1})  # pyright: ignore[reportArgumentType]


def test_a_campaign_may_keep_people_from_converting() -> None:
    assert people_needed(0.3, -0.1) == people_needed(0.7, 0.1)
