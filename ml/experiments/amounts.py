"""Amounts of two arms, such as revenue per person: skewed, mostly 0, decided by a few."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.data.arguments import check_settings, refuse
from ml.errors import ArgumentError
from ml.experiments.arguments import to_amounts, to_share

N_DRAWS = 2_000
# Of an arm with more people, so many buckets of people are drawn instead. The spread and skewness
# of its mean stay the same.
MAX_BUCKETS = 2_000
# With fewer people whose amount is not the most frequent one (usually 0), an interval is shown,
# but called unreliable.
MIN_UNUSUAL = 10
# What needs two people in each arm.
_FIGURES = ("difference", "low", "high", "p_value", "variance_reduction")


@dataclass(frozen=True)
class AmountComparison:
    """Two arms compared by a mean amount per person.

    Parameters
    ----------
    mean_treated, mean_control
        Mean amount of each arm's people, in the unit of the amounts; NaN if it has nobody.
    difference, low, high
        Treated minus control per person, and its interval. With a covariate, adjusted by it.
    p_value
        The least alpha whose interval leaves 0 out.
    variance_reduction
        Share of the difference's variance that the covariate removed, 0 to 1. NaN without one.
    alpha
        1 minus the confidence of the interval.
    reason
        What cannot be said or relied on, and why; empty if nothing.
    """

    mean_treated: float
    mean_control: float
    difference: float
    low: float
    high: float
    p_value: float
    variance_reduction: float
    alpha: float
    reason: str


def compare_amounts(
    treated: Any,  # noqa: ANN401 - looked at here, as all of these
    control: Any,  # noqa: ANN401
    *,
    covariate_treated: Any = None,  # noqa: ANN401
    covariate_control: Any = None,  # noqa: ANN401
    alpha: float = 0.05,
    random_state: int = 0,
) -> AmountComparison:
    """Compare the mean amount per person of two arms.

    Parameters
    ----------
    treated, control
        Amount of each person assigned to the arm, 0 for who brought nothing; may be negative, as
        after a refund. The order does not matter.
    covariate_treated, covariate_control
        What was known of the same people, in the same order, before assignment: the score, or the
        amount of a period before. Both or none.
    alpha
        1 minus the confidence of the interval.
    random_state
        Seed of the draws.

    Returns
    -------
    AmountComparison
        If an arm has fewer than two people, figures that need them are NaN and `reason` says so.

    Raises
    ------
    ml.errors.ArgumentError
        An amount or a covariate is null, infinite or no number; one covariate without the other, or
        of another length than its arm; alpha is not between 0 and 1.

    Notes
    -----
    - Each arm has a bootstrap-t interval: its people are drawn anew 2,000 times, and the quantiles
      of the drawn means' distances from the mean, in their own standard errors, take the place of
      the normal distribution's. It is as skewed as the amounts are: Efron and Tibshirani, "An
      introduction to the bootstrap" (1993), section 12.5.
    - The interval of the difference adds the distances from both means to the ends of their
      intervals in squares, as Newcombe's does for conversions: Zou and Donner, "Construction of
      confidence limits about effect measures: a general approach", Statistics in Medicine 27
      (2008). If one arm is small, that covers better than a bootstrap-t of the difference.
    - The covariate is used as in CUPED: theta * (difference of its means) is taken off, where theta
      is the value that removes most of the difference's variance, whatever the sizes of the arms:
      Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by
      utilizing pre-experiment data", WSDM 2013. `variance_reduction` is what it removed here.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> paid = (rng.random(4_000) < 0.1) * rng.lognormal(3, 1, 4_000)
    >>> found = compare_amounts(paid[:2_000] * 1.2, paid[2_000:])
    >>> found.low < found.difference < found.high
    True
    """
    alpha = to_share(alpha, "alpha")
    check_settings(n_trials=1, random_state=random_state)
    arms = [
        _arm(treated, covariate_treated, "treated"),
        _arm(control, covariate_control, "control"),
    ]
    if (covariate_treated is None) != (covariate_control is None):
        absent = "covariate_treated" if covariate_treated is None else "covariate_control"
        refuse(absent, None, "the covariate of this arm too, if that of the other is given")
    mean1, mean0 = (float(y.mean()) if len(y) else math.nan for y, _ in arms)
    sizes = [len(y) for y, _ in arms]
    if min(sizes) < 2:
        reason = f"treated has {sizes[0]} and control {sizes[1]} people: each needs 2"
        nothing = dict.fromkeys(_FIGURES, math.nan)
        return AmountComparison(mean1, mean0, **nothing, alpha=alpha, reason=reason)
    theta, reduction = _adjustment(arms)
    rng = np.random.default_rng(random_state)
    treated_mean, control_mean = (_Mean.of(y - theta * x, rng) for y, x in arms)
    low, high = _difference(treated_mean, control_mean, alpha)
    few = min(len(y) - int(np.unique(y, return_counts=True)[1].max()) for y, _ in arms)
    reason = ""
    if few < MIN_UNUSUAL:
        reason = (
            f"an arm has only {few} people whose amount is not its most frequent one: too few to "
            "rely on the interval"
        )
    if not math.isfinite(low + high):
        low = high = math.nan
    return AmountComparison(
        mean_treated=mean1,
        mean_control=mean0,
        difference=treated_mean.value - control_mean.value,
        low=low,
        high=high,
        p_value=_p_value(treated_mean, control_mean) if math.isfinite(low) else math.nan,
        variance_reduction=math.nan if covariate_treated is None else reduction,
        alpha=alpha,
        reason=reason,
    )


def _arm(amounts: Any, covariate: Any, name: str) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
    """Amount and covariate (0 if there is none) of each person, both of shape (n,)."""
    y = to_amounts(amounts, name)
    x = np.zeros(len(y)) if covariate is None else to_amounts(covariate, f"covariate_{name}")
    if len(x) != len(y):
        msg = (
            f"covariate_{name}: has {len(x)} values for {len(y)} people; it takes one per person, "
            "in the same order."
        )
        raise ArgumentError(msg)
    return y, x


def _adjustment(arms: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Find theta, and the share of the difference's variance that it removes."""
    yy = xy = xx = 0.0
    for y, x in arms:
        of_means = np.cov(y, x) / len(y)
        yy, xy, xx = yy + of_means[0, 0], xy + of_means[0, 1], xx + of_means[1, 1]
    if not xx or not yy:
        return 0.0, 0.0
    return float(xy / xx), float(xy * xy / (xx * yy))


