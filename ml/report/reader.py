"""What the warehouse knows of each version, as plain frames and texts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ml.engines.connections import Reader
from ml.engines.registered import KnownVersions, known_versions

_FRAMES = ("metrics", "curves", "importance", "effects", "folds", "leaks")


class ReportError(ValueError):
    """The warehouse holds nothing to report on; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """One version: the registry's row, its JSON as frames.

    Parameters
    ----------
    row
        Column -> value, without the artefact.
    in_use
        Whether it is the model's present champion.
    words
        `feature_catalogue`, for the features' words; may be empty.
    not_trained
        Why the latest run could not train this model again; empty if it could.
    standing, standing_reason
        Where it stands now, as `propensity_versions` says: retired if it belongs to another
        definition than its model has now; kept if its last published scores stay nevertheless.
        Empty if there is no such table.
    metrics, curves, importance, effects, folds, leaks
        As in the tables of these names; empty if the version has none recorded.
    """

    row: dict[str, Any]
    in_use: bool
    words: pd.DataFrame
    not_trained: str = ""
    standing: str = ""
    standing_reason: str = ""
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    folds: pd.DataFrame = field(default_factory=pd.DataFrame)
    leaks: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def model_name(self) -> str:
        """Name of the model."""
        return str(self.row["model_name"])

    @property
    def name(self) -> str:
        """The version's own name."""
        return str(self.row["version"])

    @property
    def kind(self) -> str:
        """What is predicted: conversion, churn or value."""
        known = self.text("kind")
        return known or {"churn": "churn", "value": "value"}.get(
            self.model_name.partition("__")[2], "conversion"
        )

    def text(self, column: str) -> str:
        """Read a cell of the row as text; empty if it is null or absent."""
        value = self.row.get(column)
        return "" if value is None or value != value else str(value)

    def json(self, column: str) -> Any:  # noqa: ANN401 - any JSON
        """Parse a cell of the row; None if it is null or absent."""
        text = self.text(column)
        return json.loads(text) if text else None

    def curve(self, name: str, dataset: str = "test") -> pd.DataFrame:
        """Points of one curve in order; empty if it was not recorded."""
        if self.curves.empty:
            return self.curves
        found = self.curves["curve"].eq(name) & self.curves["dataset"].eq(dataset)
        return self.curves[found].sort_values("point", ignore_index=True)


@dataclass(frozen=True)
class NotTrained:
    """A model that has no version.

    Parameters
    ----------
    model_name
        Name of the model.
    reason, advice
        Why, and what to change; the latter is empty if there is nothing to say.
    counts
        What there was to train on, column of `trn_readiness` -> number.
    """

    model_name: str
    reason: str
    advice: str
    counts: dict[str, int]


def read_versions(reader: Reader, model: str = "", version: str = "") -> list[Version]:
    """Find the versions to report on.

    Parameters
    ----------
    reader
        Of a warehouse that `dbt build` has filled.
    model
        Only this model; all by default.
    version
        A version's name, or `all`. By default the one in use of each model, or whose scores
        are kept; if there is none, the latest.

    Returns
    -------
    list of Version
        By model name, newest first.

    Raises
    ------
    ReportError
        There is no such model or version.
    WarehouseError
        There is no registry.
    """
    registered = known_versions(reader)
    words = reader.table("feature_catalogue")
    reasons = _reasons(reader)
    versions = [
        _version(row, registered, words, reasons) for row in registered.rows.to_dict("records")
    ]
    known = sorted({v.model_name for v in versions} | set(reasons))
    if model and model not in known:
        msg = f"--model {model}: no such model; there are {', '.join(known) or 'none'}."
        raise ReportError(msg)
    mine = [v for v in versions if model in ("", v.model_name)]
    if version == "all":
        return mine
    if version:
        found = [v for v in mine if v.name == version]
        if not found:
            names = ", ".join(f"{v.model_name} {v.name}" for v in mine) or "none"
            msg = f"--version {version}: no such version; there are {names}."
            raise ReportError(msg)
        return found
    chosen: dict[str, Version] = {}
    for candidate in mine:
        wanted = candidate.in_use or candidate.standing == "kept"
        if wanted or candidate.model_name not in chosen:
            chosen[candidate.model_name] = candidate
    return list(chosen.values())


def read_not_trained(reader: Reader, model: str = "") -> list[NotTrained]:
    """Find the models that have no version, by name.

    Parameters
    ----------
    reader
        Of a warehouse that `dbt build` has filled.
    model
        Only this model; all by default.
    """
    have = set(reader.table("propensity_models", leave_out=("artefact",))["model_name"])
    ready = {
        str(row["model_name"]): row for row in reader.table("trn_readiness").to_dict("records")
    }
    return [
        _not_trained(name, reason, ready.get(name, {}))
        for name, reason in sorted(_reasons(reader).items())
        if reason and name not in have and model in ("", name)
    ]


def _not_trained(name: str, reason: str, ready: dict[Any, Any]) -> NotTrained:
    advice = str(ready.get("not_trained_advice") or "")
    counts = {
        str(column): int(value)
        for column, value in ready.items()
        if str(column).startswith("n_") and value is not None and value == value
    }
    return NotTrained(name, reason.removesuffix(advice).strip(), advice, counts)


def _reasons(reader: Reader) -> dict[str, str]:
    """Model -> why the latest run could not train it; empty if it could."""
    readiness = reader.table("trn_readiness")
    out = {
        str(row["model_name"]): str(row["not_trained_reason"] or "")
        for row in readiness.to_dict("records")
    }
    evaluation = reader.table("propensity_evaluation")
    if not evaluation.empty:
        for row in evaluation[evaluation["metric"] == "not_trained"].to_dict("records"):
            out[str(row["model_name"])] = str(row["reason"])
    return out


def _version(
    row: dict[Any, Any], known: KnownVersions, words: pd.DataFrame, reasons: dict[str, str]
) -> Version:
    frames = {name: _frame(row.get(name)) for name in _FRAMES}
    rest = {str(key): value for key, value in row.items() if key not in _FRAMES}
    name, version = str(row["model_name"]), str(row["version"])
    is_champion = known.champions.get(name) == version
    standing = known.standing(name, version)
    not_trained = reasons.get(name, "")
    return Version(rest, is_champion, words, not_trained, standing.name, standing.reason, **frames)


def _frame(text: Any) -> pd.DataFrame:  # noqa: ANN401 - a cell
    return pd.DataFrame(json.loads(text)) if isinstance(text, str) and text else pd.DataFrame()
