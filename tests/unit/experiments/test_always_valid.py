from __future__ import annotations

import math

import numpy as np
import pytest

from ml.experiments.always_valid import TUNED_FOR, always_valid, widening


def test_it_is_the_published_formula() -> None:
    # Waudby-Smith and others (2024): standard deviation times this, at time t with their rho.
    t, alpha = 1_200.0, 0.05
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TUNED_FOR)
    half_width = math.sqrt(
        2 * (t * rho**2 + 1) / (t**2 * rho**2) * math.log(math.sqrt(t * rho**2 + 1) / alpha)
    )
    assert widening(t, alpha) / math.sqrt(t) == pytest.approx(half_width)


def test_it_is_tightest_where_it_is_tuned_for() -> None:
    n = np.geomspace(10, 10_000_000, 60)
    errors = widening(n, 0.05)
    assert n[np.argmin(errors)] == pytest.approx(TUNED_FOR, rel=0.5)
    assert (widening(n, 0.01) > errors).all()


@pytest.mark.parametrize(
    ("base", "uplift", "held_out"), [(0.03, 0.006, 0.1), (0.005, 0.0, 0.02), (0.5, 0.1, 0.05)]
)
def test_it_covers_at_every_look(base: float, uplift: float, held_out: float) -> None:
    rng = np.random.default_rng(1)
    seen = np.unique(np.geomspace(2, 200_000, 300).astype(int))
    new = np.diff(seen, prepend=0)
    held = rng.binomial(new, held_out, (800, len(seen)))
    n0, n1 = np.cumsum(held, axis=1), np.cumsum(new - held, axis=1)
    k0 = np.cumsum(rng.binomial(held, base), axis=1)
    k1 = np.cumsum(rng.binomial(new - held, base + uplift), axis=1)
    low, high = always_valid(n1, k1, n0, k0, 0.05)
    assert ((low <= uplift) & (uplift <= high)).all(axis=1).mean() >= 0.95
    # It says something, too.
    assert np.median((high - low)[:, -1]) < 0.05
