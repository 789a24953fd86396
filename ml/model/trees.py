"""Reads XGBoost's JSON of boosted trees, and checks every value of it.

XGBoost's own reader trusts its file: a wrong index crashes the process. So it only gets what
`ml.model.portable` wrote, from the values read and checked here. Whatever else looks into trees
reads them here too.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import xgboost as xgb

from ml.errors import ArtefactError

NO_PARENT = 2_147_483_647
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
_LARGEST = 3.4e38  # of float32
_NUMBER = re.compile(r"[-+]?\d{1,20}(\.\d{0,20})?([eE][-+]?\d{1,2})?")


@dataclass(frozen=True)
class Tree:
    """One tree: a value per node in each list.

    Parameters
    ----------
    left, right, parents
        Nodes; -1 below a leaf, NO_PARENT above the first node.
    features
        Position of the feature that a node splits on.
    conditions
        Threshold from which values go right; of a leaf, its value; 0 of a split by categories.
    default_left
        1 where missing values go left, else 0.
    categories
        Node -> categories that go right, for each node that splits by them.
    base_weights, loss_changes, sum_hessian
        Further values that XGBoost keeps of each node.
    """

    left: list[int]
    right: list[int]
    parents: list[int]
    features: list[int]
    conditions: list[float]
    default_left: list[int]
    categories: dict[int, list[int]]
    base_weights: list[float]
    loss_changes: list[float]
    sum_hessian: list[float]

    @cached_property
    def sets(self) -> dict[int, frozenset[int]]:
        """`categories` as sets."""
        return {node: frozenset(listed) for node, listed in self.categories.items()}

    def is_leaf(self, node: int) -> bool:
        """Whether a node does not split."""
        return self.left[node] < 0


@dataclass(frozen=True)
class Ensemble:
    """Trees whose values add up.

    Parameters
    ----------
    trees
        In their order.
    objective
        `name`, and settings as XGBoost writes them.
    base_score
        The prediction before the first tree, as a number in text.
    """

    trees: list[Tree]
    objective: dict[str, Any]
    base_score: str


def read_booster(booster: xgb.Booster, feature_types: list[str]) -> Ensemble:
    """Read the trees of a booster; see `read_ensemble`."""
    return read_ensemble(bytes(booster.save_raw("json")), feature_types)


def read_ensemble(raw: bytes, feature_types: list[str]) -> Ensemble:
    """Read an ensemble of trees from JSON.

    Parameters
    ----------
    raw
        What `Booster.save_raw("json")` or `portable_json` returned; trusted in nothing.
    feature_types
        XGBoost's type of each feature that the trees may split on.

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
        return Ensemble(
            trees=[_tree(tree, at, feature_types) for at, tree in enumerate(trees)],
            # XGBoost 3 writes a list of one.
            base_score=_text(str(learner["learner_model_param"]["base_score"]).strip("[]")),
            objective=_objective(learner["objective"]),
        )
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


def _tree(tree: dict[str, Any], at: int, feature_types: list[str]) -> Tree:
    n = len(tree["left_children"])
    if n == 0:
        _fail(f"tree {at}", "no node")
    left, right = _integers(tree, "left_children", n, -1), _integers(tree, "right_children", n, -1)
    parents = _check_shape(left, right, at)
    features = _integers(tree, "split_indices", n, 0, len(feature_types) - 1)
    kinds = _integers(tree, "split_type", n, 0, 1)
    conditions = list(tree["split_conditions"])
    nodes = _integers(tree, "categories_nodes", None, 0, n - 1)
    for node, is_set in enumerate(kinds):
        leaf = left[node] < 0
        if is_set and (leaf or feature_types[features[node]] != "c"):
            _fail(f"tree {at}, split_type of node {node}", is_set)
        if is_set:
            # Not read there, and NaN as some releases write it.
            conditions[node] = 0.0
    if nodes != [node for node, is_set in enumerate(kinds) if is_set]:
        _fail(f"tree {at}, categories_nodes", nodes)
    return Tree(
        left=left,
        right=right,
        parents=parents,
        features=features,
        conditions=_numbers(conditions, "split_conditions", n),
        default_left=_integers(tree, "default_left", n, 0, 1),
        categories=_categories(tree, nodes),
        base_weights=_numbers(tree["base_weights"], "base_weights", n),
        loss_changes=_numbers(tree["loss_changes"], "loss_changes", n),
        sum_hessian=_numbers(tree["sum_hessian"], "sum_hessian", n),
    )


def _check_shape(left: list[int], right: list[int], at: int) -> list[int]:
    """Parents of the nodes; every node is reached from the first, by one way."""
    parents = [-1] * len(left)
    parents[0] = NO_PARENT
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


def _categories(tree: dict[str, Any], nodes: list[int]) -> dict[int, list[int]]:
    every = _integers(tree, "categories", None, 0, _MAX_CATEGORY)
    sizes = _integers(tree, "categories_sizes", len(nodes), 0, len(every))
    starts = _integers(tree, "categories_segments", len(nodes), 0, len(every))
    if starts != [sum(sizes[:at]) for at in range(len(sizes))] or sum(sizes) != len(every):
        _fail("categories_segments", starts)
    places = zip(nodes, starts, sizes, strict=True)
    return {node: every[start : start + size] for node, start, size in places}


def _integers(
    tree: dict[str, Any], name: str, n: int | None, low: int, high: int = NO_PARENT - 1
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
