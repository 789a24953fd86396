"""What keeps a day's cost down, where no build of another test shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.pipeline.project import ROOT


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text())["models"]["cdp"]


def test_keys_are_columns_of_the_table_and_databricks_keeps_their_statistics(
    models: dict[str, Any],
) -> None:
    config = models["staging"]["stg_snowplow__events"]
    path = ROOT / "models/staging/stg_snowplow__events.yml"
    (model,) = yaml.safe_load(path.read_text())["models"]
    columns = {column["name"] for column in model["columns"]}
    statistics = config["+tblproperties"]["delta.dataSkippingStatsColumns"].split(",")
    assert set(statistics) <= columns
    # Delta refuses a clustering column without statistics.
    assert set(config["+liquid_clustered_by"]) <= set(statistics)
    (key,) = config["+cluster_by"]
    assert key.removeprefix("cast(").removesuffix(" as date)") in columns


def test_tags_of_statements_on_databricks_are_texts_by_name(models: dict[str, Any]) -> None:
    # dbt-databricks adds @@dbt_model_name, and refuses what is not text.
    assert json.loads(models["+query_tags"]) == {"project": "cdp"}
