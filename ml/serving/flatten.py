"""A model's boosters as the flat arrays that `ml.serving.trees` walks."""

from __future__ import annotations

from itertools import accumulate, groupby
from typing import Any

import numpy as np

from ml.errors import ArtefactError
from ml.model.trained import PropensityModel
from ml.model.trees import Ensemble, Tree, read_booster
from ml.serving.trees import FlatTrees, leaf_tables


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
    leaves = [leaf for tree, root in zip(trees, roots, strict=True) for leaf in _leaves(tree, root)]
    # Those of one length together, so that their tables are made at once.
    leaves.sort(key=lambda leaf: len(leaf["features"]))
    tables = [np.zeros(0)]
    for _, group in groupby(leaves, key=lambda leaf: len(leaf["features"])):
        alike = list(group)
        values = np.array([leaf["value"] for leaf in alike])
        shares = np.array([leaf["shares"] for leaf in alike])
        tables.append(leaf_tables(values, shares).ravel())
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
        goes_right=np.array(
            [code in named for named, n in zip(sets, counts, strict=True) for code in range(n)],
            dtype=np.uint8,
        ),
        roots=_whole(roots),
        booster_end=_whole(accumulate(len(ensemble.trees) for ensemble in ensembles)),
        booster_base=np.array([_base(ensemble) for ensemble in ensembles], dtype=np.float32),
        path_start=_starts([len(leaf["nodes"]) for leaf in leaves]),
        path_node=_whole(node for leaf in leaves for node in leaf["nodes"]),
        path_side=np.array([s for leaf in leaves for s in leaf["sides"]], dtype=np.uint8),
        path_slot=_whole(slot for leaf in leaves for slot in leaf["slots"]),
        slot_start=_starts([len(leaf["features"]) for leaf in leaves]),
        slot_feature=_whole(feature for leaf in leaves for feature in leaf["features"]),
        table_start=_starts(
            [2 ** len(leaf["features"]) * len(leaf["features"]) for leaf in leaves]
        ),
        table=np.concatenate(tables),
    )


def _leaves(tree: Tree, root: int) -> list[dict[str, Any]]:
    """Describe the leaves of a tree: value, the splits above, the features of these."""
    out = []
    for leaf in range(len(tree.left)):
        if not tree.is_leaf(leaf):
            continue
        nodes, sides, shares = [], [], {}
        child = leaf
        while child:
            node = tree.parents[child]
            feature = tree.features[node]
            cover = tree.sum_hessian[node]
            if cover <= 0:
                msg = "a tree splits where there is no row; the API cannot explain its scores."
                raise ArtefactError(msg)
            nodes.append(root + node)
            sides.append(int(tree.left[node] == child))
            shares[feature] = shares.get(feature, 1.0) * tree.sum_hessian[child] / cover
            child = node
        features = list(shares)
        slots = [features.index(tree.features[node - root]) for node in nodes]
        out.append(
            {
                "nodes": nodes,
                "sides": sides,
                "slots": slots,
                "features": features,
                "shares": list(shares.values()),
                "value": float(np.float32(tree.conditions[leaf])),
            }
        )
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
    if name in {"reg:gamma", "reg:tweedie", "count:poisson"}:
        return float(np.log(score))
    return float(score)


def _whole(values: Any) -> np.ndarray:  # noqa: ANN401 - any iterable of ints
    return np.array(list(values), dtype=np.int32)


def _starts(sizes: list[int]) -> np.ndarray:
    return _whole(accumulate(sizes, initial=0))
