from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ml.data.kinds import to_microseconds
from ml.data.schema import Schema, learn_schema


def mixed(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "count": np.arange(n) % 7,
            "nullable": pd.array([None if i % 5 == 0 else i for i in range(n)], dtype="Int64"),
            "money": [Decimal(i) / 3 for i in range(n)],
            "flag": rng.random(n) < 0.3,
            "flag_or_null": [None if i % 3 == 0 else bool(i % 2) for i in range(n)],
            "colour": rng.choice(["red", "blue", ""], n),
            "label": pd.Categorical(rng.choice(["p", "q"], n)),
            "seen_at": pd.date_range("2026-01-01", periods=n, freq="7h"),
            "iso": [f"2026-01-{i % 28 + 1:02d}T10:{i % 60:02d}:00Z" for i in range(n)],
            "day": [dt.date(2026, 1, 1 + i % 28) for i in range(n)],
            "amount_text": [str(i / 2) for i in range(n)],
            "session_id": [f"s-{i}" for i in range(n)],
            "constant": "same",
            "empty": None,
        }
    )


def test_kinds_are_recognised_by_what_columns_hold() -> None:
    schema = learn_schema(mixed(), list(mixed().columns))
    assert {c.name: c.kind for c in schema.columns} == {
        "count": "numeric",
        "nullable": "numeric",
        "money": "numeric",
        "flag": "boolean",
        "flag_or_null": "boolean",
        "colour": "categorical",
        "label": "categorical",
        "seen_at": "datetime",
        "iso": "datetime",
        "day": "datetime",
        "amount_text": "numeric",
    }


def test_columns_that_teach_nothing_are_dropped_with_a_note() -> None:
    schema = learn_schema(mixed(), list(mixed().columns))
    assert schema.dropped == {
        "session_id": "looks like an identifier: 300 distinct texts in 300 rows",
        "constant": "constant",
        "empty": "all values are null",
    }


def test_one_value_and_nulls_is_not_constant() -> None:
    frame = pd.DataFrame({"coupon": ["yes"] * 20 + [None] * 20, "n": [1.0, np.nan] * 20})
    assert learn_schema(frame, ["coupon", "n"]).names == ["coupon", "n"]


def test_rare_and_surplus_categories_share_one_code() -> None:
    texts = [f"k{i:03d}" for i in range(80) for _ in range(100 - i)] + ["rare"]
    column = learn_schema(pd.DataFrame({"page": texts}), ["page"]).columns[0]
    assert column.categories == tuple(f"k{i:03d}" for i in range(50))
    assert column.other
    encoded = Schema((column,)).encode(pd.DataFrame({"page": ["k000", "k060", "new", None]}))
    np.testing.assert_array_equal(encoded[:, 0], [0, 50, 50, np.nan])


def test_unseen_categories_are_missing_where_no_code_stands_for_others() -> None:
    schema = learn_schema(pd.DataFrame({"c": ["a", "b"] * 10}), ["c"])
    encoded = schema.encode(pd.DataFrame({"c": ["a", "b", "z", None]}))
    np.testing.assert_array_equal(encoded[:, 0], [0, 1, np.nan, np.nan])


def test_datetimes_become_hour_weekday_and_days_before_the_moment() -> None:
    frame = pd.DataFrame(
        {
            "seen": pd.Series(
                ["2026-01-05 06:30", "2026-01-04 23:00", None], dtype="datetime64[us]"
            ),
            "moment": pd.to_datetime(["2026-01-06 06:30"] * 3),
        }
    )
    schema = learn_schema(frame, ["seen"], time="moment")
    assert schema.feature_names == ["seen__hour", "seen__weekday", "seen__days"]
    np.testing.assert_allclose(schema.encode(frame), [[6, 1, 1], [23, 7, 1.3125], [np.nan] * 3])


def test_time_zones_are_read_as_utc() -> None:
    stamps = pd.Series(["2026-01-01T00:00:00+02:00", "2025-12-31T22:00:00Z"], name="t")
    micros = to_microseconds(stamps)
    assert micros[0] == micros[1] == 1_767_218_400_000_000


def test_row_order_does_not_change_the_schema() -> None:
    frame = mixed()
    shuffled = frame.sample(frac=1, random_state=1)
    names = frame.columns.tolist()
    assert learn_schema(shuffled, names) == learn_schema(frame, names)


def test_a_schema_survives_json() -> None:
    schema = learn_schema(mixed(), list(mixed().columns), time="seen_at")
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_absent_columns_are_named_together() -> None:
    schema = learn_schema(mixed(), ["count", "flag", "colour"])
    with pytest.raises(ValueError, match=r"columns \['flag', 'colour'\] are absent"):
        schema.encode(mixed()[["count"]])


def test_a_text_where_numbers_were_learnt_is_named() -> None:
    schema = learn_schema(mixed(), ["count"])
    told = "column 'count': the model was trained on numbers, and is given texts"
    with pytest.raises(ValueError, match=told):
        schema.encode(pd.DataFrame({"count": ["1", "many"]}))


@pytest.mark.parametrize(
    ("values", "stray", "told"),
    [
        (
            [str(100 + i) for i in range(60)],
            "spring",
            "1 of 3 texts are no numbers, the first at position 1",
        ),
        (
            [f"2026-01-01 10:{i:02d}" for i in range(60)],
            "noon",
            "1 of 3 texts are no timestamps .* at position 1",
        ),
    ],
)
def test_a_text_like_no_other_of_its_column_is_missing_but_not_in_training(
    values: list[str], stray: str, told: str
) -> None:
    learnt = learn_schema(pd.DataFrame({"c": values}), ["c"])
    schema = Schema.from_json(json.loads(json.dumps(learnt.to_json())))
    frame = pd.DataFrame({"c": [values[3], stray, None, values[5]]})
    encoded = schema.encode(frame)
    assert np.isnan(encoded[1:3]).all()
    np.testing.assert_array_equal(encoded[[0, 3]], schema.encode(frame.iloc[[0, 3]], strict=True))
    assert np.isfinite(encoded[[0, 3]]).all()
    with pytest.raises(ValueError, match=told):
        schema.encode(frame, strict=True)


def test_infinite_numbers_are_missing() -> None:
    schema = learn_schema(mixed(), ["count"])
    encoded = schema.encode(pd.DataFrame({"count": [np.inf, -np.inf, 1e300, 2.0]}))
    np.testing.assert_array_equal(encoded[:, 0], [np.nan, np.nan, np.nan, 2])
