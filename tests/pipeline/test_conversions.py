"""Conversions of a CRM's table, and what is said of audiences, as dbt and each engine see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.activation.built import read_audiences
from tools.project import Project
from tools.rendering import DIALECTS, Macros

SELECTED = ("--select", "+tgt_conversions", "tgt_visitor__first_conversion")
SELECTED += ("tgt_visitor__asof_day", "tgt_visitor__asof_event", "feat_visitor__asof_day")
SELECTED += ("feat_visitor__asof_event", "+tgt_person__first_conversion")
EVENTS = """event_id,event_name,domain_userid,domain_sessionid,user_id,derived_tstamp
a,page_view,phone,phone-1,,2026-01-01 10:00
b,page_view,laptop,laptop-1,007,2026-01-02 10:00
c,page_view,phone,phone-2,007,2026-01-03 10:00
d,page_view,other,other-1,,2026-01-04 10:00
e,page_view,other,other-2,,2026-02-01 10:00
"""
# In time, another at that moment (told twice), known late, lost, of nobody we know, of an amount
# that is none, before the data ends and after it.
DEALS = """WHO,at,loaded,stage,amount,id
007,2026-01-05 00:00,2026-01-05 06:00,won,10,d1
007,2026-01-05 00:00,2026-01-05 06:00,won,12,d2
007,2026-01-05 00:00,2026-01-05 06:00,won,12,d2
007,2026-01-06 00:00,2026-01-09 00:00,won,20,d3
007,2026-01-07 00:00,2026-01-07 00:00,lost,30,d4
008,2026-01-07 00:00,2026-01-07 00:00,won,40,
007,2026-01-08 00:00,2026-01-08 00:00,won,NaN,d6
007,2026-01-08 00:00,2026-01-08 00:00,won,inf,d7
007,2026-03-01 00:00,2026-03-01 00:00,won,50,d8
"""
DEAL: dict[str, Any] = {
    "name": "deal",
    "user_id_column": "who",
    "tstamp_column": "at",
    "known_tstamp_column": "loaded",
    "id_column": "id",
    "repeatable": True,
    "criteria": {
        "all": [
            {"property": "stage", "operator": "=", "value": "won"},
            {"property": "amount", "operator": ">=", "value": 10},
        ]
    },
}
KNOWN = [
    ("007", "2026-01-05 00:00:00", "007", "d1"),
    ("007", "2026-01-05 00:00:00", "007", "d2"),
    ("007", "2026-01-09 00:00:00", "007", "d3"),
    ("008", "2026-01-07 00:00:00", "008", "008 1767744000000000"),
]


@pytest.mark.parametrize("form", ["file", "relation"])
def test_a_crm_table_converts_the_person_on_every_device(
    project: Project, tmp_path: Path, form: str
) -> None:
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    deals = tmp_path / "deals.csv"
    deals.write_text(DEALS)
    table = str(deals)
    if form == "relation":
        table = "crm.deals"
        with duckdb.connect(str(project.database)) as connection:
            connection.execute("create schema crm")
            connection.execute(
                f"create table crm.deals as from read_csv('{deals}', types = {{'WHO': 'varchar'}})"
            )
    project.build(*SELECTED, events=events, conversions=[DEAL | {"table": table}])
    assert (
        project.rows(
            "select user_id, conversion_tstamp::varchar, stitched_user_id, conversion_id "
            "from tgt_conversions order by user_id, conversion_tstamp, conversion_id"
        )
        == KNOWN
    )
    assert project.rows(
        "select domain_userid, first_deal_tstamp::varchar, last_seen_tstamp::varchar "
        "from tgt_visitor__first_conversion order by domain_userid"
    ) == [
        ("laptop", "2026-01-05 00:00:00", "2026-01-02 10:00:00"),
        ("other", None, "2026-02-01 10:00:00"),
        ("phone", "2026-01-05 00:00:00", "2026-01-03 10:00:00"),
    ]
    labelled = project.rows(
        "select domain_userid, min(as_of_tstamp)::varchar, max(as_of_tstamp)::varchar "
        "from tgt_visitor__asof_day where target_had_deal_next7d group by 1 order by 1"
    )
    assert labelled == [
        ("laptop", "2026-01-03 00:00:00", "2026-01-08 00:00:00"),
        ("phone", "2026-01-02 00:00:00", "2026-01-08 00:00:00"),
    ]
    assert project.rows(
        "select event_id from tgt_visitor__asof_event order by event_id"
    ) == project.rows("select event_id from feat_visitor__asof_event order by event_id")
    assert project.rows(
        "select stitched_user_id, first_deal_tstamp::varchar from tgt_person__first_conversion "
        "order by 1"
    ) == [("007", "2026-01-05 00:00:00"), ("other", None)]


def test_a_column_that_the_table_lacks_is_named_with_those_it_has(
    project: Project, tmp_path: Path
) -> None:
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    deals = tmp_path / "deals.csv"
    deals.write_text(DEALS)
    wrong = DEAL | {"table": str(deals), "tstamp_column": "created"}
    done = project.dbt("build", "--select", "as_of", events=events, conversions=[wrong])
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "conversion deal, table" in said
    assert '`tstamp_column` is "created"; accepted: amount, at, id, loaded, stage, who.' in said


def test_a_text_is_not_compared_with_the_numbers_of_a_table(
    project: Project, tmp_path: Path
) -> None:
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    with duckdb.connect(str(project.database)) as connection:
        connection.execute("create schema crm")
        connection.execute(
            "create table crm.deals as "
            "select '007' as who, timestamp '2026-01-05' as at, 5.0 as amount"
        )
    wrong = {
        **{key: DEAL[key] for key in ("name", "user_id_column", "tstamp_column")},
        "table": "crm.deals",
        "criteria": {"all": [{"property": "amount", "operator": ">", "value": "large"}]},
    }
    done = project.dbt("run", "--select", "as_of", events=events, conversions=[wrong])
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert 'conversion deal: `value` is "large"; accepted: a number, and no like' in said
    assert "(the property is amount)" in said


def test_readers_are_granted_and_exposures_say_what_the_vars_say(project: Project) -> None:
    exposure = {"owner_name": "Growth", "owner_email": "g@example.com", "url": "https://x.example"}
    exposures = {
        f"aud_{name}": exposure | {"description": f"Syncs {name}.", "census_sync_ids": ids}
        for name, ids in (("prospects", [7, 8]), ("high_propensity", [9]), ("rule_based", []))
    }
    done = project.dbt(
        "parse", audience_readers=["CENSUS_ROLE"], audience_exposures=exposures, manifest=True
    )
    assert done.returncode == 0, done.stdout
    manifest = json.loads((project.folder / "target" / "manifest.json").read_text())
    told = {
        (*node["depends_on"]["nodes"], node["owner"]["name"], node["url"], node["description"])
        for node in manifest["exposures"].values()
    }
    assert told == {
        (f"model.cdp.{name}", "Growth", "https://x.example", given["description"])
        for name, given in exposures.items()
    }
    told_syncs = read_audiences(project.folder / "target").syncs
    assert told_syncs == {
        7: ("aud_prospects",), 8: ("aud_prospects",), 9: ("aud_high_propensity",),
    }  # fmt: skip
    grants = {
        name: manifest["nodes"][f"model.cdp.{name}"]["config"]["grants"] for name in exposures
    }
    assert grants == {name: {"select": ["CENSUS_ROLE"]} for name in exposures}


STRUCT = {
    "duckdb": "struct(form_id varchar)",
    "snowflake": "object",
    "databricks": "struct<form_id:string>",
}
FIELD_SQL = {
    "duckdb": "cast(own.form_id as text)",
    "snowflake": "coalesce(own:form_id::varchar, own:formId::varchar, "
    "own:data:form_id::varchar, own:data:formId::varchar)",
    "databricks": "cast(own.form_id as string)",
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_field_of_an_event_is_one_expression_an_engine(dialect: str) -> None:
    macros = Macros(dialect)
    column = {"name": "own", "type": STRUCT[dialect]}
    assert macros.entity_field([column], "form_id") == FIELD_SQL[dialect]
    hashed = {"duckdb": "sha256(x)", "snowflake": "sha2(x, 256)", "databricks": "sha2(x, 256)"}
    assert macros.sha256_hex("x") == hashed[dialect]


def test_properties_of_events_are_columns_of_staging() -> None:
    macros = Macros("duckdb", event_fields=["submit_form.formId"])
    assert macros.property_column("submit_form.form_id", "x") == "submit_form__form_id"
