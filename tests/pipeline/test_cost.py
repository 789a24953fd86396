"""What keeps a day's cost down, where no build of another test shows it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from bench.bytes_scanned import SOURCE, Measured, Scan, columns_read, refuse_other_files
from tools.project import ROOT
from tools.rendering import Macros


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


@pytest.mark.parametrize(
    ("dialect", "name", "kind", "sql"),
    [
        ("snowflake", '"C"', "timestamp_ntz", "\"C\" >= cast('2026-01-02' as timestamp_ntz(6))"),
        (
            "snowflake",
            '"C"',
            "timestamp_tz",
            "cast(convert_timezone('UTC', \"C\") as timestamp_ntz(6)) >= cast('2026-01-02' ",
        ),
        ("databricks", "`c`", "timestamp", "`c` >= cast('2026-01-02' as timestamp)"),
        ("databricks", "`c`", "timestamp_ntz", "cast(`c` as timestamp_ntz) >= cast('2026-01-02' "),
    ],
)
def test_the_bound_on_the_source_is_of_its_own_column_where_the_type_allows(
    dialect: str, name: str, kind: str, sql: str
) -> None:
    macros = Macros(dialect, events_from="2026-01-02")
    columns = {"collector_tstamp": {"name": name, "type": kind}}
    columns |= {"derived_tstamp": {"name": "d", "type": kind}}
    assert macros.collected_from_condition({"columns": columns}).startswith(f"({sql}")


def test_tags_of_statements_on_databricks_are_texts_by_name(models: dict[str, Any]) -> None:
    # dbt-databricks adds @@dbt_model_name, and refuses what is not text.
    assert json.loads(models["+query_tags"]) == {"project": "cdp"}


def test_a_python_model_is_counted_by_the_columns_it_reads() -> None:
    read = {
        path.stem: columns_read(path.read_text())
        for path in (ROOT / "python_models").glob("propensity_*.py")
    }
    assert read["propensity_curves"] == {"propensity_models": "model_name, version, curves"}
    assert read["propensity_evaluation"] == {
        "propensity_models": "model_name, version, metrics, split",
        "propensity_versions": "*",
        "trn_readiness": "*",
    }
    assert read["propensity_scores__candidate"] == {
        "propensity_models": "artefact, artefact_sha256",
        **dict.fromkeys(
            [
                "feature_catalogue",
                "people_to_score",
                "propensity_challengers",
                "propensity_champions",
                "visitors_to_score",
            ],
            "*",
        ),
    }
    training = ["as_of", "feature_catalogue", "trn_daily", "trn_first_touch", "trn_live"]
    assert read["propensity_models"] == dict.fromkeys([*training, "trn_readiness"], "*")


def test_files_that_are_not_the_events_are_not_taken_for_the_source(tmp_path: Path) -> None:
    events = (
        f"select * from read_parquet(['{tmp_path}/a.parquet', '{tmp_path}/b.parquet'], x = true)"
    )
    refuse_other_files([events, "select 1"], tmp_path)
    with pytest.raises(SystemExit, match=r"crm/deals\.csv is read besides"):
        refuse_other_files([events, "select * from read_csv('crm/deals.csv')"], tmp_path)


def test_the_growth_of_bytes_read_follows_events_days_and_bounds() -> None:
    measured = Measured(events=1_000_000, days=100, rows={"trn_daily": 500_000}, columns={})

    def factor(table: str, days: float | None, events: float, kept: float = 100) -> float:
        return measured.size(Scan("layer", "node", table, 1.0, days), events, kept)

    # All events are read: as many times as there are more of them, however long they are kept.
    assert factor(SOURCE, None, 1_000_000) == 1
    assert factor(SOURCE, None, 10_000_000, kept=400) == 10
    # A month of them is 30 of the days kept, and at most all.
    assert factor("stg_snowplow__events", 30, 1_000_000) == pytest.approx(0.3)
    assert factor("stg_snowplow__events", 30, 4_000_000, kept=400) == pytest.approx(0.3)
    assert factor("stg_snowplow__events", 300, 1_000_000) == 1
    # What is of a month grows by events a day; training tables stop at max_training_rows.
    assert factor("feat_visitor__current", None, 4_000_000, kept=400) == 1
    assert factor("trn_daily", None, 2_000_000) == 2
    assert factor("trn_daily", None, 10**10) == 3
    assert factor("propensity_models", None, 10**10) == 1


@pytest.mark.parametrize(
    ("own", "tag"), [(None, "cdp.aud_prospects"), ("team's \\ tag", "team''s \\\\ tag")]
)
def test_snowflakes_query_tag_is_the_models_own_or_its_name(own: str | None, tag: str) -> None:
    ran: list[str] = []
    macros = Macros("snowflake").knowing(
        config={"query_tag": own} if own else {},
        model=SimpleNamespace(package_name="cdp", name="aud_prospects"),
        get_current_query_tag=lambda: "it's before",
        run_query=ran.append,
    )
    macros.unset_query_tag(macros.set_query_tag())
    macros.unset_query_tag("")
    assert ran == [
        f"alter session set query_tag = '{tag}'",
        "alter session set query_tag = 'it''s before'",
        "alter session unset query_tag",
    ]
