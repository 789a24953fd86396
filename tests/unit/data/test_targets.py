from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ml.data.targets import to_amount, to_target


@pytest.mark.parametrize(
    "values",
    [[True, False, None], [1, 0, np.nan], ["yes", "no", None], ["TRUE", "false", None]],
)
def test_targets_are_read_from_their_usual_forms(values: list[object]) -> None:
    np.testing.assert_array_equal(to_target(pd.Series(values, name="y")), [1, 0, np.nan])


def test_other_targets_are_refused_by_value() -> None:
    with pytest.raises(ValueError, match="target 'y' has the value 2 at position 2"):
        to_target(pd.Series([0, 1, 2], name="y"))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([dt.date(2026, 1, 1)], "holds datetimes"),
        ([[1]], "holds lists"),
        (["01/02/2026"], "has another text at position 0"),
        ([20260101], "has the value 20260101"),
    ],
)
def test_a_target_of_another_kind_is_refused(values: list[object], told: str) -> None:
    with pytest.raises(ValueError, match=f"target 'y' {told}"):
        to_target(pd.Series(values, name="y"))


def test_a_target_is_the_same_whatever_holds_it() -> None:
    for held in ([True, False, None], [1.0, 0.0, None], [Decimal("1.00"), Decimal(0), None]):
        values = pd.Series(held, dtype=object, name="y")
        np.testing.assert_array_equal(to_target(values), [1, 0, np.nan])
    np.testing.assert_array_equal(to_target(pd.Series([1, 0], dtype="category")), [1, 0])
    moments = pd.to_datetime(["2026-01-01", "2026-01-02"])
    for values in (pd.Series(moments, name="y"), pd.Series([True, False], name="y")):
        with pytest.raises(ValueError, match=r"target 'y' holds (datetimes|booleans)"):
            to_amount(values)
