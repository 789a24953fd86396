"""What is checked before a figure is believed: the sizes of the arms, and how alike they were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chisquare, mannwhitneyu

from ml.data.arguments import refuse
from ml.experiments.arguments import to_amounts, to_count, to_share

# Both alarms ring in one sound experiment of a thousand.
MAX_P_VALUE = 0.001
# If an arm expects fewer people, the p-value is simulated instead of looked up.
MIN_EXPECTED = 50.0
N_SIMULATED = 100_000


@dataclass(frozen=True)
class SampleRatio:
    """Whether people came into arms in the planned shares.

    Parameters
    ----------
    p_value
        Chance of a split at least as far from the plan if assignment works; NaN without people.
    is_broken
        Whether it is below 0.001. Then nothing else that is said of the arms can be believed.
    reason
        Why nothing can be said, in words; usually empty.
    """

    p_value: float
    is_broken: bool
    reason: str


def sample_ratio(
    observed: Sequence[Any] | np.ndarray, expected_shares: Sequence[Any] | np.ndarray
) -> SampleRatio:
    """Check the sizes of arms against the shares that people were assigned by.

    Parameters
    ----------
    observed
        People in each arm.
    expected_shares
        Share of people who should be in each arm; their sum is 1.

    Returns
    -------
    SampleRatio

    Raises
    ------
    ml.errors.ArgumentError
        Fewer than two arms, another number of shares than of arms, a count that is negative, null
        or not whole, shares that are not between 0 and 1 or do not sum to 1.

    Notes
    -----
    Pearson's chi-square by SciPy. If an arm expects fewer than 50 people, the p-value is the share
    of 100,000 simulated splits at least as far from the plan, always the same ones. Fabijan and
    others, "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019.

    Examples
    --------
    >>> sample_ratio([9_000, 1_000], [0.9, 0.1]).is_broken
    False
    >>> sample_ratio([9_150, 850], [0.9, 0.1]).is_broken
    True
    """
    counts = np.array([to_count(n, f"observed[{at}]") for at, n in enumerate(observed)])
    shares = np.array(
        [to_share(s, f"expected_shares[{at}]") for at, s in enumerate(expected_shares)]
    )
    if len(counts) < 2:
        refuse("observed", list(counts), "the people of two arms or more")
    if len(shares) != len(counts):
        refuse(
            "expected_shares",
            shares.tolist(),
            f"one share per arm, of which there are {len(counts)}",
        )
    if not math.isclose(shares.sum(), 1, abs_tol=1e-6):
        refuse("expected_shares", shares.tolist(), f"shares whose sum is 1, not {shares.sum():g}")
    total = int(counts.sum())
    if not total:
        return SampleRatio(math.nan, False, "no arm has anybody: nothing can be said yet")
    shares /= shares.sum()
    expected = total * shares
    if expected.min() >= MIN_EXPECTED:
        p_value = float(chisquare(counts, expected).pvalue)
    else:
        splits = np.random.default_rng(0).multinomial(total, shares, size=N_SIMULATED)
        distance = ((splits - expected) ** 2 / expected).sum(axis=1)
        own = ((counts - expected) ** 2 / expected).sum()
        p_value = float((1 + (distance >= own * (1 - 1e-9)).sum()) / (1 + N_SIMULATED))
    return SampleRatio(p_value, p_value < MAX_P_VALUE, "")


@dataclass(frozen=True)
class Imbalance:
    """Whether arms were alike before the campaign.

    Parameters
    ----------
    difference
        Standardised difference: of the means, over the root of the mean of both variances. From
        0.1 on it is usually called large. NaN if it cannot be said.
    p_value
        Chance of arms at least as unlike if assignment is random; NaN if it cannot be said.
    is_imbalanced
        Whether it is below 0.001: assignment was not random. A large difference that chance
        explains is corrected by comparing with the covariate (`compare_amounts`).
    reason
        Why nothing can be said, in words; usually empty.
    """

    difference: float
    p_value: float
    is_imbalanced: bool
    reason: str


def imbalance(treated: Any, control: Any) -> Imbalance:  # noqa: ANN401 - looked at here
    """Compare what was known of both arms before assignment, such as their score.

    Parameters
    ----------
    treated, control
        A number per person of each arm, from before assignment.

    Returns
    -------
    Imbalance

    Raises
    ------
    ml.errors.ArgumentError
        A value is null, infinite or no number.

    Notes
    -----
    Standardised difference: Austin, "Balance diagnostics for comparing the distribution of baseline
    covariates", Statistics in Medicine 28 (2009). p-value: Mann and Whitney's test by SciPy, which
    a few large values do not decide.

    Examples
    --------
    >>> round(imbalance([1, 2, 3, 4], [1, 2, 3, 5]).difference, 3)
    -0.165
    """
    x1, x0 = to_amounts(treated, "treated"), to_amounts(control, "control")
    if min(len(x1), len(x0)) < 2:
        reason = f"treated has {len(x1)} and control {len(x0)} people: each needs 2"
        return Imbalance(math.nan, math.nan, False, reason)
    gap = float(x1.mean() - x0.mean())
    spread = math.sqrt((x1.var(ddof=1) + x0.var(ddof=1)) / 2)
    if not spread:
        if gap:
            return Imbalance(math.nan, 0.0, True, "each arm has one value, and they differ")
        return Imbalance(0.0, 1.0, False, "")
    p_value = float(mannwhitneyu(x1, x0).pvalue)
    return Imbalance(gap / spread, p_value, p_value < MAX_P_VALUE, "")
