"""Folds, weights and order: which rows teach, which judge, and how much each counts.

Everything is computed from hashes of the rows' values, so the order of rows does not matter. Rows
with equal values are still different subjects: without a group, each row is a subject of its own
(`row_subjects`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.errors import NotTrainableError

FOLDS = ("train", "calibrate", "test")
# Shares of groups, and of rows in time order, in train / calibrate / test.
FOLD_SHARES = (0.6, 0.2, 0.2)
# A group with more rows than this counts as so many rows, shared among them. A hundred changes
# nothing for nearly all visitors; a lower cap would distort the scores of busy ones.
MAX_ROWS_PER_GROUP = 100

# Equal rows without a group are copies of one another, not rows that are equal by chance, if by
# chance at least so many sets of equal rows would have differing targets and less than this share
# of that has. A set of more rows than MAX_COPIES, or of a larger share of all rows, is a population
# (idle people), not copies.
MIN_SETS_BY_CHANCE, MAX_SHARE_DIFFERING = 10.0, 0.1
MAX_COPIES, MAX_COPIES_SHARE = 10, 0.01

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15


def mix(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Scramble 64-bit integers (the finaliser of SplitMix64), shape and dtype uint64 kept.

    Reference: Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators".
    """
    # Computed with Python's integers: NumPy would warn of the overflow, which is intended.
    step = np.uint64(_STEP * (seed % 2**32 + 1) % 2**64)
    out = values.astype(np.uint64) + step
    out = (out ^ (out >> np.uint64(30))) * _MIX_1
    out = (out ^ (out >> np.uint64(27))) * _MIX_2
    return out ^ (out >> np.uint64(31))


def hash_rows(*columns: np.ndarray) -> np.ndarray:
    """One uint64 per row from numeric columns; NaN equals NaN, -0.0 equals 0.0, shape (n,)."""
    out = np.zeros(len(columns[0]), dtype=np.uint64)
    for values in columns:
        if values.dtype == np.uint64:
            bits = values
        else:
            number = values.astype(np.float64) + 0.0
            number[np.isnan(number)] = np.nan
            bits = number.view(np.uint64)
        out = mix(out ^ bits)
    return out


def hash_groups(values: pd.Series) -> np.ndarray:
    """One uint64 per row, the same for the same group read as text, shape (n,).

    Raises
    ------
    ValueError
        A group is null.
    """
    if values.isna().any():
        msg = (
            f"column {values.name!r} (group) is null in {int(values.isna().sum())} rows; "
            "drop them or give each a group."
        )
        raise ValueError(msg)
    codes, uniques = pd.factorize(values)
    texts = np.array([str(value) for value in uniques], dtype=object)
    return pd.util.hash_array(texts, categorize=False)[codes]


def row_subjects(content: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, int]:
    """Make each row a subject of its own, even if other rows have the same values.

    Equal rows are numbered, so that no two have the same hash, and the order in which they come
    does not matter. Only copies of a row share a hash. Small sets of equal rows count as copies if
    hardly any of them has differing targets, though by chance many would.

    Parameters
    ----------
    content
        Hash of all that a row holds but its target, uint64, shape (n,).
    y
        Targets, more than 0 where the outcome happened.

    Returns
    -------
    tuple of ndarray and int
        One uint64 per row, shape (n,); how many rows are copies of another one.

    Examples
    --------
    >>> subjects, copies = row_subjects(np.zeros(4, np.uint64), np.array([0.0, 1.0, 0.0, 0.0]))
    >>> len(set(subjects)), copies
    (4, 0)
    """
    order = np.lexsort((y, content))
    first = np.flatnonzero(np.diff(content[order], prepend=~content[order[:1]]) != 0)
    size = np.diff(np.append(first, len(content)))
    number = np.arange(len(content)) - np.repeat(first, size)
    few = (size > 1) & (size <= min(MAX_COPIES, MAX_COPIES_SHARE * len(content)))
    differ = y[order][first] != y[order][first + size - 1]
    rate = float((y > 0).mean())
    by_chance = (1 - rate**size - (1 - rate) ** size)[few].sum()
    n_copies = 0
    if by_chance >= MIN_SETS_BY_CHANCE and differ[few].sum() <= MAX_SHARE_DIFFERING * by_chance:
        copied = few & ~differ
        number[np.repeat(copied, size)] = 0
        n_copies = int((size - 1)[copied].sum())
    out = np.empty(len(content), dtype=np.uint64)
    # Scrambled first: in `stable_order` the hash meets that of the same content.
    out[order] = hash_rows(mix(content[order], 1), number)
    return out, n_copies


