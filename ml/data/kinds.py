"""What kind of values a column holds, however they are stored, and how each kind is read.

NumPy's, pandas' and Arrow's types, objects, categories and sparse columns are treated the same if
their values are of one kind: engines and file formats store values differently, and scores must
not differ for that. No value is converted from one kind to another.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

NUMBERS, BOOLEANS, TEXTS = "numbers", "booleans", "texts"
DATETIMES, DURATIONS = "datetimes", "durations"
# A column that has only nulls is of any kind.
NOTHING = "nothing but nulls"
# Kinds whose values are compared by their texts.
NAMED = {"intervals", "periods", "times of day"}
READ = {NUMBERS, BOOLEANS, TEXTS, DATETIMES, DURATIONS, NOTHING, *NAMED}
# Of datetimes: in UTC; in another zone; some with a zone and some without. Those without a zone are
# taken to be in UTC.
UTC, ZONED, MIXED = "UTC", "zoned", "mixed"

# The first that fits counts: a bool is also an int, and a timedelta64 an integer to NumPy.
_TYPES: list[tuple[tuple[type, ...], str]] = [
    ((bool, np.bool_), BOOLEANS),
    ((dt.timedelta, np.timedelta64), DURATIONS),
    ((int, float, np.integer, np.floating, Decimal), NUMBERS),
    ((str, uuid.UUID), TEXTS),
    ((dt.date, np.datetime64), DATETIMES),
    ((dt.time,), "times of day"),
    ((pd.Interval,), "intervals"),
    ((pd.Period,), "periods"),
    ((bytes, bytearray, memoryview), "bytes"),
    ((list, tuple, set, frozenset, np.ndarray, pd.Series, pa.Array), "lists"),
    ((dict,), "objects"),
    ((complex, np.complexfloating), "complex numbers"),
]
_ARROW: list[tuple[Callable[[pa.DataType], bool], str]] = [
    (pa.types.is_boolean, BOOLEANS),
    (pa.types.is_integer, NUMBERS),
    (pa.types.is_floating, NUMBERS),
    (pa.types.is_decimal, NUMBERS),
    (pa.types.is_string, TEXTS),
    (pa.types.is_large_string, TEXTS),
    (lambda of: pa.types.is_timestamp(of) or pa.types.is_date(of), DATETIMES),
    (pa.types.is_duration, DURATIONS),
    (pa.types.is_time, "times of day"),
    (lambda of: pa.types.is_binary(of) or pa.types.is_large_binary(of), "bytes"),
    (pa.types.is_fixed_size_binary, "bytes"),
    (lambda of: pa.types.is_list(of) or pa.types.is_large_list(of), "lists"),
    (pa.types.is_fixed_size_list, "lists"),
    (lambda of: pa.types.is_struct(of) or pa.types.is_map(of), "objects"),
]
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?: ?(Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_EPOCH = dt.datetime(1970, 1, 1)


def held(values: pd.Series) -> str:
    """Say of what kind the values are, apart from nulls.

    Returns
    -------
    str
        One of READ, or the name of a kind that cannot be read: `lists`, `numbers and texts`.

    Examples
    --------
    >>> held(pd.Series([1, 2.5, None])), held(pd.Series([True, None], dtype=object))
    ('numbers', 'booleans')
    >>> held(pd.Series([1, "two", None], dtype=object)), held(pd.Series([[1], [2]]))
    ('numbers and texts', 'lists')
    """
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        used = values.cat.remove_unused_categories().cat.categories
        return held(pd.Series(used)) if len(used) else NOTHING
    if not values.notna().any():
        return NOTHING
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.ArrowDtype):
        found = dtype.pyarrow_dtype
        if pa.types.is_dictionary(found):
            found = found.value_type
        for fits, kind in _ARROW:
            if fits(found):
                return kind
        return f"values of type {found}"
    if isinstance(dtype, pd.StringDtype):
        return TEXTS
    if isinstance(dtype, pd.PeriodDtype):
        return "periods"
    if isinstance(dtype, pd.IntervalDtype):
        return "intervals"
    for fits, kind in (
        (pd.api.types.is_bool_dtype, BOOLEANS),
        (pd.api.types.is_datetime64_any_dtype, DATETIMES),
        (pd.api.types.is_timedelta64_dtype, DURATIONS),
        (pd.api.types.is_complex_dtype, "complex numbers"),
        (pd.api.types.is_numeric_dtype, NUMBERS),
    ):
        if not pd.api.types.is_object_dtype(dtype) and fits(dtype):
            return kind
    kinds = {_kind_of_type(of) for of in set(map(type, values[values.notna()]))}
    return " and ".join(sorted(kinds))


def _kind_of_type(of: type) -> str:
    for types, kind in _TYPES:
        if issubclass(of, types):
            return kind
    return f"{of.__name__} values"


def unpacked(values: pd.Series) -> pd.Series:
    """Values without what packs them: categories, Arrow's dictionaries, sparse columns."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return values.astype(object)
    if isinstance(dtype, pd.SparseDtype):
        return pd.Series(np.asarray(values), index=values.index, name=values.name)
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype):
        return values.astype(object)
    return values


def to_numbers(values: pd.Series) -> np.ndarray:
    """Numbers as float64, NaN for null, shape (n,)."""
    values = unpacked(values)
    arrow = isinstance(values.dtype, pd.ArrowDtype)
    if arrow and pa.types.is_decimal(cast(pd.ArrowDtype, values.dtype).pyarrow_dtype):
        values = values.astype(object)
    if values.dtype != object:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = values.notna().to_numpy()
    out = np.full(len(values), np.nan)
    out[known] = [_float(value) for value in values.to_numpy()[known]]
    return out


