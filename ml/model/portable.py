"""Boosted trees as plain JSON that every XGBoost since 2.1 reads.

It is written from values each of which was checked (`ml.model.trees`), and holds nothing else.
Fields that only newer releases know are left out, so that a model trained on one engine scores on
another with an older XGBoost.
"""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

from ml.model.trees import Tree, read_ensemble

# The oldest release whose JSON this is; newer ones read it.
_VERSION = [2, 1, 0]


def portable_json(raw: bytes, feature_types: list[str]) -> bytes:
    """Rewrite a booster's JSON as the plainest that means the same.

    Parameters
    ----------
    raw
        What `Booster.save_raw("json")` or this function returned; trusted in nothing.
    feature_types
        XGBoost's type of each feature that the trees may split on.

    Returns
    -------
    bytes
        For `Booster.load_model`.

    Raises
    ------
    ArtefactError
        The JSON is no sound ensemble of trees on these features; the message names the place.
    """
    ensemble = read_ensemble(raw, feature_types)
    trees = ensemble.trees
    plain = {
        "attributes": {},
        "feature_names": [],
        "feature_types": feature_types,
        "gradient_booster": {
            "model": {
                "gbtree_model_param": {
                    "num_parallel_tree": "1",
                    "num_trees": str(len(trees)),
                },
                "iteration_indptr": list(range(len(trees) + 1)),
                "tree_info": [0] * len(trees),
                "trees": [_written(tree, at, len(feature_types)) for at, tree in enumerate(trees)],
            },
            "name": "gbtree",
        },
        "learner_model_param": {
            "base_score": ensemble.base_score,
            "boost_from_average": "0",
            "num_class": "0",
            "num_feature": str(len(feature_types)),
            "num_target": "1",
        },
        "objective": ensemble.objective,
    }
    return json.dumps({"learner": plain, "version": _VERSION}, separators=(",", ":")).encode()


def _written(tree: Tree, at: int, n_features: int) -> dict[str, Any]:
    sizes = [len(listed) for listed in tree.categories.values()]
    return {
        "base_weights": tree.base_weights,
        "categories": [code for listed in tree.categories.values() for code in listed],
        "categories_nodes": list(tree.categories),
        "categories_segments": list(accumulate(sizes, initial=0))[:-1],
        "categories_sizes": sizes,
        "default_left": tree.default_left,
        "id": at,
        "left_children": tree.left,
        "loss_changes": tree.loss_changes,
        "parents": tree.parents,
        "right_children": tree.right,
        "split_conditions": tree.conditions,
        "split_indices": tree.features,
        "split_type": [int(node in tree.categories) for node in range(len(tree.left))],
        "sum_hessian": tree.sum_hessian,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(n_features),
            "num_nodes": str(len(tree.left)),
            "size_leaf_vector": "1",
        },
    }
