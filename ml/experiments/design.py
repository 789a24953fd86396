"""How many people an experiment needs, and what uplift so many people can show."""

from __future__ import annotations

import math
from typing import Any

from scipy.optimize import brentq
from scipy.stats import norm

from ml.data.arguments import refuse
from ml.experiments.arguments import to_count, to_share


def people_needed(
    base_rate: Any,  # noqa: ANN401 - looked at here, as all of these
    uplift: Any,  # noqa: ANN401
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    control_share: float = 0.5,
) -> int:
    """Say how many people the control arm needs to show an uplift.

    Parameters
    ----------
    base_rate
        Share of people who convert without the campaign, between 0 and 1.
    uplift
        Difference of the rates that should be shown, as `compare` has it: 0.01 is one percentage
        point. Negative for a campaign that keeps people from converting.
    power
        Chance that an experiment of this size shows it.
    alpha
        Level of the two-sided test.
    control_share
        Share of people held out. At 0.5 both arms need as many people as are returned; else the
        treated arm has (1 - control_share) / control_share times as many.

    Returns
    -------
    int

    Raises
    ------
    ml.errors.ArgumentError
        A share is not between 0 and 1, or the uplift is 0 or leads to a rate beyond 0 or 1.

    Notes
    -----
    Normal approximation of the two-sided test with pooled variance: Fleiss, Levin and Paik,
    "Statistical methods for rates and proportions" (2003), chapter 4, without correction. It is
    what R's `power.prop.test` and statsmodels' `samplesize_proportions_2indep_onetail` compute.

    Examples
    --------
    >>> people_needed(0.5, 0.25, power=0.9)
    77
    >>> people_needed(0.04, 0.01, control_share=0.1)
    3868
    """
    p0 = to_share(base_rate, "base_rate")
    power, alpha = to_share(power, "power"), to_share(alpha, "alpha")
    held_out = to_share(control_share, "control_share")
    is_number = isinstance(uplift, int | float) and not isinstance(uplift, bool)
    if not is_number or not uplift or not 0 <= p0 + uplift <= 1:
        refuse("uplift", uplift, f"a difference of rates other than 0, from {-p0:g} to {1 - p0:g}")
    under_null, real = _errors(p0, p0 + uplift, (1 - held_out) / held_out)
    reach = norm.ppf(1 - alpha / 2) * under_null + norm.ppf(power) * real
    return max(2, math.ceil((reach / uplift) ** 2))


def minimal_detectable_effect(
    base_rate: Any,  # noqa: ANN401 - looked at here, as all of these
    n_treated: Any,  # noqa: ANN401
    n_control: Any,  # noqa: ANN401
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Say which uplift arms of this size can show.

    Parameters
    ----------
    base_rate
        Share of people who convert without the campaign, from 0 to 1.
    n_treated, n_control
        People of each arm.
    power, alpha
        As in `people_needed`, of which this is the inverse.

    Returns
    -------
    float
        The smallest positive difference of the rates, 0.01 for one percentage point. NaN if an arm
        has nobody, or if not even an uplift to a rate of 1 would be shown.

    Raises
    ------
    ml.errors.ArgumentError
        A share is not from 0 to 1, or a count is negative, null or not whole.

    Examples
    --------
    >>> round(minimal_detectable_effect(0.04, 20_000, 2_000), 4)
    0.0142
    """
    p0 = to_share(base_rate, "base_rate", ends=True)
    n1, n0 = to_count(n_treated, "n_treated"), to_count(n_control, "n_control")
    power, alpha = to_share(power, "power"), to_share(alpha, "alpha")
    if not n1 or not n0 or p0 == 1:
        return math.nan

    def missing(uplift: float) -> float:
        under_null, real = _errors(p0, p0 + uplift, n1 / n0)
        reach = norm.ppf(1 - alpha / 2) * under_null + norm.ppf(power) * real
        return float(uplift - reach / math.sqrt(n0))

    most = 1 - p0
    if missing(most) <= 0:
        return math.nan
    found: Any = brentq(missing, 1e-12 * most, most)
    return float(found)


def _errors(p0: float, p1: float, ratio: float) -> tuple[float, float]:
    """Return two standard errors of the difference, each times the root of the control arm's size.

    The first if the arms do not differ, the second if they do; `ratio` is treated over control.
    """
    pooled = (p0 + ratio * p1) / (1 + ratio)
    return (
        math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio)),
        math.sqrt(p0 * (1 - p0) + p1 * (1 - p1) / ratio),
    )
