"""Checks what the functions of this room are given; messages name argument, value and remedy."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np

from ml.data.arguments import refuse
from ml.errors import ArgumentError


def to_count(value: Any, name: str) -> int:  # noqa: ANN401 - looked at here, as all of these
    """Read a count: a whole number, 0 or more, of any type that holds it exactly.

    Raises
    ------
    ArgumentError
        It is none.
    """
    number = _number(value)
    if not math.isfinite(number) or number < 0 or number != int(number):
        refuse(name, value, "a whole number, 0 or more")
    return int(value)


def to_arm(people: Any, converted: Any, arm: str) -> tuple[int, int]:  # noqa: ANN401
    """Read an arm's counts of people and of those who converted.

    Raises
    ------
    ArgumentError
        One is no count, or more people converted than there are.
    """
    n = to_count(people, f"n_{arm}")
    k = to_count(converted, f"converted_{arm}")
    if k > n:
        refuse(f"converted_{arm}", k, f"at most n_{arm}, which is {n}: people, not conversions")
    return n, k


def to_share(value: Any, name: str, *, ends: bool = False) -> float:  # noqa: ANN401
    """Read a number between 0 and 1; `ends` says whether 0 and 1 are accepted too.

    Raises
    ------
    ArgumentError
        It is none.
    """
    number = _number(value)
    if not (0 <= number <= 1 if ends else 0 < number < 1):
        refuse(
            name, value, f"a number {'from' if ends else 'between'} 0 {'to' if ends else 'and'} 1"
        )
    return number


def to_amounts(values: Any, name: str) -> np.ndarray:  # noqa: ANN401
    """Read a number per person, shape (n,).

    Raises
    ------
    ArgumentError
        They are no finite numbers in one dimension.
    """
    try:
        out = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"{name}: holds other values than numbers ({error}); it takes one number per person."
        raise ArgumentError(msg) from error
    if out.ndim != 1:
        refuse(
            name, f"an array of {out.ndim} dimensions", "one number per person, in one dimension"
        )
    bad = np.flatnonzero(~np.isfinite(out))
    if len(bad):
        msg = (
            f"{name}: is null or infinite for {len(bad)} of {len(out)} people, the first at "
            f"position {bad[0]}; it takes a number for each, 0 for who brought nothing."
        )
        raise ArgumentError(msg)
    return out


def _number(value: Any) -> float:  # noqa: ANN401
    """Return a real number as float, NaN for what is none."""
    accepted = int | float | np.integer | np.floating | Decimal
    if isinstance(value, bool) or not isinstance(value, accepted):
        return math.nan
    return float(value)
