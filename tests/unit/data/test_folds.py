from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.data import folds
from ml.errors import NotTrainableError


def test_no_group_counts_more_than_its_cap() -> None:
    groups = np.repeat([1, 2, 3], [10_000, 100, 1])
    weights = folds.group_weights(groups)
    totals = [weights[groups == g].sum() for g in (1, 2, 3)]
    np.testing.assert_allclose(totals, [100, 100, 1])


def test_hashes_know_nan_and_zero() -> None:
    a, b = np.array([np.nan, 0.0, 1.0]), np.array([-np.nan, -0.0, 2.0])
    same = folds.hash_rows(a) == folds.hash_rows(b)
    assert same.tolist() == [True, True, False]


def test_equal_groups_share_a_fold_and_shares_are_met() -> None:
    hashes = folds.hash_groups(pd.Series([f"u{i}" for i in range(20_000)] * 2, name="u"))
    fold = folds.split_groups(hashes, seed=0)
    assert (fold[:20_000] == fold[20_000:]).all()
    np.testing.assert_allclose(np.bincount(fold) / len(fold), [0.6, 0.2, 0.2], atol=0.01)


def test_groups_are_read_as_text() -> None:
    numbers = folds.hash_groups(pd.Series([1, 2], name="u"))
    texts = folds.hash_groups(pd.Series(["1", "2"], name="u"))
    np.testing.assert_array_equal(numbers, texts)


def test_null_groups_are_refused_by_count() -> None:
    with pytest.raises(ValueError, match=r"column 'u' \(group\) is null in 2 rows"):
        folds.hash_groups(pd.Series(["a", None, None], name="u"))


def test_time_folds_lie_one_after_another_and_never_cut_a_moment() -> None:
    stamps = np.repeat(np.arange(50.0), 7)
    fold = folds.split_in_time(np.random.default_rng(0).permutation(stamps), "t")
    ordered = folds.split_in_time(stamps, "t")
    assert (np.diff(ordered) >= 0).all()
    assert all(len(set(ordered[stamps == s])) == 1 for s in range(50))
    np.testing.assert_array_equal(np.bincount(fold), np.bincount(ordered))
    np.testing.assert_array_equal(np.bincount(ordered), [210, 70, 70])


def test_time_folds_all_exist_when_one_moment_holds_most_rows() -> None:
    stamps = np.repeat([1.0, 2.0, 3.0], [96, 2, 2])
    assert folds.split_in_time(stamps, "t")[[0, 96, 98]].tolist() == [0, 1, 2]


def test_two_moments_cannot_be_split() -> None:
    with pytest.raises(NotTrainableError, match=r"'t' .*2 distinct moments"):
        folds.split_in_time(np.array([1.0, 2.0]), "t")


def test_named_folds_are_read_and_others_refused() -> None:
    given = pd.Series(["train", "test", None, "calibrate"], name="fold")
    assert folds.read_folds(given).tolist() == [0, 2, -1, 1]
    with pytest.raises(ValueError, match=r"column 'fold' .*'valid'"):
        folds.read_folds(pd.Series(["valid"], name="fold"))


def test_cross_folds_spread_positives_and_keep_groups_whole() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 400, 2_000).astype(np.uint64)
    y = (groups % 20 == 0).astype(float)
    fold = folds.cross_folds(groups, y, 5, seed=0)
    assert all(len(set(fold[groups == g])) == 1 for g in np.unique(groups))
    positives = [len(np.unique(groups[(fold == f) & (y > 0)])) for f in range(5)]
    assert positives == [4, 4, 4, 4, 4]
