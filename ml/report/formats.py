"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
TIMES, BY = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"


def percent(value: float) -> str:
    """Write a share with as many digits as it has meaning.

    Examples
    --------
    >>> percent(0.4834), percent(0.0712), percent(0.00571), percent(0.0), percent(1.0)
    ('48.3%', '7.1%', '0.57%', '0%', '100%')
    >>> percent(0.02), percent(0.00004), percent(1e-9)
    ('2.0%', '0.004%', '<0.001%')
    """
    if not math.isfinite(value):
        return NONE
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    size = abs(value)
    if size < 5e-6:
        return "<0.001%"
    digits = 1 if size >= 0.01 else 2 if size >= 0.001 else 3
    return f"{_sign(f'{100 * value:.{digits}f}')}%"


def tick(value: float) -> str:
    """Write a round share for an axis, without needless zeros.

    Examples
    --------
    >>> tick(0.2), tick(0.025), tick(0.0002), tick(1.0)
    ('20%', '2.5%', '0.02%', '100%')
    """
    return f"{round(100 * value, 6):g}%"


def count(value: float) -> str:
    """Write a count; a weighted one keeps one decimal if it is not whole.

    Examples
    --------
    >>> count(12345), count(395.84), count(3958.0)
    ('12,345', '395.8', '3,958')
    """
    if not math.isfinite(value):
        return NONE
    whole = abs(value - round(value)) < 0.05
    return _sign(f"{round(value):,}" if whole else f"{value:,.1f}")


def number(value: float, digits: int = 3) -> str:
    """Write a number with a fixed count of decimals, a true minus sign.

    Examples
    --------
    >>> number(0.83456), number(-0.5, 1) == MINUS + "0.5", number(float("nan")) == NONE
    ('0.835', True, True)
    """
    return _sign(f"{value:z,.{digits}f}") if math.isfinite(value) else NONE


def amount(value: float) -> str:
    """Write an amount of money, in whatever currency it is.

    Examples
    --------
    >>> amount(12.5), amount(1234.5), amount(0.0)
    ('12.50', '1,234', '0.00')
    """
    return number(value, 0 if abs(value) >= 1000 else 2)


def plain(value: float) -> str:
    """Write a feature's value: a whole number as it is, others with three significant digits.

    Examples
    --------
    >>> plain(3.0), plain(12.3456), plain(0.01234), plain(1234567.0)
    ('3', '12.3', '0.0123', '1,234,567')
    """
    if not math.isfinite(value):
        return NONE
    if value == round(value):
        return _sign(f"{round(value):,}")
    if abs(value) >= 1000:
        return _sign(f"{value:,.0f}")
    return _sign(f"{value:.3g}")


def odds(contribution: float) -> str:
    """Say a contribution to the log-odds as the factor it changes the odds by.

    Examples
    --------
    >>> odds(0.6931) == TIMES + " 2.00", odds(-0.6931) == BY + " 2.00"
    (True, True)
    """
    if not math.isfinite(contribution):
        return NONE
    sign = TIMES if contribution > -0.005 else BY
    return f"{sign} {math.exp(abs(contribution)):.2f}"


def moment(value: Any) -> str:  # noqa: ANN401 - a cell of a time column, or ISO text
    """Write a moment to the minute, in UTC.

    Examples
    --------
    >>> moment("2026-07-29T00:00:00"), moment("2026-07-29T08:15:30.5"), moment(None) == NONE
    ('29 July 2026', '29 July 2026, 08:15', True)
    """
    stamp = pd.to_datetime(value)
    if stamp is None or pd.isna(stamp):
        return NONE
    day = f"{stamp.day} {stamp:%B %Y}"
    return day if stamp == stamp.normalize() else f"{day}, {stamp:%H:%M}"


def _sign(text: str) -> str:
    return text.replace("-", MINUS)
