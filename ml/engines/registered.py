"""The registry of a warehouse that is read from outside: its versions, and which of them score."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ml.engines.connections import Reader, WarehouseError


@dataclass(frozen=True)
class Standing:
    """Where a version stands now.

    Parameters
    ----------
    name
        As in `propensity_versions`; empty if the warehouse does not say.
    reason
        Why, if it is retired or kept; else empty.
    """

    name: str = ""
    reason: str = ""


@dataclass(frozen=True)
class KnownVersions:
    """What a warehouse knows of the versions of its models.

    Parameters
    ----------
    rows
        Of `propensity_models`, without the artefacts, newest first within a model.
    champions
        Model name -> version that scores now.
    standings
        (Model name, version) -> where it stands.
    """

    rows: pd.DataFrame
    champions: dict[str, str]
    standings: dict[tuple[str, str], Standing]

    def standing(self, model_name: str, version: str) -> Standing:
        """Say where a version stands now."""
        return self.standings.get((model_name, version), Standing())


def known_versions(reader: Reader) -> KnownVersions:
    """Read the registry.

    Parameters
    ----------
    reader
        Of a warehouse that `dbt build` has filled.

    Raises
    ------
    WarehouseError
        There is no registry.
    """
    if not reader.columns("propensity_models"):
        msg = "there is no table propensity_models. Run `dbt build` first."
        raise WarehouseError(msg)
    rows = reader.table("propensity_models", leave_out=("artefact",))
    rows = rows.sort_values(["model_name", "trained_at", "version"], ascending=[True, False, False])
    if reader.columns("propensity_champions"):
        champions = reader.table("propensity_champions")
    else:
        champions = rows[rows["decision"] == "champion"].drop_duplicates("model_name")
    standings = {
        (str(row["model_name"]), str(row["version"])): Standing(
            str(row["standing"]), str(row["standing_reason"] or "")
        )
        for row in reader.table("propensity_versions").to_dict("records")
    }
    scoring = dict(zip(champions["model_name"], champions["version"], strict=True))
    return KnownVersions(rows, scoring, standings)
