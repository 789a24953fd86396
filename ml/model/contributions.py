"""Exact TreeSHAP contributions of many rows, computed once per cell of a tree.

The contributions of trees add up. Rows that are on the same side of every split of a tree form a
cell: they have the same contributions in that tree. So each tree's own TreeSHAP is computed for one
row per cell and copied to the others: the same numbers with far fewer evaluations.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from ml.model.booster import predict_contributions
from ml.model.trees import Tree, read_booster

# Below this, asking the whole model row by row is faster.
MIN_ROWS = 1_000
# Trees are split over this many sums, which are added in a fixed order, so that the result does not
# depend on the number of threads.
_LANES = 4
_BLOCK_ROWS = 50_000
# If a tree has more possible cells than this, its cells are sorted instead of looked up. If it has
# more than _MOST_CELLS, a cell hardly has more than one row, and every row is explained by itself.
_MANY_CELLS = 200_000
_MOST_CELLS = 2**40


@dataclass(frozen=True)
class _Split:
    """One split: what goes right, by threshold or by a set of categories."""

    threshold: float
    categories: frozenset[int] | None
    missing_right: bool


@dataclass(frozen=True)
class _Cells:
    """One tree and the cells it cuts the features into.

    Parameters
    ----------
    booster
        The tree alone.
    features
        Positions of the features it splits on.
    lookups
        For each, the part of the cell's number that a bin stands for.
    n_cells
        One more than the highest number of a cell.
    """

    booster: xgb.Booster
    features: tuple[int, ...]
    lookups: tuple[np.ndarray, ...]
    n_cells: int


class Explainer:
    """Contributions by the mean of several boosters.

    Parameters
    ----------
    boosters
        As trained.
    feature_types
        XGBoost's type of each encoded feature.
    n_threads
        How many to use; by default as many as there are cores. A Spark task has one.
    """

    def __init__(
        self,
        boosters: list[xgb.Booster],
        feature_types: list[str],
        n_threads: int | None = None,
    ) -> None:
        self._boosters = boosters
        self._types = feature_types
        self._n_threads = n_threads or os.cpu_count() or 1
        self._edges: list[np.ndarray] = []
        self._trees: list[_Cells] = []

    def contributions(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Contributions to the log-odds.

        Parameters
        ----------
        x
            Encoded rows, float32, shape (n, d).

        Returns
        -------
        tuple of ndarray of float64, shape (n, d), and float
            And the base value, the same for all rows; a row's sum with it is its log-odds.
        """
        probe = x[:1] if len(x) else np.full((1, x.shape[1]), np.nan, dtype=np.float32)
        base = float(predict_contributions(self._boosters, probe, self._types)[0, -1])
        if not len(x):
            return np.zeros(x.shape), base
        if len(x) < MIN_ROWS:
            return predict_contributions(self._boosters, x, self._types)[:, :-1], base
        if not self._trees:
            self._read()
        out = np.empty(x.shape)
        deep = any(tree.n_cells > _MOST_CELLS for tree in self._trees)
        with ThreadPoolExecutor(self._n_threads) as pool:
            for start in range(0, len(x), _BLOCK_ROWS):
                block = x[start : start + _BLOCK_ROWS]
                out[start : start + _BLOCK_ROWS] = (
                    predict_contributions(self._boosters, block, self._types)[:, :-1]
                    if deep
                    else self._block(block, pool)
                )
        return out, base

    def _block(self, x: np.ndarray, pool: ThreadPoolExecutor) -> np.ndarray:
        bins = np.column_stack([self._bins(x[:, at], at) for at in range(x.shape[1])])
        first, whose = _distinct(bins)
        x, columns = x[first], list(np.ascontiguousarray(bins[first].T))
        lanes = [self._trees[lane::_LANES] for lane in range(_LANES)]
        sums = list(pool.map(lambda trees: self._sum(trees, x, columns), lanes))
        return (sum(sums[1:], sums[0]) / len(self._boosters)).T[whose]

    def _sum(self, trees: list[_Cells], x: np.ndarray, bins: list[np.ndarray]) -> np.ndarray:
        """Sum of some trees' contributions, shape (d, n)."""
        out = np.zeros((x.shape[1], len(x)))
        rows = np.arange(len(x))
        for tree in trees:
            cell = np.zeros(len(x), dtype=np.int64)
            for feature, lookup in zip(tree.features, tree.lookups, strict=True):
                cell += lookup[bins[feature]]
            n_cells = tree.n_cells
            if n_cells > _MANY_CELLS:
                cell = np.unique(cell, return_inverse=True)[1]
                n_cells = int(cell.max()) + 1
            row_of = np.full(n_cells, -1)
            row_of[cell] = rows
            known = np.flatnonzero(row_of >= 0)
            matrix = xgb.DMatrix(
                x[row_of[known]], feature_types=self._types, enable_categorical=True, nthread=1
            )
            values = tree.booster.predict(matrix, pred_contribs=True)
            by_cell = np.zeros(n_cells)
            for feature in tree.features:
                by_cell[known] = values[:, feature]
                out[feature] += by_cell[cell]
        return out

    def _bins(self, values: np.ndarray, feature: int) -> np.ndarray:
        """Find between which edges of all trees a value lies; missing values have the last bin."""
        edges = self._edges[feature]
        found = np.searchsorted(edges, values, side="right")
        return np.where(np.isnan(values), len(edges) + 1, found).astype(np.int32)

    def _read(self) -> None:
        parsed = [
            [_splits(tree) for tree in read_booster(booster, self._types).trees]
            for booster in self._boosters
        ]
        every = [tree for trees in parsed for tree in trees]
        self._edges = [
            _edges([split for tree in every for split in tree.get(feature, [])])
            for feature in range(len(self._types))
        ]
        read: list[_Cells] = []
        for booster, trees in zip(self._boosters, parsed, strict=True):
            single = booster.copy()
            single.set_param({"nthread": 1})
            read += [self._tree(single[at : at + 1], tree) for at, tree in enumerate(trees)]
        self._trees = read

    def _tree(self, booster: xgb.Booster, splits: dict[int, list[_Split]]) -> _Cells:
        lookups = []
        n_cells = 1
        for feature, mine in splits.items():
            cell = _cells(mine, self._edges[feature])
            lookups.append(cell * n_cells)
            n_cells = min(n_cells * (int(cell.max()) + 1), _MOST_CELLS + 1)
        return _Cells(booster, tuple(splits), tuple(lookups), n_cells)


