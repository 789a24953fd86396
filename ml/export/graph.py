"""A model as an ONNX graph, from raw columns to the calibrated probability.

It is written node by node, not by a converter. Existing converters read XGBoost's text dump, which
has no threshold for indicator features, and do not support several boosters, recalibration or
texts. The graph:

- takes one input per column, shape (n, 1): texts as strings, all else as float32, datetimes as
  their parts. Null is NaN, or MISSING_TEXT for texts. Inner names differ from all column names;
- looks up for each text which of the sets in the trees' splits contain it. So a tree splits on "is
  in that set" as on a number, and no part of a tree is repeated;
- adds up each booster's leaves in float32 in XGBoost's own order, so that rounding is the same;
- takes the mean over boosters and recalibrates in float64, and returns `probability`, float32,
  shape (n, 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ml.data.column import Column
from ml.data.kinds import to_labels
from ml.data.schema import Schema
from ml.model.trained import PropensityModel
from ml.model.trees import Ensemble, read_booster

MISSING_TEXT = "__null__"
OUTPUT = "probability"
# Read by every ONNX Runtime since 1.16.
_OPSET, _ML_OPSET, _IR = 17, 3, 8


def inputs_of(schema: Schema) -> list[dict[str, str]]:
    """Name and kind (`string` or `float`) of the graph's inputs for each column.

    They have the names of the columns and their parts. If a part would have the name of another
    column, `_` is added.
    """
    taken = set(schema.names)
    out = []
    for column in schema.columns:
        if column.kind == "categorical":
            out.append({column.name: "string"})
            continue
        names = list(column.parts)
        if names != [column.name]:
            names = [_free(name, taken) for name in names]
            taken.update(names)
        out.append(dict.fromkeys(names, "float"))
    return out


def output_of(schema: Schema) -> str:
    """Name of the graph's output: OUTPUT, with `_` added if an input has that name."""
    return _free(OUTPUT, {name for inputs in inputs_of(schema) for name in inputs})


def missing_text_of(schema: Schema) -> str:
    """Text that stands for null: MISSING_TEXT, with `_` added if a category has that name."""
    return _free(MISSING_TEXT, {text for c in schema.columns for text in c.categories})


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def feed(model: PropensityModel, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Turn a frame into the graph's inputs, as another program would."""
    schema = model.schema
    x = schema.encode(frame)
    missing = missing_text_of(schema)
    out: dict[str, np.ndarray] = {}
    at = 0
    for column, inputs in zip(schema.columns, inputs_of(schema), strict=True):
        for name, kind in inputs.items():
            values = x[:, [at]]
            if kind == "string":
                codes, labels = to_labels(frame[column.name])
                # No category has the text that stands for null; such a value is one of the others.
                labels = [f"{label}_" if label == missing else label for label in labels]
                values = np.array([*labels, missing], dtype=object)[codes].reshape(-1, 1)
            out[name] = values
            at += 1
    return out


def build(model: PropensityModel, metadata: dict[str, str]) -> bytes:
    """Write the graph.

    Parameters
    ----------
    model
        A model of probabilities.
    metadata
        Kept with the graph.

    Returns
    -------
    bytes
        A serialised ONNX model.
    """
    from onnx import TensorProto, checker, helper

    schema = model.schema
    nodes: list[Any] = []
    ensembles = [read_booster(booster, schema.feature_types) for booster in model.boosters]
    columns: list[str] = []
    position: dict[tuple[int, frozenset[int] | None], int] = {}
    inputs, given = [], {}
    at = width = 0
    for column, names in zip(schema.columns, inputs_of(schema), strict=True):
        for name, kind in names.items():
            is_text = kind == "string"
            tensor = TensorProto.STRING if is_text else TensorProto.FLOAT
            inputs.append(helper.make_tensor_value_info(name, tensor, ["n", 1]))
            given[f"input_{at}"] = name
            if is_text:
                sets = _sets(ensembles, at)
                if sets:
                    nodes += _membership(
                        column, sets, f"input_{at}", f"sets_{at}", missing_text_of(schema)
                    )
                    columns.append(f"sets_{at}")
                position |= {(at, named): width + place for place, named in enumerate(sets)}
                width += len(sets)
            else:
                columns.append(f"input_{at}")
                position[at, None] = width
                width += 1
            at += 1
    nodes.append(helper.make_node("Concat", columns, ["features"], axis=1))
    for number, ensemble in enumerate(ensembles):
        nodes += _nodes(ensemble, position).nodes_of(f"booster_{number}")
    nodes += _mean(len(ensembles)) + _calibration(model)
    output = output_of(schema)
    _rename(nodes, {**given, OUTPUT: output})
    graph = helper.make_graph(
        nodes,
        "propensity",
        inputs,
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 1])],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    out = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    helper.set_model_props(out, metadata)
    checker.check_model(out)
    return out.SerializeToString()


