"""Which columns a model reads, how each becomes numbers, and which are left out.

The schema is learnt from training rows and stored with the model as plain JSON, so that
scoring needs neither pickled objects nor the same pandas. Missing values stay missing:
the trees learn a side for them.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["numeric", "boolean", "categorical", "datetime"]

# Beyond this many categories a text column keeps its most frequent ones and one code
# for all others; a category needs MIN_CATEGORY_ROWS rows to have a code of its own.
MAX_CATEGORIES = 50
MIN_CATEGORY_ROWS = 5
# A text column where more than this share of values is distinct is an identifier.
ID_SHARE = 0.5
ID_MIN_DISTINCT = 50

_DAY_IN_US = 86_400_000_000
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}


@dataclass(frozen=True)
class Column:
    """One input column and how it is read.

    Parameters
    ----------
    name
        Column of the frame.
    kind
        `numeric` and `boolean` give one number, `categorical` an integer code,
        `datetime` its hour, ISO weekday and distance in days.
    categories
        Texts with a code of their own; the code is the position.
    other
        Whether one more code stands for every other text. Without it an unseen text
        is missing.
    origin_us
        For `datetime` without a time column: microseconds since 1970 from which days
        are counted.
    from_text
        Whether the numbers or datetimes were texts. The next text need not be one.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    other: bool = False
    origin_us: int = 0
    from_text: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the encoded features this column yields."""
        if self.kind == "datetime":
            return (f"{self.name}__hour", f"{self.name}__weekday", f"{self.name}__days")
        return (self.name,)

    @property
    def part_type(self) -> str:
        """XGBoost's feature type of every part: `c` categorical, `i` indicator, `q` number."""
        return {"categorical": "c", "boolean": "i"}.get(self.kind, "q")


