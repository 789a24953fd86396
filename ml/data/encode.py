"""Turns columns of a frame into the numbers of a model's matrix.

A column has to hold the same kind of values as in training. How they are stored - as integers,
floats, objects, Decimal, categories, pandas' or Arrow's own types - makes no difference: equal
values are encoded to the same bits. Another kind is an error that names the column and both kinds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.data import kinds
from ml.data.column import Column
from ml.data.kinds import BOOLEANS, DATETIMES, DURATIONS, NOTHING, NUMBERS, TEXTS, ZONED

# A part of a table may hold a few texts that cannot be read, and no other. From this many on, the
# column itself is of another kind.
MIN_STRAYS = 100
_DAY_IN_US = 86_400_000_000
_USUAL = {"numeric": NUMBERS, "boolean": BOOLEANS, "categorical": TEXTS, "datetime": DATETIMES}


def expected(column: Column) -> str:
    """Kind of the values that a column held in training."""
    if column.from_text:
        return TEXTS
    if column.held and column.held != ZONED:
        return column.held
    return _USUAL[column.kind]


def encode_column(
    values: pd.Series, column: Column, moments: np.ndarray | None, *, strict: bool, part: bool
) -> list[np.ndarray]:
    """Encode a column.

    Parameters
    ----------
    values
        The column of the frame.
    column
        How it is read.
    moments
        Moment of each row, in microseconds. None: datetimes are counted from the column's origin.
    strict, part
        As of `Schema.encode`.

    Returns
    -------
    list of ndarray, each of shape (n,)
        In the order of `column.parts`.

    Raises
    ------
    ValueError
        The values are of another kind than in training.
    """
    found = kinds.held(values)
    if found == NOTHING:
        return [np.full(len(values), np.nan)] * len(column.parts)
    if found not in _accepted(column):
        raise ValueError(_refusal(values, column, found))
    if column.kind == "categorical":
        return [_codes(values, column)]
    if column.kind == "boolean":
        return [_truths(values, found)]
    if column.kind == "datetime":
        return _datetimes(values, column, moments, found, strict=strict, part=part)
    if found == DURATIONS:
        return [kinds.to_seconds(values)]
    if found == TEXTS:
        return [_numbers_of_texts(values, strict=strict, part=part)]
    return [kinds.to_numbers(values)]


def _accepted(column: Column) -> set[str]:
    kind = expected(column)
    if column.kind == "numeric" and column.from_text:
        return {TEXTS, NUMBERS}
    # A text in ISO 8601 says which moment it is.
    if column.kind == "datetime":
        return {DATETIMES, TEXTS}
    # 1 and 0 are booleans; other numbers are refused when they are read.
    if column.kind == "boolean":
        return {BOOLEANS, NUMBERS}
    return {kind}


def _refusal(values: pd.Series, column: Column, found: str) -> str:
    kind = expected(column)
    advice = f"Give {kind}, as in training"
    if kind == DATETIMES and found == NUMBERS:
        advice = (
            "Convert them: pd.to_datetime(..., unit='ms') reads epoch milliseconds, "
            "format='%Y%m%d' a date"
        )
    elif kind == NUMBERS and found == TEXTS:
        advice = "Convert them with pd.to_numeric"
    elif kind == TEXTS and found == NUMBERS:
        advice = "Give the original texts: 1 and 1.0 are the same number, but not the same text"
    return (
        f"column {column.name!r}: the model was trained on {kind}, and is given {found} "
        f"({values.dtype}). {advice}."
    )


def _codes(values: pd.Series, column: Column) -> np.ndarray:
    codes, labels = kinds.to_labels(values)
    position = {text: code for code, text in enumerate(column.categories)}
    unseen = float(len(position)) if column.other else np.nan
    lookup = np.array([position.get(label, unseen) for label in labels] + [np.nan])
    return lookup[codes]


def _truths(values: pd.Series, found: str) -> np.ndarray:
    out = kinds.to_truths(values)
    bad = np.isnan(out) & values.notna().to_numpy()
    if bad.any():
        msg = (
            f"column {values.name!r}: the model was trained on booleans, and is given "
            f"{found} ({values.dtype}) other than 1 and 0, the first at position "
            f"{np.flatnonzero(bad)[0]}. Give booleans, as in training."
        )
        raise ValueError(msg)
    return out


def _numbers_of_texts(values: pd.Series, *, strict: bool, part: bool) -> np.ndarray:
    texts = kinds.unpacked(values).astype(object)
    known = texts.notna().to_numpy()
    numbers = pd.to_numeric(texts.where(known, np.nan), errors="coerce")
    out = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    _check_strays(values, known, np.isnan(out) & known, "numbers", strict=strict, part=part)
    return out


def _datetimes(
    values: pd.Series,
    column: Column,
    moments: np.ndarray | None,
    found: str,
    *,
    strict: bool,
    part: bool,
) -> list[np.ndarray]:
    if found == DATETIMES:
        check_zone(values, ZONED if column.held == ZONED else "")
    stamp = kinds.to_microseconds(values, strict=strict or not column.from_text)
    if found == TEXTS:
        known = values.notna().to_numpy()
        bad = np.isnan(stamp) & known
        _check_strays(values, known, bad, "timestamps in ISO 8601", strict=strict, part=part)
    seconds = np.floor(stamp / 1e6)
    hour = np.floor(seconds / 3600) % 24
    weekday = (np.floor(seconds / 86_400) + 3) % 7 + 1
    since = stamp - column.origin_us if moments is None else moments - stamp
    return [hour, weekday, since / _DAY_IN_US]


def check_zone(values: pd.Series, learnt: str) -> None:
    """Refuse datetimes whose time zone is given in another way than in training.

    Parameters
    ----------
    values
        Datetimes.
    learnt
        What `kinds.zone_of` said of them in training.

    Raises
    ------
    ValueError
        The hour of day would be another zone's.
    """
    zone = kinds.zone_of(values)
    # UTC gives the same moments, and the same hours if there was no zone in training.
    if zone in {learnt, kinds.UTC}:
        return
    words = {
        "": "without a time zone, or in UTC",
        ZONED: "with a time zone other than UTC",
        kinds.MIXED: "with a time zone and without one",
    }
    given = "without a time zone" if zone == "" else words[zone]
    utc = ".dt.tz_convert('UTC')" if zone == ZONED else "pd.to_datetime(..., utc=True)"
    msg = (
        f"column {values.name!r}: the model was trained on datetimes {words[learnt]}, and is "
        f"given datetimes {given} ({values.dtype}). Give them in UTC: {utc}."
    )
    raise ValueError(msg)


def _check_strays(
    values: pd.Series, known: np.ndarray, bad: np.ndarray, what: str, *, strict: bool, part: bool
) -> None:
    """Refuse a column of texts that cannot be read; a few unreadable ones are missing values.

    In training (`strict`) every text must be readable.
    """
    n_bad, n_known = int(bad.sum()), int(known.sum())
    least = MIN_STRAYS if part else 1
    if not n_bad or not (strict or (n_bad == n_known and n_bad >= least)):
        return
    msg = (
        f"column {values.name!r}: {n_bad} of {n_known} texts are no {what}, the first at position "
        f"{np.flatnonzero(bad)[0]}. The model was trained on such texts. Give them like that."
    )
    raise ValueError(msg)
