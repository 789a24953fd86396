"""A model's boosters as the flat arrays that `ml.serving.trees` walks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

import numpy as np

from ml.errors import ArtefactError
from ml.model.trained import PropensityModel
from ml.model.trees import Ensemble, Tree, read_booster
from ml.serving.trees import FlatTrees, leaf_tables

# A tree of so many splits has one table for all sides that a row may go to; a larger one has a
# table per leaf. Depth 3 has at most 7 splits.
_MOST_SPLITS = 7


@dataclass(frozen=True)
class _Unit:
    """See `FlatTrees`: conditions on splits, and contributions by which of them are met."""

    nodes: list[int]
    sides: list[int]
    slots: list[int]
    features: list[int]
    table: np.ndarray


@dataclass(frozen=True)
class _Leaf:
    """A leaf: its value, the splits above it, and the share of rows that each feature lets pass."""

    value: float
    nodes: list[int]
    sides: list[int]
    shares: dict[int, float]


def flatten(model: PropensityModel) -> FlatTrees:
    """Read the trees of a model.

    Raises
    ------
    ArtefactError
        They are none that this API scores.
    """
    ensembles = [read_booster(booster, model.schema.feature_types) for booster in model.boosters]
    trees = [tree for ensemble in ensembles for tree in ensemble.trees]
    roots = [0, *accumulate(len(tree.left) for tree in trees)][:-1]
    units = [unit for tree, root in zip(trees, roots, strict=True) for unit in _units(tree, root)]
    sets = [tree.sets.get(node, frozenset()) for tree in trees for node in range(len(tree.left))]
    counts = [max(named, default=-1) + 1 for named in sets]
    return FlatTrees(
        feature=_whole(f for tree in trees for f in tree.features),
        threshold=np.array([c for tree in trees for c in tree.conditions], dtype=np.float32),
        left=_children(trees, roots, "left"),
        right=_children(trees, roots, "right"),
        default_left=np.array([d for tree in trees for d in tree.default_left], dtype=np.uint8),
        category_start=_starts(counts)[:-1],
        category_count=_whole(counts),
        by_category=_whole(node for node, count in enumerate(counts) if count),
        goes_right=np.array(
            [code in named for named, n in zip(sets, counts, strict=True) for code in range(n)],
            dtype=np.uint8,
        ),
        roots=_whole(roots),
        booster_end=_whole(accumulate(len(ensemble.trees) for ensemble in ensembles)),
        booster_base=np.array([_base(ensemble) for ensemble in ensembles], dtype=np.float32),
        path_start=_starts([len(unit.nodes) for unit in units]),
        path_node=_whole(node for unit in units for node in unit.nodes),
        path_side=np.array([side for unit in units for side in unit.sides], dtype=np.uint8),
        path_slot=_whole(slot for unit in units for slot in unit.slots),
        full=_whole(len(unit.table) - 1 for unit in units),
        slot_start=_starts([len(unit.features) for unit in units]),
        slot_feature=_whole(feature for unit in units for feature in unit.features),
        table_start=_starts([unit.table.size for unit in units]),
        table=np.concatenate([np.zeros(0), *(unit.table.ravel() for unit in units)]),
    )


def _units(tree: Tree, root: int) -> list[_Unit]:
    splits = [node for node in range(len(tree.left)) if not tree.is_leaf(node)]
    leaves = sorted(_leaves(tree), key=lambda leaf: len(leaf.shares))
    of_leaves = []
    for _, group in groupby(leaves, key=lambda leaf: len(leaf.shares)):
        alike = list(group)
        shares = np.array([list(leaf.shares.values()) for leaf in alike])
        tables = leaf_tables(np.array([leaf.value for leaf in alike]), shares)
        for leaf, table in zip(alike, tables, strict=True):
            features = list(leaf.shares)
            slots = [features.index(tree.features[node]) for node in leaf.nodes]
            of_leaves.append(_Unit(leaf.nodes, leaf.sides, slots, features, table))
    if len(splits) <= _MOST_SPLITS:
        of_leaves = [_whole_tree(tree, splits, of_leaves)]
    return [
        _Unit([root + n for n in unit.nodes], unit.sides, unit.slots, unit.features, unit.table)
        for unit in of_leaves
    ]


def _whole_tree(tree: Tree, splits: list[int], leaves: list[_Unit]) -> _Unit:
    """Add the tables of leaves up to one: bit i says whether a row goes left at split i."""
    features = sorted({tree.features[node] for node in splits})
    patterns = np.arange(2 ** len(splits))
    table = np.zeros((len(patterns), len(features)))
    for leaf in leaves:
        rows = np.full(len(patterns), len(leaf.table) - 1)
        for node, side, slot in zip(leaf.nodes, leaf.sides, leaf.slots, strict=True):
            away = (patterns >> splits.index(node)) & 1 != side
            rows = np.where(away, rows & ~(1 << slot), rows)
        table[:, [features.index(feature) for feature in leaf.features]] += leaf.table[rows]
    n = len(splits)
    return _Unit(splits, [1] * n, list(range(n)), features, table)


def _leaves(tree: Tree) -> list[_Leaf]:
    out = []
    for at in range(len(tree.left)):
        if not tree.is_leaf(at):
            continue
        nodes: list[int] = []
        sides: list[int] = []
        shares: dict[int, float] = {}
        child = at
        while child:
            node = tree.parents[child]
            cover = tree.sum_hessian[node]
            if cover <= 0:
                msg = "a tree splits where there is no row; the API cannot explain its scores."
                raise ArtefactError(msg)
            nodes.append(node)
            sides.append(int(tree.left[node] == child))
            feature = tree.features[node]
            shares[feature] = shares.get(feature, 1.0) * tree.sum_hessian[child] / cover
            child = node
        out.append(_Leaf(float(np.float32(tree.conditions[at])), nodes, sides, shares))
    return out


def _children(trees: list[Tree], roots: list[int], side: str) -> np.ndarray:
    return _whole(
        child + root if child >= 0 else -1
        for tree, root in zip(trees, roots, strict=True)
        for child in getattr(tree, side)
    )


def _base(ensemble: Ensemble) -> float:
    """Margin before the first tree, in float32 and computed as XGBoost does."""
    score = np.float32(ensemble.base_score)
    name = ensemble.objective["name"]
    if name == "binary:logistic":
        return float(-np.log(np.float32(1) / score - np.float32(1)))
    msg = f"a model of {name} predicts no probability; the API serves none."
    raise ArtefactError(msg)


def _whole(values: Any) -> np.ndarray:  # noqa: ANN401 - any iterable of ints
    return np.array(list(values), dtype=np.int32)


def _starts(sizes: list[int]) -> np.ndarray:
    return _whole(accumulate(sizes, initial=0))
