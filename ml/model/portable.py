"""Boosted trees as plain JSON that every XGBoost since 2.1 reads, checked node by node.

XGBoost's own reader trusts its file: an index out of place crashes the process. So what it is
given is written here, from values each of which was looked at, and holds nothing else. Fields
that only newer releases know are left out, so that a model trained on one engine scores on
another with an older XGBoost.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ml.errors import ArtefactError

# The oldest release whose JSON this is; newer ones read it.
_VERSION = [2, 1, 0]
_OBJECTIVES = {
    "binary:logistic",
    "count:poisson",
    "reg:gamma",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
}
_MAX_TREES = 20_000
_MAX_CATEGORY = 10_000
_NO_PARENT = 2_147_483_647
_LARGEST = 3.4e38  # of float32
_NUMBER = re.compile(r"[-+]?\d{1,20}(\.\d{0,20})?([eE][-+]?\d{1,2})?")


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
    try:
        learner = json.loads(raw)["learner"]
        model = learner["gradient_booster"]["model"]
        trees = model["trees"]
        if not 0 < len(trees) <= _MAX_TREES:
            _fail("number of trees", len(trees))
        if any(model["tree_info"]) or learner["gradient_booster"]["name"] != "gbtree":
            _fail("gradient_booster", learner["gradient_booster"]["name"])
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
                    "trees": [_tree(tree, at, feature_types) for at, tree in enumerate(trees)],
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                # XGBoost 3 writes a list of one.
                "base_score": _text(str(learner["learner_model_param"]["base_score"]).strip("[]")),
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(len(feature_types)),
                "num_target": "1",
            },
            "objective": _objective(learner["objective"]),
        }
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        msg = f"not an ensemble of trees ({type(error).__name__}: {error})"
        raise ArtefactError(msg) from error
    return json.dumps({"learner": plain, "version": _VERSION}, separators=(",", ":")).encode()


def _objective(given: dict[str, Any]) -> dict[str, Any]:
    name = given["name"]
    if name not in _OBJECTIVES:
        _fail("objective", name)
    params = {
        str(group): {str(key): _text(value) for key, value in values.items()}
        for group, values in given.items()
        if group != "name" and re.fullmatch(r"[a-z_]{1,40}", group)
    }
    return {"name": name, **params}


def _tree(tree: dict[str, Any], at: int, feature_types: list[str]) -> dict[str, Any]:
    lefts = tree["left_children"]
    n = len(lefts)
    if n == 0:
        _fail(f"tree {at}", "no node")
    left, right = _integers(tree, "left_children", n, -1), _integers(tree, "right_children", n, -1)
    parents = _check_shape(left, right, at)
    indices = _integers(tree, "split_indices", n, 0, len(feature_types) - 1)
    kinds = _integers(tree, "split_type", n, 0, 1)
    conditions = list(tree["split_conditions"])
    nodes = _integers(tree, "categories_nodes", None, 0, n - 1)
    for node, is_set in enumerate(kinds):
        leaf = left[node] < 0
        if is_set and (leaf or feature_types[indices[node]] != "c"):
            _fail(f"tree {at}, split_type of node {node}", is_set)
        if is_set:
            # Not read there, and NaN as some releases write it.
            conditions[node] = 0.0
    if nodes != [node for node, is_set in enumerate(kinds) if is_set]:
        _fail(f"tree {at}, categories_nodes", nodes)
    out = {
        "base_weights": _numbers(tree["base_weights"], "base_weights", n),
        **_categories(tree, nodes),
        "default_left": _integers(tree, "default_left", n, 0, 1),
        "id": at,
        "left_children": left,
        "loss_changes": _numbers(tree["loss_changes"], "loss_changes", n),
        "parents": parents,
        "right_children": right,
        "split_conditions": _numbers(conditions, "split_conditions", n),
        "split_indices": indices,
        "split_type": kinds,
        "sum_hessian": _numbers(tree["sum_hessian"], "sum_hessian", n),
    }
    out["tree_param"] = {
        "num_deleted": "0",
        "num_feature": str(len(feature_types)),
        "num_nodes": str(n),
        "size_leaf_vector": "1",
    }
    return out


def _check_shape(left: list[int], right: list[int], at: int) -> list[int]:
    """Parents of the nodes; every node is reached from the first, by one way."""
    parents = [-1] * len(left)
    parents[0] = _NO_PARENT
    waiting = [0]
    while waiting:
        node = waiting.pop()
        if left[node] < 0 and right[node] < 0:
            continue
        for child in (left[node], right[node]):
            if not 0 < child < len(left) or parents[child] >= 0:
                _fail(f"tree {at}, child of node {node}", child)
            parents[child] = node
            waiting.append(child)
    if -1 in parents:
        _fail(f"tree {at}, a node without parent", parents.index(-1))
    return parents


def _categories(tree: dict[str, Any], nodes: list[int]) -> dict[str, list[int]]:
    every = _integers(tree, "categories", None, 0, _MAX_CATEGORY)
    sizes = _integers(tree, "categories_sizes", len(nodes), 0, len(every))
    starts = _integers(tree, "categories_segments", len(nodes), 0, len(every))
    if starts != [sum(sizes[:at]) for at in range(len(sizes))] or sum(sizes) != len(every):
        _fail("categories_segments", starts)
    return {
        "categories": every,
        "categories_nodes": nodes,
        "categories_segments": starts,
        "categories_sizes": sizes,
    }


def _integers(
    tree: dict[str, Any], name: str, n: int | None, low: int, high: int = _NO_PARENT - 1
) -> list[int]:
    values = [int(value) if isinstance(value, bool) else value for value in tree[name]]
    if n is not None and len(values) != n:
        _fail(f"length of {name}", len(values))
    for value in values:
        if not isinstance(value, int) or not low <= value <= high:
            _fail(name, value)
    return values


def _numbers(values: list[Any], name: str, n: int) -> list[float]:
    if len(values) != n:
        _fail(f"length of {name}", len(values))
    for value in values:
        if not isinstance(value, int | float) or not abs(value) <= _LARGEST or math.isnan(value):
            _fail(name, value)
    return [float(value) for value in values]


def _text(value: Any) -> str:  # noqa: ANN401 - looked at here
    text = str(value)
    if not _NUMBER.fullmatch(text):
        _fail("number", value)
    return text


def _fail(what: str, value: object) -> None:
    msg = f"{what} is {str(value)[:40]!r}, which no sound ensemble of trees has"
    raise ArtefactError(msg)
