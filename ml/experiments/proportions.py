"""Conversions of two arms: the difference, the ratio, and how sure one may be of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, chi2_contingency, fisher_exact
from scipy.stats.contingency import relative_risk

from ml.experiments.always_valid import MIN_OF_EACH, always_valid
from ml.experiments.arguments import to_arm, to_share

# The chi-square distribution is close enough if each of the four cells expects so many people.
MIN_EXPECTED = 5.0
# What needs both arms.
_FIGURES = (
    "difference",
    "low",
    "high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "p_value",
    "always_low",
    "always_high",
)


@dataclass(frozen=True)
class Comparison:
    """Two arms compared by the share of people who converted.

    Parameters
    ----------
    rate_treated, rate_control
        Share of each arm's people who converted; NaN if it has nobody.
    difference, low, high
        Treated minus control, in conversions per person (0.01 is one percentage point), and its
        interval by Newcombe's method.
    ratio, ratio_low, ratio_high
        Treated over control, and its interval on the log scale. The relative uplift is the ratio
        minus 1. NaN if it cannot be said.
    p_value
        Chance of a difference at least as large if the arms do not differ.
    always_low, always_high
        Interval of the difference that holds at all looks together.
    alpha
        1 minus the confidence of all intervals.
    reason
        What could not be said and why, in words; empty if nothing is missing.
    """

    rate_treated: float
    rate_control: float
    difference: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    always_low: float
    always_high: float
    alpha: float
    reason: str


def compare(
    n_treated: Any,  # noqa: ANN401 - looked at here, as all of these
    converted_treated: Any,  # noqa: ANN401
    n_control: Any,  # noqa: ANN401
    converted_control: Any,  # noqa: ANN401
    *,
    alpha: float = 0.05,
) -> Comparison:
    """Compare the share of people who converted in two arms.

    Parameters
    ----------
    n_treated, n_control
        People assigned to each arm, whatever reached them. Each person counts once.
    converted_treated, converted_control
        Those of them who converted.
    alpha
        1 minus the confidence of the intervals.

    Returns
    -------
    Comparison
        If an arm has nobody, figures that need it are NaN and `reason` says so; that is no error,
        because an audience whose outcomes are still to come is a row of the report too.

    Raises
    ------
    ml.errors.ArgumentError
        A count is negative, no whole number or null; more people converted than there are; alpha
        is not between 0 and 1.

    Notes
    -----
    - `low`, `high`: method 10 of Newcombe, "Interval estimation for the difference between
      independent proportions", Statistics in Medicine 17 (1998): the distances from each rate to
      the ends of its Wilson interval (SciPy's), added in squares. It lies within -1 and 1, and is
      no point if nobody or everybody converted.
    - `ratio_low`, `ratio_high`: Katz and others, "Obtaining confidence intervals for the risk ratio
      in cohort studies", Biometrics 34 (1978), by SciPy. Not defined if an arm has no conversion;
      if everybody converted in both, it would be a point, and is NaN too.
    - `p_value`: Pearson's chi-square without correction; Fisher's exact test if a cell expects
      fewer than 5. Being another method than the interval's, it may disagree with it near alpha.
    - `always_low`, `always_high`: see `ml.experiments.always_valid`.

    Examples
    --------
    >>> found = compare(70, 56, 80, 48)
    >>> round(found.difference, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    >>> compare(100, 3, 0, 0).reason
    'control has nobody: nothing can be said yet'
    """
    n1, k1 = to_arm(n_treated, converted_treated, "treated")
    n0, k0 = to_arm(n_control, converted_control, "control")
    alpha = to_share(alpha, "alpha")
    p1, p0 = (k / n if n else math.nan for k, n in ((k1, n1), (k0, n0)))
    if not n1 or not n0:
        nobody = "both arms have" if n1 == n0 else f"{'control' if n1 else 'treated'} has"
        reason = f"{nobody} nobody: nothing can be said yet"
        return Comparison(p1, p0, **dict.fromkeys(_FIGURES, math.nan), alpha=alpha, reason=reason)
    low, high = _newcombe(n1, k1, n0, k0, alpha)
    ratio, ratio_low, ratio_high, why = _ratio(n1, k1, n0, k0, alpha)
    always_low, always_high = always_valid(n1, k1, n0, k0, alpha)
    reasons = [why] if why else []
    if min(k1, n1 - k1, k0, n0 - k0) < MIN_OF_EACH:
        reasons.append(
            f"an arm has fewer than {MIN_OF_EACH} people who converted, or who did not: the "
            "always-valid interval says nothing yet"
        )
    return Comparison(
        rate_treated=p1,
        rate_control=p0,
        difference=p1 - p0,
        low=low,
        high=high,
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        p_value=_p_value(n1, k1, n0, k0),
        always_low=float(always_low),
        always_high=float(always_high),
        alpha=alpha,
        reason="; ".join(reasons),
    )


def _newcombe(n1: int, k1: int, n0: int, k0: int, alpha: float) -> tuple[float, float]:
    treated, control = (
        binomtest(k, n).proportion_ci(1 - alpha, method="wilson") for k, n in ((k1, n1), (k0, n0))
    )
    p1, p0 = k1 / n1, k0 / n0
    low = p1 - p0 - math.hypot(p1 - treated.low, control.high - p0)
    high = p1 - p0 + math.hypot(treated.high - p1, p0 - control.low)
    return max(low, -1.0), min(high, 1.0)


def _ratio(n1: int, k1: int, n0: int, k0: int, alpha: float) -> tuple[float, float, float, str]:
    """Ratio, low, high, and what is missing."""
    if not k0:
        return math.nan, math.nan, math.nan, "nobody in control converted: there is no ratio"
    ratio = (k1 / n1) / (k0 / n0)
    if not k1:
        return ratio, math.nan, math.nan, "nobody in treated converted: the ratio has no interval"
    if k1 == n1 and k0 == n0:
        return ratio, math.nan, math.nan, "everybody converted: the ratio has no interval"
    ends = relative_risk(k1, n1, k0, n0).confidence_interval(1 - alpha)
    return ratio, float(ends.low), float(ends.high), ""


def _p_value(n1: int, k1: int, n0: int, k0: int) -> float:
    table = np.array([[k1, n1 - k1], [k0, n0 - k0]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    found: Any  # SciPy's types leave the p-value out
    if expected.min() >= MIN_EXPECTED:
        found = chi2_contingency(table, correction=False)
    else:
        found = fisher_exact(table)
    return float(found.pvalue)