def to_uniform(hashes: np.ndarray, seed: int) -> np.ndarray:
    """Turn each hash into a number in [0, 1), shape (n,)."""
    return (mix(hashes, seed) >> np.uint64(11)).astype(np.float64) / 2.0**53


def group_weights(groups: np.ndarray, max_rows: int = MAX_ROWS_PER_GROUP) -> np.ndarray:
    """Weight of each row so that no group counts more than `max_rows` rows, shape (n,).

    Examples
    --------
    >>> group_weights(np.array([7, 7, 7, 8]), max_rows=2).round(2)
    array([0.67, 0.67, 0.67, 1.  ])
    """
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return np.minimum(1.0, max_rows / counts)[inverse]


def split_in_time(stamps: np.ndarray, name: str | None) -> np.ndarray:
    """Fold of each row by time alone: 0 train, 1 calibrate, 2 test, shape (n,).

    Rows at one moment share a fold. `name` is the time column's, for errors.
    """
    if np.isnan(stamps).any():
        msg = f"column {name!r} (time) is null in {int(np.isnan(stamps).sum())} rows; drop them."
        raise ValueError(msg)
    moments, counts = np.unique(stamps, return_counts=True)
    if len(moments) < len(FOLDS):
        msg = (
            f"column {name!r} (time) has {len(moments)} distinct moments; forward folds need 3. "
            "Add later rows, or train without time."
        )
        raise NotTrainableError(msg)
    centre = (np.cumsum(counts) - counts / 2) / counts.sum()
    fold = np.searchsorted(np.cumsum(FOLD_SHARES)[:-1], centre, side="right")
    fold[0], fold[-1] = 0, 2
    if not (fold == 1).any():
        fold[np.flatnonzero(fold == 2)[0] if (fold == 2).sum() > 1 else -2] = 1
    return fold[np.searchsorted(moments, stamps)].astype(np.int8)


def split_groups(hashes: np.ndarray, seed: int) -> np.ndarray:
    """Fold of each row by its subject's hash: 0 train, 1 calibrate, 2 test."""
    edges = np.cumsum(FOLD_SHARES)[:-1]
    return np.searchsorted(edges, to_uniform(hashes, seed), side="right").astype(np.int8)


def read_folds(values: pd.Series) -> np.ndarray:
    """Fold of each row from a column of texts train / calibrate / test; -1 for null, shape (n,)."""
    known = {None: -1, **{fold: at for at, fold in enumerate(FOLDS)}}
    text = values.astype(object).where(values.notna(), None)
    bad = [value for value in text.unique() if value not in known]
    if bad:
        msg = f"column {values.name!r} (fold) has the value {bad[0]!r}; use one of {FOLDS}."
        raise ValueError(msg)
    return text.map(known).to_numpy(dtype=np.int8)


def cross_folds(hashes: np.ndarray, y: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Cross-validation fold of each row, positives spread evenly, shape (n,).

    Parameters
    ----------
    hashes
        Hash of each row's subject: equal hashes share a fold.
    y
        Targets, 1.0 or 0.0.
    n_folds
        How many.
    seed
        Another seed, another split.

    Notes
    -----
    Hashes are ranked within "has a positive" and "has none", and dealt out in turn.
    """
    unique, inverse = np.unique(mix(hashes, seed), return_inverse=True)
    positive = np.bincount(inverse, weights=y) > 0
    fold = np.empty(len(unique), dtype=np.int8)
    for kind in (True, False):
        members = np.flatnonzero(positive == kind)
        fold[members] = np.arange(len(members)) % n_folds
    return fold[inverse]