@dataclass(frozen=True)
class Schema:
    """The columns of a model in the order of its matrix.

    Parameters
    ----------
    columns
        What is read.
    dropped
        Column name -> why it is not read.
    time
        The column that says as of when a row is; datetimes are then counted back from it.
    """

    columns: tuple[Column, ...]
    dropped: dict[str, str] = field(default_factory=dict)
    time: str | None = None

    @property
    def feature_names(self) -> list[str]:
        """Encoded features, in matrix order."""
        return [part for column in self.columns for part in column.parts]

    @property
    def feature_types(self) -> list[str]:
        """XGBoost's type of each encoded feature."""
        return [column.part_type for column in self.columns for _ in column.parts]

    @property
    def sources(self) -> np.ndarray:
        """For each encoded feature, the position of its column, shape (n_encoded,)."""
        return np.repeat(np.arange(len(self.columns)), [len(c.parts) for c in self.columns])

    @property
    def names(self) -> list[str]:
        """Names of the columns read."""
        return [column.name for column in self.columns]

    def encode(self, frame: pd.DataFrame, *, strict: bool = False) -> np.ndarray:
        """Turn a frame into the model's matrix.

        Parameters
        ----------
        frame
            Any frame that has the model's columns; others are ignored.
        strict
            Whether a text that is no number or timestamp, in a column of texts that all were
            when it was learnt, is an error, as in training, instead of missing: of one such
            text nobody else's score depends.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_encoded)
            NaN where a value is missing, infinite, or an unseen category.

        Raises
        ------
        ValueError
            A column is absent, or holds a value that is not of the learnt kind.
        """
        needed = [*self.names]
        if self.time and any(c.kind == "datetime" for c in self.columns):
            needed.append(self.time)
        absent = [name for name in needed if name not in frame.columns]
        if absent:
            msg = f"columns {absent} are absent; the model was trained on them. Add them."
            raise ValueError(msg)
        out = np.empty((len(frame), len(self.feature_names)), dtype=np.float32)
        at = 0
        for column in self.columns:
            for part in _encode_column(frame, column, self.time, strict):
                out[:, at] = part
                at += 1
        out[~np.isfinite(out)] = np.nan
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON-ready data."""
        data = asdict(self)
        for column in data["columns"]:
            if not column[
                "from_text"
            ]:  # written where it says something: older code reads the rest
                del column["from_text"]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Schema:
        """Rebuild a schema from `to_json`."""
        columns = tuple(
            Column(**{**item, "categories": tuple(item["categories"])}) for item in data["columns"]
        )
        return cls(columns, dict(data["dropped"]), data["time"])


def learn_schema(
    frame: pd.DataFrame,
    features: list[str],
    time: str | None = None,
    *,
    whole: pd.DataFrame | None = None,
) -> Schema:
    """Recognise each column's kind and learn its codes.

    Parameters
    ----------
    frame
        Training rows; their order does not matter.
    features
        Columns to read.
    time
        Column that says as of when a row is.
    whole
        Rows that will be encoded besides: texts are numbers or timestamps only where all are.

    Returns
    -------
    Schema
        With constant, all-null and identifier columns in `dropped`.

    Examples
    --------
    >>> frame = pd.DataFrame({"visits": [1, 2, 9], "country": "FR"})
    >>> learn_schema(frame, ["visits", "country"]).dropped
    {'country': 'constant'}
    """
    columns: list[Column] = []
    dropped: dict[str, str] = {}
    for name in features:
        learnt = _learn_column(frame[name], name, (frame if whole is None else whole)[name])
        if isinstance(learnt, Column):
            columns.append(learnt)
        else:
            dropped[name] = learnt
    return Schema(tuple(columns), dropped, time)


def to_microseconds(values: pd.Series, *, strict: bool = True) -> np.ndarray:
    """Timestamps as microseconds since 1970 UTC, float64 with NaN for null, shape (n,).

    What is no timestamp is an error, or, unless `strict`, null.
    """
    stamps = pd.to_datetime(values, utc=True, errors="coerce", format="mixed")
    bad = stamps.isna().to_numpy() & values.notna().to_numpy()
    if strict and bad.any():
        msg = f"column {values.name!r}: {values[bad].iloc[0]!r} is not a timestamp; use ISO 8601."
        raise ValueError(msg)
    naive = stamps.dt.tz_localize(None).astype("datetime64[us]")
    out = naive.astype("int64").to_numpy().astype(np.float64)
    out[naive.isna().to_numpy()] = np.nan
    return out


def to_target(values: pd.Series) -> np.ndarray:
    """Read a target as 1.0, 0.0, or NaN where unknown, shape (n,).

    Raises
    ------
    ValueError
        The column has values other than booleans, 0 / 1, true / false or yes / no.
    """
    text = values.astype(object).where(values.notna(), None)
    codes = {
        value: 1.0 if (low := str(value).strip().lower()) in _TRUE else 0.0 if low in _FALSE else -1
        for value in text.dropna().unique()
    }
    bad = [value for value, code in codes.items() if code < 0]
    if bad:
        msg = (
            f"target {values.name!r} has the value {bad[0]!r}; it must be true / false, "
            "1 / 0 or yes / no (null where not known yet)."
        )
        raise ValueError(msg)
    return text.map(codes).to_numpy(dtype=np.float64, na_value=np.nan)


def _kind(values: pd.Series) -> Kind:
    """Kind of the non-null values; objects are judged by what they hold."""
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    if pd.api.types.is_timedelta64_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        return "numeric"
    if isinstance(dtype, pd.CategoricalDtype):
        return "categorical"
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred == "boolean":
        return "boolean"
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal", "timedelta"}:
        return "numeric"
    if inferred in {"datetime", "datetime64", "date"}:
        return "datetime"
    return "categorical"


def _learn_column(values: pd.Series, name: str, whole: pd.Series) -> Column | str:
    known = values[values.notna()]
    if known.empty:
        return "all values are null"
    kind = _kind(known)
    if kind == "categorical":
        every = whole[whole.notna()].astype(str)
        return _learn_text(known.astype(str), name, len(values), every)
    if len(known) == len(values) and (known == known.iloc[0]).all():
        return "constant"
    if kind == "datetime":
        return Column(name, kind, origin_us=int(np.nanmin(to_microseconds(known))))
    return Column(name, kind)


def _learn_text(texts: pd.Series, name: str, n_rows: int, every: pd.Series) -> Column | str:
    counts = texts.value_counts()
    if len(counts) == 1 and len(texts) == n_rows:
        return "constant"
    if len(counts) > MAX_CATEGORIES:
        if every.str.fullmatch(_ISO.pattern).all():
            origin = int(np.nanmin(to_microseconds(texts)))
            return Column(name, "datetime", origin_us=origin, from_text=True)
        if np.isfinite(pd.to_numeric(every, errors="coerce")).all():
            return Column(name, "numeric", from_text=True)
    if len(counts) > max(ID_MIN_DISTINCT, ID_SHARE * len(texts)):
        return f"looks like an identifier: {len(counts)} distinct texts in {len(texts)} rows"
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    kept = [str(text) for text, count in ordered if count >= MIN_CATEGORY_ROWS][:MAX_CATEGORIES]
    if not kept:
        return f"no text occurs {MIN_CATEGORY_ROWS} times"
    return Column(name, "categorical", tuple(kept), other=len(kept) < len(counts))


def _encode_column(
    frame: pd.DataFrame, column: Column, time: str | None, strict: bool
) -> list[np.ndarray]:
    values = frame[column.name]
    strict = strict or not column.from_text
    if column.kind == "categorical":
        return [_encode_text(values, column)]
    if column.kind == "boolean":
        return [_encode_boolean(values)]
    if column.kind == "numeric":
        return [_encode_number(values, strict)]
    stamp = to_microseconds(values, strict=strict)
    seconds = np.floor(stamp / 1e6)
    hour = np.floor(seconds / 3600) % 24
    weekday = (np.floor(seconds / 86_400) + 3) % 7 + 1
    if time is None:
        days = (stamp - column.origin_us) / _DAY_IN_US
    else:
        days = (to_microseconds(frame[time]) - stamp) / _DAY_IN_US
    return [hour, weekday, days]


def _encode_text(values: pd.Series, column: Column) -> np.ndarray:
    codes, uniques = pd.factorize(values)
    position = {text: code for code, text in enumerate(column.categories)}
    unseen = float(len(position)) if column.other else np.nan
    lookup = np.array([position.get(str(u), unseen) for u in uniques] + [np.nan], dtype=np.float32)
    return lookup[codes]


def _encode_boolean(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_bool_dtype(values.dtype) and not values.isna().any():
        return values.to_numpy(dtype=np.float32)
    return to_target(values)


def _encode_number(values: pd.Series, strict: bool) -> np.ndarray:
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return values.dt.total_seconds().to_numpy(dtype=np.float32)
    if pd.api.types.is_numeric_dtype(values.dtype):
        with np.errstate(over="ignore"):
            return values.to_numpy(dtype=np.float32, na_value=np.nan)
    if pd.api.types.infer_dtype(values, skipna=True) == "timedelta":
        return pd.to_timedelta(values).dt.total_seconds().to_numpy(dtype=np.float32)
    numbers = pd.to_numeric(values.where(values.notna(), np.nan), errors="coerce")
    bad = numbers.isna().to_numpy() & values.notna().to_numpy()
    if strict and bad.any():
        msg = (
            f"column {values.name!r}: {values[bad].iloc[0]!r} is not a number, "
            "and the model was trained on numbers there."
        )
        raise ValueError(msg)
    return numbers.to_numpy(dtype=np.float32, na_value=np.nan)