def _rename(nodes: list[Any], outer: dict[str, str]) -> None:
    """Give nodes names that no column can have, and inputs and output theirs."""
    prefix = "cdp:"
    while any(name.startswith(prefix) for name in outer.values()):
        prefix += ":"
    for node in nodes:
        for names in (node.input, node.output):
            names[:] = [outer.get(name, f"{prefix}{name}") for name in names]


@dataclass
class _TreeNodes:
    """Nodes of a TreeEnsembleRegressor, one list per attribute."""

    trees: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    missing_left: list[int] = field(default_factory=list)
    leaf_trees: list[int] = field(default_factory=list)
    leaf_nodes: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, tree: int, node: int, split: tuple[int, float, int, int, int] | None) -> None:
        """Add a node: feature, threshold, left, right, missing goes left; None for a leaf."""
        feature, value, left, right, missing_left = split or (0, 0.0, 0, 0, 0)
        self.trees.append(tree)
        self.nodes.append(node)
        self.modes.append("BRANCH_LT" if split else "LEAF")
        self.features.append(feature)
        self.values.append(value)
        self.left.append(left)
        self.right.append(right)
        self.missing_left.append(missing_left)

    def nodes_of(self, name: str) -> list[Any]:
        """Sum of the leaves as `name`, in float64."""
        from onnx import TensorProto, helper

        ensemble = helper.make_node(
            "TreeEnsembleRegressor",
            ["features"],
            [f"{name}_float"],
            domain="ai.onnx.ml",
            aggregate_function="SUM",
            post_transform="NONE",
            n_targets=1,
            nodes_treeids=self.trees,
            nodes_nodeids=self.nodes,
            nodes_featureids=self.features,
            nodes_values=self.values,
            nodes_modes=self.modes,
            nodes_truenodeids=self.left,
            nodes_falsenodeids=self.right,
            nodes_missing_value_tracks_true=self.missing_left,
            target_treeids=self.leaf_trees,
            target_nodeids=self.leaf_nodes,
            target_ids=[0] * len(self.weights),
            target_weights=self.weights,
        )
        cast = helper.make_node("Cast", [f"{name}_float"], [name], to=TensorProto.DOUBLE)
        return [ensemble, cast]


def _sets(ensembles: list[Ensemble], feature: int) -> list[frozenset[int]]:
    """List the sets of categories that splits on a feature name."""
    named = {
        categories
        for ensemble in ensembles
        for tree in ensemble.trees
        for node, categories in tree.sets.items()
        if tree.features[node] == feature
    }
    return sorted(named, key=sorted)


def _membership(
    column: Column, sets: list[frozenset[int]], given: str, out: str, missing: str
) -> list[Any]:
    """Turn texts into one column per set: 1 if the set holds the text, 0 if not, NaN for null."""
    from onnx import helper, numpy_helper

    n = len(column.categories)
    # One row per category, one for other texts, one for null.
    table = np.zeros((n + 2, len(sets)), dtype=np.float32)
    for place, named in enumerate(sets):
        table[[code for code in named if code <= n], place] = 1
    table[n + 1] = np.nan
    if not column.other:
        table[n] = np.nan
    encode = helper.make_node(
        "LabelEncoder",
        [given],
        [f"{out}_code"],
        domain="ai.onnx.ml",
        keys_strings=[*column.categories, missing],
        values_int64s=[*range(n), n + 1],
        default_int64=n,
    )
    constants = {f"{out}_table": table, f"{out}_shape": np.array([-1, len(sets)], dtype=np.int64)}
    return [
        encode,
        *(_constant(name, value, numpy_helper, helper) for name, value in constants.items()),
        helper.make_node("Gather", [f"{out}_table", f"{out}_code"], [f"{out}_rows"], axis=0),
        helper.make_node("Reshape", [f"{out}_rows", f"{out}_shape"], [out]),
    ]