def _edges(splits: list[_Split]) -> np.ndarray:
    """List the values at which some split changes sides, ascending."""
    values = [split.threshold for split in splits if split.categories is None]
    for split in splits:
        for category in split.categories or ():
            values += [category, category + 1]
    return np.unique(np.array(values, dtype=np.float32))


def _cells(splits: list[_Split], edges: np.ndarray) -> np.ndarray:
    """Give bins numbers from 0; those on the same side of all these splits have the same number."""
    lowest = np.concatenate([[-np.inf], edges])
    sides = []
    for split in splits:
        if split.categories is None:
            right = lowest >= np.float32(split.threshold)
        else:
            right = np.isin(lowest, list(split.categories))
        sides.append(np.append(right, split.missing_right))
    return np.unique(np.array(sides).T, axis=0, return_inverse=True)[1].reshape(-1)


def _splits(tree: Tree) -> dict[int, list[_Split]]:
    """List the splits of a tree by the feature they look at."""
    out: dict[int, list[_Split]] = {}
    for node, feature in enumerate(tree.features):
        if not tree.is_leaf(node):
            split = _Split(
                threshold=tree.conditions[node],
                categories=tree.sets.get(node),
                missing_right=not tree.default_left[node],
            )
            out.setdefault(feature, []).append(split)
    return out


def _distinct(bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the first of each set of equal rows, and the set of each row."""
    whole = np.ascontiguousarray(bins).view(np.dtype((np.void, bins.itemsize * bins.shape[1])))
    _, first, inverse = np.unique(whole.ravel(), return_index=True, return_inverse=True)
    return first, inverse
