from __future__ import annotations

import numpy as np
import pytest

from ml.data import splits
from ml.data.splits import fit_folds
from ml.training.rows import prepare_rows, stable_order
from tests.unit.frames import visitors


def test_rows_have_one_order_however_they_come() -> None:
    frame = visitors(900, groups=90, days=40).drop(columns="chance")
    roles = ("bought", None, "moment", "visitor", None, 3)
    one = prepare_rows(frame, *roles)
    other = prepare_rows(frame.sample(frac=1, random_state=1), *roles)
    np.testing.assert_array_equal(one.data.x, other.data.x)
    for name in ("y", "w"):
        np.testing.assert_array_equal(getattr(one.data, name), getattr(other.data, name))
    np.testing.assert_array_equal(one.groups, other.groups)
    np.testing.assert_array_equal(one.fold, other.fold)
    assert not any(set(one.groups[one.of(0)]) & set(one.groups[one.of(fold)]) for fold in (1, 2))


def test_texts_are_numbers_only_where_those_that_judge_are_too() -> None:
    frame = visitors(900, groups=90, days=40).drop(columns="chance")
    frame["campaign"] = [str(100 + at % 60) for at in range(900)]
    roles = ("bought", ["campaign", "visits"], "moment", "visitor", None, 3)
    column = prepare_rows(frame, *roles).schema.columns[0]
    assert (column.kind, column.from_text) == ("numeric", True)
    newest = frame["moment"] >= frame["moment"].quantile(0.9)
    rows = prepare_rows(frame.assign(campaign=frame["campaign"].mask(newest, "spring")), *roles)
    assert rows.schema.columns[0].kind == "categorical"
    assert (rows.data.x[rows.of(2)][:, 0] == len(rows.schema.columns[0].categories)).any()


def test_another_seed_is_another_order() -> None:
    x, y = np.arange(40, dtype=np.float32).reshape(20, 2), np.zeros(20)
    groups, stamps = np.arange(20, dtype=np.uint64), np.arange(20.0)
    order = stable_order(x, y, groups, stamps, 0)
    assert sorted(order) == list(range(20))
    assert stable_order(x, y, groups, stamps, 1).tolist() != order.tolist()
    assert stable_order(x, y, groups, stamps[::-1], 0).tolist() != order.tolist()


def test_where_rows_are_many_one_part_of_the_groups_says_when_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups, y = np.repeat(np.arange(100, dtype=np.uint64), 3), np.tile([0.0, 0.0, 1.0], 100)
    assert set(fit_folds(groups, y, 0)) == set(range(splits.N_CROSS))
    monkeypatch.setattr(splits, "MAX_INNER_CROSS_ROWS", 299)
    fold = fit_folds(groups, y, 0)
    assert np.bincount(fold + 1).tolist() == [270, 30]
    assert (fold.reshape(100, 3) == fold.reshape(100, 3)[:, :1]).all()