def _nodes(
    ensemble: Ensemble, position: dict[tuple[int, frozenset[int] | None], int]
) -> _TreeNodes:
    out = _TreeNodes()
    base = _base(ensemble)
    for number, tree in enumerate(ensemble.trees):
        for node, condition in enumerate(tree.conditions):
            if tree.is_leaf(node):
                out.add(number, node, None)
                out.leaf_trees.append(number)
                out.leaf_nodes.append(node)
                # XGBoost starts from the base; ONNX would add it last, and round differently.
                first = np.float32(base) if number == 0 else np.float32(0)
                out.weights.append(float(first + np.float32(condition)))
                continue
            named = tree.sets.get(node)
            split = (
                position[tree.features[node], named],
                condition if named is None else 0.5,
                tree.left[node],
                tree.right[node],
                tree.default_left[node],
            )
            out.add(number, node, split)
    return out


def _base(ensemble: Ensemble) -> float:
    """Log-odds before the first tree."""
    objective = ensemble.objective["name"]
    if objective != "binary:logistic":
        msg = f"a model of {objective} has no ONNX form here"
        raise ValueError(msg)
    p = np.float32(ensemble.base_score)
    # In float32 and written like this, as XGBoost does.
    return float(-np.log(np.float32(1) / p - np.float32(1)))


def _mean(n: int) -> list[Any]:
    from onnx import helper, numpy_helper

    return [
        helper.make_node("Sum", [f"booster_{at}" for at in range(n)], ["total"]),
        _constant("n_boosters", np.array(float(n)), numpy_helper, helper),
        helper.make_node("Div", ["total", "n_boosters"], ["log_odds"]),
    ]


def _calibration(model: PropensityModel) -> list[Any]:
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []

    def constant(name: str, value: np.ndarray) -> Any:  # noqa: ANN401
        return _constant(name, value, numpy_helper, helper)

    given = model.calibration
    if given.method == "isotonic":
        at, value = np.array(given.knots, dtype=np.float64).T
        if len(at) == 1:
            at, value = np.append(at, at + 1), np.append(value, value)
        # Each stretch adds its rise times the part of it that lies below the log-odds.
        nodes += [
            constant("start", at[:-1]),
            constant("length", np.diff(at)),
            constant("rise", np.diff(value).reshape(-1, 1)),
            constant("lowest", value[:1]),
            constant("zero", np.array(0.0)),
            constant("one", np.array(1.0)),
            helper.make_node("Sub", ["log_odds", "start"], ["above"]),
            helper.make_node("Div", ["above", "length"], ["share"]),
            helper.make_node("Clip", ["share", "zero", "one"], ["passed"]),
            helper.make_node("MatMul", ["passed", "rise"], ["risen"]),
            helper.make_node("Add", ["risen", "lowest"], ["p"]),
        ]
    else:
        nodes += [
            constant("slope", np.array(given.slope)),
            constant("intercept", np.array(given.intercept)),
            helper.make_node("Mul", ["log_odds", "slope"], ["sloped"]),
            helper.make_node("Add", ["sloped", "intercept"], ["calibrated"]),
            helper.make_node("Sigmoid", ["calibrated"], ["p"]),
        ]
    return [*nodes, helper.make_node("Cast", ["p"], [OUTPUT], to=TensorProto.FLOAT)]


def _constant(name: str, value: np.ndarray, numpy_helper: Any, helper: Any) -> Any:  # noqa: ANN401
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))
