"""Which columns a model reads, how each becomes numbers, and which are left out.

The schema is learnt from training rows and stored with the model as plain JSON, so scoring needs
no pickled objects and works with another version of pandas. Missing values stay missing: the trees
learn which side they go to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ml.data.column import Column
from ml.data.encode import check_zone, encode_column
from ml.data.kinds import (
    BOOLEANS,
    DATETIMES,
    DURATIONS,
    MIXED,
    NAMED,
    NUMBERS,
    READ,
    TEXTS,
    ZONED,
    held,
    is_iso,
    to_labels,
    to_microseconds,
    unpacked,
    zone_of,
)
from ml.errors import ArgumentError

# Beyond this many categories a text column keeps its most frequent ones and one code
# for all others; a category needs MIN_CATEGORY_ROWS rows to have a code of its own.
MAX_CATEGORIES = 50
MIN_CATEGORY_ROWS = 5
# Longer texts have no code of their own, because the size of a stored model is limited.
MAX_CATEGORY_LENGTH = 500
# A text column is an identifier if more than this share of its values is distinct.
ID_SHARE = 0.5
ID_MIN_DISTINCT = 50

# Fields of a Column that came later.
_LATER = ("from_text", "held")


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
        The column that holds the moment of a row; datetimes are then counted back from it.
    time_zone
        `zoned` if that column had a time zone other than UTC.
    """

    columns: tuple[Column, ...]
    dropped: dict[str, str] = field(default_factory=dict)
    time: str | None = None
    time_zone: str = ""

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

    @property
    def needed(self) -> list[str]:
        """Columns that a frame has to have: those read, and the one datetimes count from."""
        dated = self.time is not None and any(c.kind == "datetime" for c in self.columns)
        return list(dict.fromkeys([*self.names, *([str(self.time)] if dated else [])]))

    def encode(
        self, frame: pd.DataFrame, *, strict: bool = False, part: bool = False
    ) -> np.ndarray:
        """Turn a frame into the model's matrix.

        Parameters
        ----------
        frame
            Any frame that has the model's columns; others are ignored.
        strict
            What to do with an unreadable text in a column whose texts were all numbers or
            timestamps when the schema was learnt. True: it is an error, as in training. False:
            it is a missing value, so that one bad text does not stop the scores of others.
        part
            Whether the frame is an arbitrary part of a table. If no text of a column can be read,
            that is an error from MIN_STRAYS texts on, instead of from the first one.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_encoded)
            NaN where a value is missing, infinite, or an unseen category.

        Raises
        ------
        ValueError
            A column is absent, or holds another kind of values than in training.
        """
        if not isinstance(frame, pd.DataFrame):
            msg = f"rows to score come as a pandas DataFrame, not as {type(frame).__name__}."
            raise ArgumentError(msg)
        absent = [name for name in self.needed if name not in frame.columns]
        if absent:
            msg = f"columns {absent} are absent; the model was trained on them. Add them."
            raise ValueError(msg)
        twice = set(frame.columns[frame.columns.duplicated()]) & set(self.needed)
        if twice:
            msg = f"columns {sorted(twice)} occur more than once; rename or drop them."
            raise ValueError(msg)
        moments = None
        if self.time in self.needed:
            moments = self._moments(frame[self.time])
        out = np.empty((len(frame), len(self.feature_names)), dtype=np.float32)
        at = 0
        with np.errstate(over="ignore"):
            for column in self.columns:
                values = frame[column.name]
                for numbers in encode_column(values, column, moments, strict=strict, part=part):
                    out[:, at] = numbers
                    at += 1
        out[~np.isfinite(out)] = np.nan
        return out

    def _moments(self, values: pd.Series) -> np.ndarray:
        if held(values) == DATETIMES:
            check_zone(values, self.time_zone)
        return to_microseconds(values)

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON-ready data."""
        data = asdict(self)
        # Written only if they say something, so that older code can read the rest.
        for place, names in ((data, ["time_zone"]), *((c, _LATER) for c in data["columns"])):
            for name in names:
                if not place[name]:
                    del place[name]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Schema:
        """Rebuild a schema from `to_json`."""
        columns = tuple(
            Column(**{**item, "categories": tuple(item["categories"])}) for item in data["columns"]
        )
        return cls(columns, dict(data["dropped"]), data["time"], data.get("time_zone", ""))


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
        Column that holds the moment of a row.
    whole
        All rows that will be encoded: a column of texts is one of numbers or timestamps only if
        all of these texts are.

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


def _learn_column(values: pd.Series, name: str, whole: pd.Series) -> Column | str:
    found = held(whole)
    if found not in READ:
        msg = (
            f"column {name!r} holds {found} ({whole.dtype}), which no model reads; it reads "
            "numbers, booleans, texts, datetimes, durations and categories. Convert it, or name "
            "in features the columns to learn from."
        )
        raise ValueError(msg)
    known = unpacked(values[values.notna()])
    if known.empty:
        return "all values are null"
    if found == TEXTS:
        every = unpacked(whole[whole.notna()]).astype(str)
        return _learn_text(known.astype(str), name, len(values), every)
    if found in NAMED or (found == NUMBERS and isinstance(whole.dtype, pd.CategoricalDtype)):
        codes, labels = to_labels(known)
        return _learn_labels(pd.Series(labels, dtype=object).iloc[codes], name, len(values), found)
    if len(known) == len(values) and (known == known.iloc[0]).all():
        return "constant"
    if found == DATETIMES:
        if (zone := zone_of(whole)) == MIXED:
            msg = (
                f"column {name!r} holds datetimes with a time zone and without one; give all of "
                "them in UTC: pd.to_datetime(..., utc=True)."
            )
            raise ValueError(msg)
        zone = ZONED if zone == ZONED else ""
        origin = int(np.nanmin(to_microseconds(known)))
        return Column(name, "datetime", origin_us=origin, held=zone)
    if found == BOOLEANS:
        return Column(name, "boolean")
    return Column(name, "numeric", held=DURATIONS if found == DURATIONS else "")


def _learn_text(texts: pd.Series, name: str, n_rows: int, every: pd.Series) -> Column | str:
    if texts.nunique() > MAX_CATEGORIES:
        if is_iso(every):
            origin = int(np.nanmin(to_microseconds(texts)))
            return Column(name, "datetime", origin_us=origin, from_text=True)
        if np.isfinite(pd.to_numeric(every, errors="coerce")).all():
            return Column(name, "numeric", from_text=True)
    return _learn_labels(texts, name, n_rows, "")


def _learn_labels(labels: pd.Series, name: str, n_rows: int, held_there: str) -> Column | str:
    counts = labels.value_counts()
    if len(counts) == 1 and len(labels) == n_rows:
        return "constant"
    if len(counts) > max(ID_MIN_DISTINCT, ID_SHARE * len(labels)):
        return f"looks like an identifier: {len(counts)} distinct texts in {len(labels)} rows"
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    kept = [
        str(text)
        for text, count in ordered
        if count >= MIN_CATEGORY_ROWS and len(str(text)) <= MAX_CATEGORY_LENGTH
    ][:MAX_CATEGORIES]
    if not kept:
        return f"no text of up to {MAX_CATEGORY_LENGTH} characters occurs {MIN_CATEGORY_ROWS} times"
    other = len(kept) < len(counts)
    return Column(name, "categorical", tuple(kept), other=other, held=held_there)
