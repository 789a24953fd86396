"""What an export needs from the warehouse: a version's bytes, and real rows to check it with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.data.splits import PEOPLE, TIME
from ml.engines.connections import Reader
from ml.engines.registered import KnownVersions, known_versions
from ml.errors import ArtefactError
from ml.model import artefact
from ml.model.trained import PropensityModel
from ml.signals.champion import describe
from ml.signals.definitions import SignalsError

# Rows that an export is checked with: the newest of those that its version was not fitted on.
MAX_ROWS = 20_000


class ExportError(ValueError):
    """Nothing was exported; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One registered version.

    Parameters
    ----------
    row
        The registry's row, without the artefact.
    data
        The artefact.
    model
        Read from it.
    rows
        Real rows with the columns of the model.
    rows_from
        Where they are from.
    served
        What is served of it, as of `Champion.to_json`; or why it cannot be, as a text.
    """

    row: dict[str, Any]
    data: bytes
    model: PropensityModel
    rows: pd.DataFrame
    rows_from: str
    served: dict[str, Any] | str = ""


def read_source(reader: Reader, model_name: str, version: str = "") -> Source:
    """Read a version and rows of its test fold.

    Parameters
    ----------
    reader
        Of a warehouse that dbt has built.
    model_name
        Name of the model.
    version
        By default the champion.

    Raises
    ------
    ExportError
        There is no such model, version, or row; or the artefact is damaged.
    """
    try:
        row = _version_row(reader, model_name, version)
        data = bytes(row.pop("artefact"))
        sha256, named = str(row["artefact_sha256"]), str(row["version"])
        model = artefact.read_registered(data, sha256, model_name, named)
        rows, rows_from = _rows(reader, model_name, model, _judging(row))
    except ArtefactError as error:
        raise ExportError(str(error)) from error
    try:
        served: dict[str, Any] | str = describe(reader, row, data).to_json()
    except SignalsError as error:
        served = str(error)
    return Source(row, data, model, rows, rows_from, served)


def _version_row(reader: Reader, model_name: str, version: str) -> dict[str, Any]:
    known = known_versions(reader)
    mine = known.rows[known.rows["model_name"] == model_name]
    if mine.empty:
        names = ", ".join(sorted(set(known.rows["model_name"]))) or "none"
        msg = f"the registry has no model {model_name!r}; it has: {names}."
        raise ExportError(msg)
    wanted = version or known.champions.get(model_name, "")
    if not wanted:
        raise ExportError(_no_champion(known, mine.iloc[0]))
    found = mine[mine["version"] == wanted]
    if found.empty:
        versions = ", ".join(sorted(mine["version"]))
        msg = f"{model_name} has no version {wanted!r}; it has: {versions}."
        raise ExportError(msg)
    row = {str(name): value for name, value in found.iloc[0].to_dict().items()}
    stored = reader.rows(
        "propensity_models",
        ["artefact"],
        where=f"model_name = '{model_name}' and version = '{wanted}'",  # both are in the registry
    )
    standing = known.standing(model_name, wanted)
    row |= {"standing": standing.name, "standing_reason": standing.reason}
    return {**row, "artefact": stored["artefact"].iloc[0]}


def _no_champion(known: KnownVersions, latest: pd.Series) -> str:
    name, version = str(latest["model_name"]), str(latest["version"])
    standing = known.standing(name, version)
    if standing.name in ("retired", "kept"):
        is_now, why = standing.name, standing.reason
    else:
        is_now, why = str(latest["decision"]), str(latest["decision_reason"])
    return (
        f"{name} has no champion: its latest version, {version}, is {is_now} ({why}). "
        "Name one with --version."
    )


def _judging(row: dict[str, Any]) -> str:
    """Give the SQL condition of the rows that judged a version."""
    if row.get("split") == PEOPLE:
        return "subject_fold = 'test'"
    if row.get("split") == TIME:
        folds = artefact.frame_from_json(json.loads(row["folds"])).set_index("dataset")
        return f"as_of_tstamp >= cast('{folds['first_moment']['test']}' as timestamp)"
    return "fold = 'test'"


def _rows(
    reader: Reader, model_name: str, model: PropensityModel, judging: str
) -> tuple[pd.DataFrame, str]:
    ready = reader.table("trn_readiness")
    base = model_name.partition("__")[0]
    table = f"trn_{base}"
    if "training_table" in ready.columns:
        named = ready.loc[ready["model_name"] == model_name, "training_table"].dropna()
        table = str(named.iloc[0]) if len(named) else table
    needed = {*model.schema.names, *([model.schema.time] if model.schema.time else [])}
    for name, where in ((table, judging), ("feat_visitor__current", "1 = 1")):
        columns = set(reader.columns(name))
        if needed <= columns:
            listed = sorted(needed)
            first = ["as_of_tstamp desc", "domain_userid"] if "domain_userid" in columns else []
            order = ", ".join([*first, *listed])
            rows = reader.rows(name, listed, where=where, order=order, limit=MAX_ROWS)
            if len(rows):
                return rows, name if where == "1 = 1" else f"{name}, {where}"
    msg = (
        f"neither {table} nor feat_visitor__current has a row with the columns that the model "
        "reads, so that the export cannot be checked. Build them, or export a newer version."
    )
    raise ExportError(msg)
