"""A column is scored by what it holds, whatever holds it, and by nothing else."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ml.data.schema import Schema, learn_schema

N = 60
INTS = [at % 7 for at in range(N)]
HALVES = [at / 2 for at in range(N)]
FLAGS = [at % 3 == 0 for at in range(N)]
TEXTS = [f"t{at % 4}" for at in range(N)]
MOMENTS = [dt.datetime(2026, 1, 1, 5) + dt.timedelta(hours=7 * at) for at in range(N)]
DAYS = [at.date() for at in MOMENTS]
LASTED = [dt.timedelta(minutes=at) for at in range(N)]
VALUES: dict[str, list[Any]] = {
    "int": INTS,
    "half": HALVES,
    "flag": FLAGS,
    "text": TEXTS,
    "at": MOMENTS,
    "day": DAYS,
    "lasted": LASTED,
}
FRAME = pd.DataFrame({name: pd.Series(values) for name, values in VALUES.items()}).assign(
    number=pd.Categorical(INTS), band=pd.cut(pd.Series(HALVES), 3)
)
ARROW = {
    "int": pa.int64(),
    "half": pa.float64(),
    "flag": pa.bool_(),
    "text": pa.string(),
    "at": pa.timestamp("us"),
    "day": pa.date32(),
    "lasted": pa.duration("us"),
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    learnt = learn_schema(FRAME, list(FRAME.columns))
    assert learnt.names == list(FRAME.columns)
    assert [column.kind for column in learnt.columns] == [
        "numeric", "numeric", "boolean", "categorical", "datetime", "datetime", "numeric",
        "categorical", "categorical",
    ]  # fmt: skip
    again = Schema.from_json(json.loads(json.dumps(learnt.to_json())))
    assert again == learnt
    return again


def objects(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype=object)


SAME: list[tuple[str, Callable[[], pd.Series]]] = [
    ("int", lambda: pd.Series(INTS, dtype=float)),
    ("int", lambda: pd.Series(INTS, dtype="Int64")),
    ("int", lambda: pd.Series(INTS, dtype="int8")),
    ("int", lambda: objects(INTS)),
    ("int", lambda: objects([Decimal(at) for at in INTS])),
    ("int", lambda: objects([Decimal(f"{at}.00") for at in INTS])),
    ("int", lambda: objects([np.int64(at) if at % 2 else float(at) for at in INTS])),
    ("int", lambda: pd.Series(INTS, dtype="category")),
    ("int", lambda: pd.Series(pd.arrays.SparseArray(INTS))),
    ("int", lambda: pd.Series([Decimal(at) for at in INTS], dtype=arrow(pa.decimal128(38, 0)))),
    ("half", lambda: pd.Series(HALVES, dtype="float32")),
    ("half", lambda: objects([Decimal(str(at)) for at in HALVES])),
    ("flag", lambda: pd.Series(FLAGS, dtype="boolean")),
    ("flag", lambda: objects(FLAGS)),
    ("flag", lambda: pd.Series(FLAGS).astype(int)),
    ("flag", lambda: objects([Decimal(at) for at in FLAGS])),
    ("text", lambda: pd.Series(TEXTS, dtype="category")),
    ("text", lambda: pd.Series(TEXTS, dtype="string")),
    ("text", lambda: objects(TEXTS)),
    ("text", lambda: pd.Series(TEXTS, dtype=arrow(pa.dictionary(pa.int8(), pa.string())))),
    ("at", lambda: pd.Series(MOMENTS).astype("datetime64[s]")),
    ("at", lambda: pd.Series(MOMENTS).astype("datetime64[ns]")),
    ("at", lambda: objects(MOMENTS)),
    ("at", lambda: objects([pd.Timestamp(at) for at in MOMENTS])),
    ("at", lambda: objects([np.datetime64(at) for at in MOMENTS])),
    ("at", lambda: pd.Series(MOMENTS).dt.tz_localize("UTC")),
    ("at", lambda: objects([at.replace(tzinfo=dt.UTC) for at in MOMENTS])),
    ("at", lambda: pd.Series([at.isoformat() for at in MOMENTS])),
    ("at", lambda: pd.Series([f"{at.isoformat(' ')}+00" for at in MOMENTS])),
    ("day", lambda: pd.Series(pd.to_datetime(DAYS))),
    ("lasted", lambda: objects(LASTED)),
    ("lasted", lambda: pd.Series(LASTED).astype("timedelta64[s]")),
    ("number", lambda: pd.Series(INTS, dtype=float)),
    ("number", lambda: objects([Decimal(f"{at}.0") for at in INTS])),
    ("band", lambda: FRAME["band"].astype(object)),
    *(
        (name, lambda name=name: pd.Series(VALUES[name], dtype=arrow(ARROW[name])))
        for name in ARROW
    ),
]


def arrow(of: pa.DataType) -> pd.ArrowDtype:
    return pd.ArrowDtype(of)


@pytest.mark.parametrize(("name", "held"), SAME)
def test_what_holds_the_same_values_is_encoded_to_the_same_bits(
    schema: Schema, name: str, held: Callable[[], pd.Series]
) -> None:
    expected = schema.encode(FRAME)
    np.testing.assert_array_equal(schema.encode(FRAME.assign(**{name: held()})), expected)
    # And so are its first rows, and itself with a null.
    gap = held().astype(object)
    gap[3] = None
    got = schema.encode(FRAME.assign(**{name: gap}))
    column = schema.sources == schema.names.index(name)
    assert np.isnan(got[3, column]).all()
    np.testing.assert_array_equal(np.delete(got, 3, 0), np.delete(expected, 3, 0))


OTHER: list[tuple[str, Callable[[], pd.Series], str]] = [
    ("int", lambda: pd.Series(INTS).astype(str), "trained on numbers, and is given texts"),
    ("int", lambda: pd.Series(INTS).astype(bool), "numbers, and is given booleans"),
    ("int", lambda: pd.Series(MOMENTS), "numbers, and is given datetimes"),
    ("int", lambda: pd.Series(LASTED), "numbers, and is given durations"),
    ("int", lambda: objects([b"1"] * N), "numbers, and is given bytes"),
    ("int", lambda: objects([[1]] * N), "numbers, and is given lists"),
    ("int", lambda: objects([{"a": 1}] * N), "numbers, and is given objects"),
    ("int", lambda: objects([*INTS[:-1], "6"]), "is given numbers and texts"),
    ("int", lambda: objects([*INTS[:-1], True]), "is given booleans and numbers"),
    ("int", lambda: pd.Series(INTS) + 1j, "is given complex numbers"),
    ("flag", lambda: pd.Series(INTS), "booleans, and is given numbers .* other than 1 and 0"),
    ("flag", lambda: pd.Series(FLAGS).astype(str), "booleans, and is given texts"),
    ("text", lambda: pd.Series(INTS), "texts, and is given numbers"),
    ("text", lambda: pd.Series(INTS, dtype="category"), "texts, and is given numbers"),
    ("text", lambda: pd.Series(FLAGS), "texts, and is given booleans"),
    ("text", lambda: objects([*TEXTS[:-1], 1.0]), "is given numbers and texts"),
    ("text", lambda: objects([b"t1"] * N), "texts, and is given bytes"),
    ("at", lambda: pd.Series(MOMENTS).astype("int64"), r"numbers \(int64\).*unit='ms'"),
    ("at", lambda: pd.Series([float(at) for at in range(N)]), "datetimes.* is given numbers"),
    ("at", lambda: pd.Series([int(f"{d:%Y%m%d}") for d in DAYS]), "given numbers .*%Y%m%d"),
    ("at", lambda: pd.Series([f"{d:%d/%m/%Y}" for d in DAYS]), "60 of 60 texts are no timestamps"),
    ("at", lambda: pd.Series([f"{d:%Y%m%d}" for d in DAYS]), "60 texts are no timestamps in ISO"),
    ("at", lambda: objects([*[d.isoformat() for d in DAYS[1:]], "1/2/26"]), "1 of 60 texts"),
    (
        "at",
        lambda: pd.Series(MOMENTS).dt.tz_localize("Europe/Berlin"),
        "datetimes without a time zone, or in UTC, .*tz_convert",
    ),
    ("lasted", lambda: pd.Series(INTS), "durations, and is given numbers"),
    ("number", lambda: pd.Series(INTS).astype(str), "numbers, and is given texts"),
    ("band", lambda: pd.Series(TEXTS), "intervals, and is given texts"),
]


@pytest.mark.parametrize(("name", "held", "told"), OTHER)
def test_another_kind_is_refused_by_column_and_kinds(
    schema: Schema, name: str, held: Callable[[], pd.Series], told: str
) -> None:
    with pytest.raises(ValueError, match=f"(?s)column '{name}': .*{told}|column '{name}'.*{told}"):
        schema.encode(FRAME.assign(**{name: held()}))


@pytest.mark.parametrize(
    "nulls",
    [
        objects([None] * N),
        pd.Series([np.nan] * N),
        pd.Series([pd.NaT] * N),
        pd.Series([pd.NA] * N, dtype="Int64"),
        pd.Series([None] * N, dtype="string"),
        pd.Series([None] * N, dtype="category"),
        pd.Series([None] * N, dtype=arrow(pa.list_(pa.int64()))),
        pd.Series([None] * N, dtype=arrow(pa.null())),
    ],
)
def test_a_column_of_nulls_is_of_every_kind(schema: Schema, nulls: pd.Series) -> None:
    encoded = schema.encode(pd.DataFrame(dict.fromkeys(schema.names, nulls)))
    assert np.isnan(encoded).all()
    assert schema.encode(FRAME.iloc[:0]).shape == (0, len(schema.feature_names))


def test_datetimes_of_a_zone_are_scored_with_their_zone_or_in_utc() -> None:
    berlin = pd.Series(MOMENTS).dt.tz_localize("Europe/Berlin")
    frame = pd.DataFrame({"at": berlin})
    schema = learn_schema(frame, ["at"])
    utc = pd.DataFrame({"at": berlin.dt.tz_convert("UTC")})
    np.testing.assert_array_equal(schema.encode(utc), schema.encode(frame))
    with pytest.raises(ValueError, match=r"zone other than UTC, .* without a time"):
        schema.encode(pd.DataFrame({"at": MOMENTS}))
    mixed = objects([MOMENTS[0], *(at.replace(tzinfo=dt.UTC) for at in MOMENTS[1:])])
    with pytest.raises(ValueError, match="'at' holds datetimes with a time zone and without one"):
        learn_schema(pd.DataFrame({"at": mixed}), ["at"])
    timed = learn_schema(FRAME.assign(moment=pd.Timestamp("2026-03-01")), ["at"], time="moment")
    with pytest.raises(ValueError, match=r"column 'moment': .* time zone"):
        timed.encode(FRAME.assign(moment=pd.Timestamp("2026-03-01", tz="Asia/Tokyo")))


def test_texts_of_another_spelling_are_refused_where_none_can_be_read() -> None:
    days = pd.Series(pd.date_range("2026-01-01", periods=300))
    frame = pd.DataFrame({"day": days.dt.strftime("%Y-%m-%d"), "size": days.index.astype(str)})
    schema = learn_schema(frame, ["day", "size"])
    assert all(column.from_text for column in schema.columns)
    for name, values in {"day": days.dt.strftime("%d/%m/%Y"), "size": "1," + frame["size"]}.items():
        other = frame.assign(**{name: values})
        for rows in (other, other.iloc[:1]):
            with pytest.raises(ValueError, match=f"column '{name}': .* texts are no "):
                schema.encode(rows)
        # A few rows of a table, cut by an engine, may be strays; a hundred are not.
        assert np.isnan(schema.encode(other.iloc[:99], part=True)).any()
        with pytest.raises(ValueError, match=f"column '{name}'"):
            schema.encode(other, part=True)
    typed = frame.assign(day=days, size=days.index)
    np.testing.assert_array_equal(schema.encode(typed), schema.encode(frame))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([[1], [2], None], "column 'c' holds lists .object., which no model reads"),
        ([{"a": 1}] * 3, "holds objects"),
        ([b"a", b"b", b"a"], "holds bytes"),
        ([1, "two", 3], "holds numbers and texts"),
        ([True, 2, 3], "holds booleans and numbers"),
        ([1j, 2j, 3j], "holds complex numbers"),
    ],
)
def test_what_no_model_reads_is_refused_in_training(values: list[object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        learn_schema(pd.DataFrame({"c": objects(values)}), ["c"])


def test_uuids_are_texts_as_engines_deliver_them() -> None:
    ids = [uuid.UUID(int=at % 3) for at in range(30)]
    schema = learn_schema(pd.DataFrame({"id": objects(ids)}), ["id"])
    texts = pd.DataFrame({"id": [str(one) for one in ids]})
    np.testing.assert_array_equal(schema.encode(texts), schema.encode(pd.DataFrame({"id": ids})))