def _float(value: Any) -> float:  # noqa: ANN401 - any number
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def to_truths(values: pd.Series) -> np.ndarray:
    """Booleans, or numbers that are 1 or 0, as float64, NaN for null and any other number."""
    out = to_numbers(values)
    return np.where((out == 0) | (out == 1), out, np.nan)


def to_seconds(values: pd.Series) -> np.ndarray:
    """Durations in seconds, float64, NaN for null, shape (n,)."""
    values = unpacked(values)
    if values.dtype == object:
        values = values.where(values.notna(), None)
    return pd.to_timedelta(values).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)


def to_labels(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Values as labels: the position of each in the list of labels, -1 for null.

    A number's label is the same whatever holds it: 1, 1.0 and Decimal("1.00") are `1`.
    """
    codes, uniques = pd.factorize(unpacked(values))
    return codes, [_label(value) for value in uniques]


def _label(value: Any) -> str:  # noqa: ANN401 - a cell
    if isinstance(value, int | float | np.integer | np.floating | Decimal):
        number = _float(value)
        if isinstance(value, int | np.integer) or not number.is_integer():
            return str(value) if isinstance(value, int | np.integer) else repr(number)
        return str(int(number))
    return str(value)


def zone_of(values: pd.Series) -> str:
    """Say which time zone datetimes are given in.

    Returns
    -------
    str
        Empty if they have none; UTC; ZONED; MIXED if some have one and some have none.
    """
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return zone_of(pd.Series(values.cat.categories))
    if isinstance(dtype, pd.ArrowDtype):
        tz = getattr(dtype.pyarrow_dtype, "tz", None)
        return "" if tz is None else zone_of(pd.Series(dtype=pd.DatetimeTZDtype("us", tz)))
    if isinstance(dtype, pd.DatetimeTZDtype):
        half_years = (dt.datetime(2026, 1, 1), dt.datetime(2026, 7, 1))
        away = any(dtype.tz.utcoffset(at) for at in half_years)
        return ZONED if away else UTC
    if not pd.api.types.is_object_dtype(dtype):
        return ""
    moments = [value for value in values[values.notna()] if isinstance(value, dt.datetime)]
    offsets = {value.utcoffset() for value in moments}
    if None in offsets and len(offsets) > 1:
        return MIXED
    if offsets <= {None}:
        return ""
    return ZONED if any(offsets) else UTC


def to_microseconds(values: pd.Series, *, strict: bool = True) -> np.ndarray:
    """Datetimes, or texts in ISO 8601, as microseconds since 1970 UTC.

    Parameters
    ----------
    values
        Without a zone, they are UTC.
    strict
        Whether a text that is no timestamp is an error; else it is null.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN for null.

    Raises
    ------
    ValueError
        They are of another kind, e.g. numbers, which have no unit. The message names the column.
    """
    kind = held(values)
    if kind == NOTHING:
        return np.full(len(values), np.nan)
    values = unpacked(values)
    if kind == TEXTS:
        codes, uniques = pd.factorize(values)
        out = np.append([_from_iso(str(text)) for text in uniques], np.nan)[codes]
        bad = np.flatnonzero(np.isnan(out) & (codes >= 0))
        if strict and len(bad):
            msg = (
                f"column {values.name!r}: {len(bad)} of {int((codes >= 0).sum())} texts are no "
                f"timestamps in ISO 8601, the first at position {bad[0]}. Write "
                "2026-01-31 or 2026-01-31T10:00:00Z, or convert the column with "
                "pd.to_datetime(..., format=...): 03/04/2026 could be March or April."
            )
            raise ValueError(msg)
        return out
    if kind != DATETIMES:
        advice = (
            "Convert them with pd.to_datetime(..., unit='ms'), unit='s' or format='%Y%m%d', "
            "whichever they are"
            if kind == NUMBERS
            else "Convert them with pd.to_datetime"
        )
        msg = (
            f"column {values.name!r} holds {kind} ({values.dtype}), where datetimes, or texts in "
            f"ISO 8601, are expected. {advice}."
        )
        raise ValueError(msg)
    return _moments(values)


def _moments(values: pd.Series) -> np.ndarray:
    if isinstance(values.dtype, pd.ArrowDtype):
        array = pa.Array.from_pandas(values)
        zone = getattr(array.type, "tz", None)
        found = array.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
        numbers = pd.Series(found.to_pandas())
        return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    if values.dtype != object:
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        stamps = values.astype("datetime64[us]")
        out = stamps.astype("int64").to_numpy().astype(np.float64)
        out[stamps.isna().to_numpy()] = np.nan
        return out
    known = values.notna().to_numpy()
    out = np.full(len(values), np.nan)
    out[known] = [_microseconds(value) for value in values.to_numpy()[known]]
    return out


def _microseconds(value: Any) -> float:  # noqa: ANN401 - any moment
    if isinstance(value, np.datetime64):
        return float(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return (value - _EPOCH) / dt.timedelta(microseconds=1)


def _from_iso(text: str) -> float:
    found = _ISO.fullmatch(text)
    if not found:
        return np.nan
    day, time, zone = found.groups()
    zone = "+00:00" if zone in {"Z", "UTC"} else zone or ""
    try:
        return _microseconds(dt.datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}"))
    except (ValueError, OverflowError):
        return np.nan


def is_iso(texts: pd.Series) -> bool:
    """Whether every text is a timestamp in ISO 8601."""
    return all(not np.isnan(_from_iso(str(text))) for text in texts.unique())


def days_between(later: Any, earlier: Any) -> float:  # noqa: ANN401 - engines differ in their type
    """Days from one moment to a later one, whatever type an engine gives them."""
    stamps = to_microseconds(pd.Series([later, earlier], name="as_of_tstamp"))
    return float((stamps[0] - stamps[1]) / 86_400e6)