@dataclass(frozen=True)
class _Mean:
    """A mean, its standard error, and its drawn distances in theirs, shape (N_DRAWS,)."""

    value: float
    error: float
    t: np.ndarray

    @classmethod
    def of(cls, amounts: np.ndarray, rng: np.random.Generator) -> _Mean:
        """Draw an arm's people, or buckets of them, anew."""
        n, value = len(amounts), float(amounts.mean())
        # Sorted, then shuffled: the order that people come in does not matter.
        rows = rng.permutation(np.sort(amounts)) - value
        n_drawn = min(n, MAX_BUCKETS)
        starts = np.linspace(0, n, n_drawn, endpoint=False).astype(np.int64)
        at = rng.integers(n_drawn, size=(N_DRAWS, n_drawn))
        size, total, squares = (
            np.add.reduceat(column, starts)[at].sum(axis=1)
            for column in (np.ones(n), rows, rows * rows)
        )
        shift = total / size
        spread = np.maximum(squares / size - shift * shift, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(shift == 0, 0.0, shift / np.sqrt(spread / (size - 1)))
        return cls(value, float(amounts.std(ddof=1)) / math.sqrt(n), t)

    def ends(self, alpha: float) -> tuple[float, float]:
        """Distances from the mean to both ends of its interval."""
        if not self.error:
            return 0.0, 0.0
        least = np.quantile(self.t, alpha / 2, method="lower")
        most = np.quantile(self.t, 1 - alpha / 2, method="higher")
        return max(float(most), 0.0) * self.error, max(-float(least), 0.0) * self.error


def _difference(treated: _Mean, control: _Mean, alpha: float) -> tuple[float, float]:
    """Interval of the difference; NaN if no amount varies."""
    if not treated.error and not control.error:
        return math.nan, math.nan
    below1, above1 = treated.ends(alpha)
    below0, above0 = control.ends(alpha)
    gap = treated.value - control.value
    return gap - math.hypot(below1, above0), gap + math.hypot(above1, below0)


def _p_value(treated: _Mean, control: _Mean) -> float:
    """Find the least alpha whose interval leaves 0 out, to the fineness of the draws."""
    low, high = 1 / N_DRAWS, 1.0
    while high - low > 1 / N_DRAWS:
        alpha = (low + high) / 2
        ends = _difference(treated, control, alpha)
        low, high = (alpha, high) if ends[0] <= 0 <= ends[1] else (low, alpha)
    return high
