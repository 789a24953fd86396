"""Target columns as numbers: whether something happened, and how much it was."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.data import kinds
from ml.data.kinds import BOOLEANS, NOTHING, NUMBERS, TEXTS, held, to_labels

_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}


def to_target(values: pd.Series, role: str = "target") -> np.ndarray:
    """Read a target as 1.0, 0.0, or NaN where unknown, shape (n,).

    Parameters
    ----------
    values
        The column.
    role
        What messages call it.

    Raises
    ------
    ValueError
        The column has values other than booleans, 0 / 1, true / false or yes / no.
    """
    found = held(values)
    if not set(found.split(" and ")) <= {BOOLEANS, NUMBERS, TEXTS, NOTHING}:
        msg = (
            f"{role} {values.name!r} holds {found} ({values.dtype}); it must be true / false, "
            "1 / 0 or yes / no (null if not known yet)."
        )
        raise ValueError(msg)
    codes, labels = to_labels(values)
    read = [
        1.0 if (low := t.strip().lower()) in _TRUE else -1.0 * (low not in _FALSE) for t in labels
    ]
    out = np.append(read, np.nan)[codes]
    bad = np.flatnonzero(out < 0)
    if len(bad):
        told = f"has the value {labels[codes[bad[0]]]}" if found == NUMBERS else "has another text"
        msg = (
            f"{role} {values.name!r} {told} at position {bad[0]}; it must be true / false, "
            "1 / 0 or yes / no (null if not known yet)."
        )
        raise ValueError(msg)
    return out


def to_amount(values: pd.Series) -> np.ndarray:
    """Amounts of a column, NaN where null, shape (n,).

    Raises
    ------
    ValueError
        A value is no number, infinite, or below 0.
    """
    found = kinds.held(values)
    if found not in {kinds.NUMBERS, kinds.TEXTS, kinds.NOTHING}:
        msg = f"target {values.name!r} holds {found} ({values.dtype}), no amounts."
        raise ValueError(msg)
    values = kinds.unpacked(values)
    numbers = pd.to_numeric(values.astype(object).where(values.notna(), np.nan), errors="coerce")
    out = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (np.isnan(out) & values.notna().to_numpy()) | np.isinf(out) | (out < 0)
    if bad.any():
        msg = (
            f"target {values.name!r}: {values[bad].iloc[0]!r} is no amount; use numbers that are "
            "0 or more, and null where unknown."
        )
        raise ValueError(msg)
    return out
