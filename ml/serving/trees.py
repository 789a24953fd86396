"""Boosted trees as flat arrays, and compiled loops over them: margins and exact TreeSHAP values.

XGBoost builds a matrix object per call, which takes longer than the trees themselves when one row
is scored. Margins here have XGBoost's bits: leaves are added in float32, in its order.
Contributions are in float64, where XGBoost's are rounded to float32.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit

from ml.errors import ArtefactError
from ml.scoring.words import N_REASONS

# A leaf has a table of contributions for each way in which a row can leave its path, which doubles
# with each feature on the path. Training goes to depth 4.
MAX_PATH_FEATURES = 8


@dataclass(frozen=True)
class FlatTrees:
    """All trees of all boosters.

    Parameters
    ----------
    feature, threshold, left, right, default_left
        Of each node; `left` is -1 at a leaf. At a leaf `threshold` is its value.
    category_start, category_count
        Of each node that splits by categories: where its part of `goes_right` begins, and how many
        codes it has. A count of 0: the node splits by its threshold.
    by_category
        Nodes that split by categories.
    goes_right
        Whether a category goes right, for each such node and code.
    roots
        First node of each tree.
    booster_end, booster_base
        Of each booster: one past its last tree, and the margin before its first tree.
    path_start, path_node, path_side, path_slot
        Of each unit, which is a small tree or a leaf of a larger one: its part of the splits that
        decide its contributions; the side that each asks about (1 for left); and which bit of the
        unit's pattern it clears if a row goes to the other side.
    full
        Of each unit: the pattern with all of its bits.
    slot_start, slot_feature
        Of each unit: its part of the features that contribute.
    table_start, table
        Of each unit: contribution of each of these features for each pattern.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    default_left: np.ndarray
    category_start: np.ndarray
    category_count: np.ndarray
    by_category: np.ndarray
    goes_right: np.ndarray
    roots: np.ndarray
    booster_end: np.ndarray
    booster_base: np.ndarray
    path_start: np.ndarray
    path_node: np.ndarray
    path_side: np.ndarray
    path_slot: np.ndarray
    full: np.ndarray
    slot_start: np.ndarray
    slot_feature: np.ndarray
    table_start: np.ndarray
    table: np.ndarray

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Name -> array."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def margin(self, x: np.ndarray) -> float:
        """Mean margin of the boosters for an encoded row, float32, shape (d,)."""
        return _margin(
            x,
            self.feature,
            self.threshold,
            self.left,
            self.right,
            self.default_left,
            self.category_start,
            self.category_count,
            self.goes_right,
            self.roots,
            self.booster_end,
            self.booster_base,
        )

    def contributions(self, x: np.ndarray) -> np.ndarray:
        """Exact TreeSHAP values of an encoded row on the margin, float64, shape (d,)."""
        return _contributions(
            x,
            self.feature,
            self.threshold,
            self.left,
            self.default_left,
            self.category_start,
            self.category_count,
            self.by_category,
            self.goes_right,
            self.path_start,
            self.path_node,
            self.path_side,
            self.path_slot,
            self.full,
            self.slot_start,
            self.slot_feature,
            self.table_start,
            self.table,
            len(self.booster_end),
        )


@njit(cache=True, nogil=True, inline="always")
def _goes_left(
    value: Any,  # noqa: ANN401 - numba's types
    threshold: Any,  # noqa: ANN401
    default_left: Any,  # noqa: ANN401
    start: Any,  # noqa: ANN401
    count: Any,  # noqa: ANN401
    goes_right: Any,  # noqa: ANN401
) -> bool:
    if np.isnan(value):
        return default_left == 1
    if count > 0:
        code = int(value)
        return not (0 <= code < count and goes_right[start + code] == 1)
    return value < threshold


@njit(cache=True, nogil=True)
def _margin(
    x: Any,  # noqa: ANN401
    feature: Any,  # noqa: ANN401
    threshold: Any,  # noqa: ANN401
    left: Any,  # noqa: ANN401
    right: Any,  # noqa: ANN401
    default_left: Any,  # noqa: ANN401
    category_start: Any,  # noqa: ANN401
    category_count: Any,  # noqa: ANN401
    goes_right: Any,  # noqa: ANN401
    roots: Any,  # noqa: ANN401
    booster_end: Any,  # noqa: ANN401
    booster_base: Any,  # noqa: ANN401
) -> float:
    total = 0.0
    tree = 0
    for booster in range(booster_end.shape[0]):
        margin = booster_base[booster]
        while tree < booster_end[booster]:
            node = roots[tree]
            while left[node] >= 0:
                if _goes_left(
                    x[feature[node]],
                    threshold[node],
                    default_left[node],
                    category_start[node],
                    category_count[node],
                    goes_right,
                ):
                    node = left[node]
                else:
                    node = right[node]
            margin = np.float32(margin + threshold[node])
            tree += 1
        total += np.float64(margin)
    return total / booster_end.shape[0]


