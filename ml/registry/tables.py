"""The registry's JSON as the tidy tables people query."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.data.splits import PEOPLE_AND_TIME
from ml.engines.frames import Types, empty, read
from ml.errors import ArtefactError
from ml.evaluation.importance import QUANTILES
from ml.model.artefact import ways_out

# Reason for a model that `trn_readiness` lets train, but that could not be trained.
NOT_REGISTERED = "No version is registered; the log of propensity_models says why."
_KEY: Types = {"model_name": "text", "version": "text"}
EVALUATION: Types = {
    **_KEY,
    "dataset": "text",
    "metric": "text",
    "value": "double",
    "value_low": "double",
    "value_high": "double",
    "reason": "text",
    "split": "text",
}
CURVES: Types = {
    **_KEY,
    "dataset": "text",
    "curve": "text",
    "point": "bigint",
    "x": "double",
    "y": "double",
    "threshold": "double",
    "weight": "double",
}
IMPORTANCE: Types = {
    **_KEY,
    "feature_name": "text",
    "importance": "double",
    "share": "double",
    "direction": "double",
    **{f"contribution_{name}": "double" for name in QUANTILES},
}
EFFECTS: Types = {
    **_KEY,
    "feature_name": "text",
    "band": "bigint",
    "label": "text",
    "value_low": "double",
    "value_high": "double",
    "share": "double",
    "contribution": "double",
    "contribution_p05": "double",
    "contribution_p95": "double",
}


@dataclass(frozen=True)
class Registered:
    """The registry as the warehouse has it now.

    Parameters
    ----------
    session
        The second argument of dbt's `model(dbt, session)`.
    name
        Of the table: `str(dbt.this)`.
    """

    session: Any
    name: str

    def read(self, columns: Iterable[str], where: str = "") -> pd.DataFrame:
        """Read columns of the versions for which an SQL condition holds.

        Parameters
        ----------
        columns
            Of REGISTRY; null if the table is older than the column.
        where
            The condition; empty: all versions.

        Returns
        -------
        DataFrame
            One row per version.
        """
        condition = f" where {where}" if where else ""
        relation = self.session.sql(f"select * from {self.name}{condition}")
        wanted = list(columns)
        have = {str(name).strip('"').lower() for name in relation.columns}
        found = read(relation, [name for name in wanted if name in have])
        return found.reindex(columns=wanted)

    def artefact(self, model_name: str, version: str) -> bytes:
        """Read one version's artefact; see `find_artefact`.

        Parameters
        ----------
        model_name, version
            Its key.

        Returns
        -------
        bytes

        Raises
        ------
        ArtefactError
            There is none.
        """
        registry = self.session.sql(f"select * from {self.name}")
        return bytes(find_artefact(registry, model_name, version)["artefact"])


def find_artefact(registry: Any, model_name: str, version: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Read one version's artefact and its checksum.

    Parameters
    ----------
    registry
        Relation of the registry, on any engine.
    model_name, version
        Its key.

    Returns
    -------
    mapping
        `artefact` and `artefact_sha256`.

    Raises
    ------
    ArtefactError
        The registry has no such version, or it has no artefact.
    """
    where = f"model_name = '{model_name}' and version = '{version}'"
    found = read(registry, ["artefact", "artefact_sha256"], where=where)
    if found.empty or found["artefact"].isna().any():
        msg = f"propensity_models has no artefact of {model_name} {version}. {ways_out(model_name)}"
        raise ArtefactError(msg)
    return {name: found[name].iloc[0] for name in ("artefact", "artefact_sha256")}


def evaluation_table(
    registry: pd.DataFrame, readiness: pd.DataFrame, versions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Metrics of every version, why some are retired, and why models were not trained.

    Parameters
    ----------
    registry
        Columns `model_name`, `version`, `metrics`, `split`. Rows from before there were splits
        have no split; they were judged by the strictest one.
    readiness
        `trn_readiness`.
    versions
        `propensity_versions`.

    Returns
    -------
    DataFrame
        One row per (`model_name`, `version`, `dataset`, `metric`), columns of EVALUATION.
        A version that belongs to another definition has the metric `retired`, an empty
        dataset, no value, and the `reason`. A model that this run could not train has the
        metric `not_trained`, an empty version and dataset, no value, and the `reason`.
    """
    out = _exploded(registry, "metrics", EVALUATION).drop(columns="split")
    judged = registry.reindex(columns=["model_name", "version", "split"])
    judged["split"] = judged["split"].astype(object).where(judged["split"].notna(), PEOPLE_AND_TIME)
    out = out.merge(judged.astype(object), on=["model_name", "version"], how="left")
    without = set(readiness["model_name"]) - set(registry["model_name"])
    rows = [
        {
            "model_name": row["model_name"],
            "version": row["version"],
            "metric": "retired",
            "reason": row["standing_reason"],
        }
        for row in ([] if versions is None else versions.to_dict("records"))
        if row["standing"] in {"retired", "kept"}
    ]
    for model in readiness.to_dict("records"):
        name, reason = model["model_name"], model["not_trained_reason"]
        if pd.isna(model["not_trained_code"]):
            if name not in without:
                continue
            reason = NOT_REGISTERED
        rows.append({"model_name": name, "metric": "not_trained", "reason": reason})
    if not rows:
        return out
    missing = pd.DataFrame(rows).assign(dataset="").reindex(columns=list(EVALUATION))
    missing["version"] = missing["version"].astype(object).where(missing["version"].notna(), "")
    return missing if out.empty else pd.concat([out.astype(object), missing.astype(object)])


def curves_table(registry: pd.DataFrame) -> pd.DataFrame:
    """One row per point of a curve of a version, columns of CURVES."""
    return _exploded(registry, "curves", CURVES)


def importance_table(registry: pd.DataFrame) -> pd.DataFrame:
    """One row per feature of a version, columns of IMPORTANCE."""
    return _exploded(registry, "importance", IMPORTANCE)


def effects_table(registry: pd.DataFrame) -> pd.DataFrame:
    """One row per band of a feature's values of a version, columns of EFFECTS."""
    return _exploded(registry, "effects", EFFECTS)


def _exploded(registry: pd.DataFrame, column: str, types: Types) -> pd.DataFrame:
    parts = []
    for row in registry.to_dict("records"):
        if not isinstance(row[column], str):  # older than the column
            continue
        part = pd.DataFrame(json.loads(row[column])).rename(columns={"feature": "feature_name"})
        parts.append(
            part.assign(model_name=row["model_name"], version=row["version"])
            .reindex(columns=list(types))
            .astype(object)
        )
    return pd.concat(parts, ignore_index=True) if parts else empty(types)