@njit(cache=True, nogil=True)
def _contributions(
    x: Any,  # noqa: ANN401
    feature: Any,  # noqa: ANN401
    threshold: Any,  # noqa: ANN401
    left: Any,  # noqa: ANN401
    default_left: Any,  # noqa: ANN401
    category_start: Any,  # noqa: ANN401
    category_count: Any,  # noqa: ANN401
    by_category: Any,  # noqa: ANN401
    goes_right: Any,  # noqa: ANN401
    path_start: Any,  # noqa: ANN401
    path_node: Any,  # noqa: ANN401
    path_side: Any,  # noqa: ANN401
    path_slot: Any,  # noqa: ANN401
    full: Any,  # noqa: ANN401
    slot_start: Any,  # noqa: ANN401
    slot_feature: Any,  # noqa: ANN401
    table_start: Any,  # noqa: ANN401
    table: Any,  # noqa: ANN401
    n_boosters: int,
) -> np.ndarray:
    # No branches here: a processor guesses them, and for splits it guesses wrong.
    side = np.empty(left.shape[0], dtype=np.uint8)
    for node in range(left.shape[0]):
        value = x[feature[node]]
        missing = np.uint8(value != value)
        below = np.uint8(value < threshold[node])
        side[node] = below | (missing & default_left[node])
    for at in range(by_category.shape[0]):
        node = by_category[at]
        side[node] = _goes_left(
            x[feature[node]],
            threshold[node],
            default_left[node],
            category_start[node],
            category_count[node],
            goes_right,
        )
    out = np.zeros(x.shape[0])
    for unit in range(full.shape[0]):
        first, end = slot_start[unit], slot_start[unit + 1]
        pattern = full[unit]
        for at in range(path_start[unit], path_start[unit + 1]):
            other = np.int32(side[path_node[at]] ^ path_side[at])
            pattern &= ~(other << path_slot[at])
        row = table_start[unit] + pattern * (end - first)
        for slot in range(first, end):
            out[slot_feature[slot]] += table[row]
            row += 1
    return out / n_boosters


def leaf_tables(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Shapley values of leaves for every pattern of conditions that a row fulfils.

    Parameters
    ----------
    values
        Of each leaf, shape (n,).
    shares
        For each feature on a leaf's path, the share of rows that its splits let through,
        shape (n, u).

    Returns
    -------
    ndarray of float64, shape (n, 2 ** u, u)
        Second axis: bit i is set if the row goes the path's way at every split on feature i.

    Examples
    --------
    A tree of one split, of which 3 in 4 rows go to the leaf with the value 1:

    >>> leaf_tables(np.array([1.0]), np.array([[0.75]])).tolist()
    [[[-0.75], [0.25]]]
    """
    n = shares.shape[1]
    if n > MAX_PATH_FEATURES:
        msg = (
            f"a path of a tree has {n} features, more than the {MAX_PATH_FEATURES} that the API "
            "explains; train with a lower max_depth."
        )
        raise ArtefactError(msg)
    met = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)[None]
    shares = shares[:, None]
    out = np.zeros((len(values), 2**n, n))
    # A feature's value is its mean effect over the orders in which features become known. As a
    # function of the share that is known already, the effect is a polynomial, and is integrated.
    points, weights = np.polynomial.legendre.leggauss(n // 2 + 1)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        factors = point * met + (1 - point) * shares
        for at in range(n):
            others = np.prod(np.delete(factors, at, axis=2), axis=2)
            out[:, :, at] += weight * (met[:, :, at] - shares[:, :, at]) * others
    return out * values[:, None, None]


def strongest(contributions: np.ndarray, behaviour: np.ndarray, least: float) -> list[int]:
    """Find the feature that each of the strongest score-raising behaviours is told by.

    Parameters
    ----------
    contributions
        Of each feature, float64, shape (d,).
    behaviour
        Number of each feature's behaviour, in order of first appearance, int32, shape (d,).
    least
        Behaviours whose contributions add up to less are left out.

    Returns
    -------
    list of int
        Positions of features, strongest behaviour first, at most N_REASONS.
    """
    found = _strongest(contributions, behaviour, least, N_REASONS)
    return [at for at in found.tolist() if at >= 0]


@njit(cache=True, nogil=True)
def _strongest(contributions: Any, behaviour: Any, least: float, most: int) -> np.ndarray:  # noqa: ANN401
    total = np.zeros(behaviour.max() + 1)
    best = np.full(total.shape[0], -1)
    for at in range(contributions.shape[0]):
        mine = behaviour[at]
        total[mine] += contributions[at]
        if best[mine] < 0 or contributions[at] > contributions[best[mine]]:
            best[mine] = at
    out = np.full(most, -1)
    for place in range(min(most, total.shape[0])):
        first = total.argmax()
        if total[first] < least:
            break
        out[place] = best[first]
        total[first] = -np.inf
    return out
