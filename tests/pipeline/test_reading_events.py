"""Any file of events is read, or refused with a sentence that says what to fix."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tools.project import Project

STAGED = ("--select", "+rpt_event_intake")

ARRIVALS = "rpt_event_intake where column_name is null"
# Of two page_view events that count, of which one has no domain_userid.
NO_PAGE_VIEWS = {
    ("events", "page_view_id", "missing_everywhere"): 2,
    ("events", "domain_sessionid", "missing_everywhere"): 2,
}

HEADER = "EVENT_ID,EVENT_NAME,DOMAIN_USERID,DERIVED_TSTAMP\n"


@pytest.fixture(scope="module")
def warehouse(module_project: Project) -> Project:
    return module_project


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(project: Project, events: Path | str, **variables: Any) -> str:
    done = project.dbt("build", *STAGED, events=events, **variables)
    assert done.returncode != 0
    assert "jane@example.com" not in done.stdout
    return " ".join(done.stdout.split())


def intake(project: Project) -> dict[tuple[str, str | None, str], int]:
    rows = project.rows("select source, column_name, outcome, num_events from rpt_event_intake")
    return {row[:3]: row[3] for row in rows}


def test_a_csv_with_few_upper_case_columns(warehouse: Project, tmp_path: Path) -> None:
    events = write(
        tmp_path / "events.csv",
        HEADER
        + "1,page_view,42,2026-01-01 00:00:00.123456\n"
        + "2,submit_form,,2026-01-01T02:00:00+02:00\n"
        + "3,page_view,x,2026-01-01T00:00:00Z\n"
        + "4,page_view,x,yesterday\n"
        + ",page_view,x,2026-01-01\n",
    )
    warehouse.build(*STAGED, events=events)
    assert warehouse.rows(
        "select event_id, domain_userid, event_tstamp::varchar, app_id, doc_height "
        "from stg_snowplow__events order by event_id"
    ) == [
        ("1", "42", "2026-01-01 00:00:00.123456", None, None),
        ("2", None, "2026-01-01 00:00:00", None, None),
        ("3", "x", "2026-01-01 00:00:00", None, None),
    ]
    assert (
        intake(warehouse)
        == {
            ("events", None, "kept"): 3,
            ("events", None, "no_timestamp"): 1,
            ("events", None, "no_event_id"): 1,
            ("events", "derived_tstamp", "unread"): 1,
        }
        | NO_PAGE_VIEWS
    )


def test_an_event_id_of_zeros_is_one_and_several_with_it_are_said(
    warehouse: Project, tmp_path: Path
) -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    once = HEADER + f"{zeros},page_view,x,2026-01-01\n0,page_view,x,2026-01-01\n"
    warehouse.build(*STAGED, events=write(tmp_path / "once.csv", once))
    assert intake(warehouse) == {("events", None, "kept"): 2} | NO_PAGE_VIEWS

    thrice = once + f"{zeros},page_view,y,2026-01-02\n" * 2 + "unknown,page_view,x,2026-01-01\n"
    done = warehouse.build(*STAGED, events=write(tmp_path / "thrice.csv", thrice))
    assert intake(warehouse) == {
        ("events", None, "kept"): 2,
        ("events", None, "duplicate"): 2,
        ("events", None, "no_event_id"): 1,
        ("events", "event_id", "placeholder"): 1,
        ("events", "event_id", "repeated"): 2,
    } | {key: count * 2 for key, count in NO_PAGE_VIEWS.items()}
    assert "events, event_id: 2 events are left out: An event_id of zeros is on several events" in (
        " ".join(done.split())
    )


def test_identifiers_of_any_scalar_type_are_text(warehouse: Project, tmp_path: Path) -> None:
    events = tmp_path / "events.parquet"
    duckdb.sql(
        f"""copy (select
            7::bigint as event_id, 'page_view' as event_name,
            'd8b8f6a4-0000-4000-8000-000000000001'::uuid as domain_userid,
            12::smallint as user_id, timestamptz '2026-01-01 00:00:00+01' as derived_tstamp
        ) to '{events}'"""
    )
    warehouse.build(*STAGED, events=events)
    assert warehouse.rows(
        "select event_id, domain_userid, user_id, event_tstamp::varchar from stg_snowplow__events"
    ) == [("7", "d8b8f6a4-0000-4000-8000-000000000001", "12", "2025-12-31 23:00:00")]


ENTITIES = {
    "contexts_nl_basjes_yauaa_context_1": [{"deviceClass": "Phone", "agentName": "Firefox"}],
    "contexts_com_snowplowanalytics_snowplow_web_page_1": [{"id": "page"}],
    "contexts_com_snowplowanalytics_snowplow_media_player_2": [{"currentTime": 1.5}],
    "unstruct_event_com_snowplowanalytics_snowplow_submit_form_1": {"formId": "demo"},
}
EVENT = {
    "event_id": "e",
    "event_name": "submit_form",
    "domain_userid": "u",
    "derived_tstamp": "2026-01-01T00:00:00",
}


@pytest.mark.parametrize("form", ["ndjson of objects", "csv of JSON text", "parquet of structs"])
def test_entities_in_every_form(warehouse: Project, tmp_path: Path, form: str) -> None:
    event = EVENT | ENTITIES
    if form == "ndjson of objects":
        events = write(tmp_path / "events.ndjson", json.dumps(event) + "\n")
    elif form == "csv of JSON text":
        texts = EVENT | {name: json.dumps(value) for name, value in ENTITIES.items()}
        quoted = ['"' + text.replace('"', '""') + '"' for text in texts.values()]
        events = write(tmp_path / "events.csv", ",".join(texts) + "\n" + ",".join(quoted) + "\n")
    else:
        events = tmp_path / "events.parquet"
        duckdb.sql(
            f"""copy (select 'e' as event_id, 'submit_form' as event_name, 'u' as domain_userid,
                timestamp '2026-01-01' as derived_tstamp,
                [{{device_class: 'Phone', agent_name: 'Firefox'}}]
                    as contexts_nl_basjes_yauaa_context_1,
                [{{id: 'page'}}] as contexts_com_snowplowanalytics_snowplow_web_page_1,
                [{{"current_time": 1.5}}] as contexts_com_snowplowanalytics_snowplow_media_player_2,
                {{form_id: 'demo', xform_idx: 1}}
                    as unstruct_event_com_snowplowanalytics_snowplow_submit_form_1
            ) to '{events}'"""
        )
    warehouse.build(
        *STAGED,
        events=events,
        entity_fields=["media_player.currentTime"],
        event_fields=["submit_form.form_id"],
    )
    assert warehouse.rows(
        "select device_class, agent_name, page_view_id, has_media_player, "
        "spider_or_robot, media_player__current_time, submit_form__form_id "
        "from stg_snowplow__events"
    ) == [("Phone", "Firefox", "page", True, None, "1.5", "demo")]


def test_a_field_of_an_event_is_read_from_the_newest_schema(
    warehouse: Project, tmp_path: Path
) -> None:
    old, new = (f"unstruct_event_com_acme_order_{number}" for number in (2, 10))
    order = EVENT | {"event_name": "order"}
    lines = [
        order | {"event_id": "new", old: {"total": "1"}, new: {"total": "2"}},
        order | {"event_id": "old", old: {"total": "3"}},
        order | {"event_id": "nothing"},
        # Its columns end as those of `order` do.
        EVENT
        | {"event_id": "other", "event_name": "start_order"}
        | {"unstruct_event_com_acme_start_order_1": {"total": "4"}},
        order
        | {"event_id": "json"}
        | {"unstruct_event": {"schema": "iglu:x", "data": {"schema": "y", "data": {"total": 5}}}},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    events = write(tmp_path / "events.ndjson", text)
    fields = ["order.total", "order.not_there", "not_there.total"]
    warehouse.build(*STAGED, events=events, event_fields=fields)
    assert warehouse.rows(
        "select event_id, order__total, order__not_there, not_there__total "
        "from stg_snowplow__events order by event_id"
    ) == [
        ("json", "5", None, None),
        ("new", "2", None, None),
        ("nothing", None, None, None),
        ("old", "3", None, None),
        ("other", None, None, None),
    ]


WEB_PAGE = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
CONTEXTS = {
    "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
    "data": [
        {"schema": "iglu:a/b/jsonschema/1-0-0", "data": {"id": "x"}},
        {"schema": WEB_PAGE, "data": {"id": "contexts"}},
    ],
}


def test_what_cannot_be_read_is_counted_and_said(warehouse: Project, tmp_path: Path) -> None:
    """Entities of several versions, in `contexts`, wrapped, broken; times, numbers."""
    stem = "contexts_com_snowplowanalytics_snowplow_web_page"
    page_view = EVENT | {"event_name": "page_view", "domain_sessionid": "s", "se_value": "1"}
    given: list[dict[str, Any]] = [
        {stem + "_1": [{"id": "1"}]},
        {stem + "_1": [{"id": "1"}], stem + "_1_0_2": [{"id": "1.0.2"}]},
        {stem + "_2_0_0": {"schema": WEB_PAGE, "data": {"id": "wrapped"}}, "se_value": "inf"},
        {"contexts": json.dumps(CONTEXTS), "se_value": "1,5", "tr_total": "NaN"},
        {stem + "_1": "[{broken", "doc_width": "12.5"},
        {"derived_tstamp": "02/03/2024", "contexts": "[]", "doc_width": "12.0"},
    ]
    lines = [page_view | {"event_id": str(n)} | more for n, more in enumerate(given)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    events = tmp_path / "events.csv"
    with events.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for line in lines:
            texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in line.items()}
            writer.writerow(texts)
    printed = warehouse.build(*STAGED, events=events)
    assert warehouse.rows(
        "select event_id, page_view_id, se_value, tr_total, doc_width "
        "from base_snowplow__events order by 1"
    ) == [
        ("0", "1", 1.0, None, None),
        ("1", "1.0.2", 1.0, None, None),
        ("2", "wrapped", None, None, None),
        ("3", "contexts", None, None, None),
        ("4", None, 1.0, None, None),
        ("5", None, 1.0, None, 12),
    ]
    assert intake(warehouse) == {
        ("events", None, "kept"): 5,
        ("events", None, "no_timestamp"): 1,
        ("events", "derived_tstamp", "unread"): 1,
        ("events", "se_value", "unread"): 2,
        ("events", "doc_width", "unread"): 1,
        ("events", f"{stem}_2_0_0, {stem}_1_0_2, {stem}_1, contexts", "unread"): 1,
        ("events", "page_view_id", "missing"): 1,
    }
    assert "derived_tstamp: 1 values could not be read" in " ".join(printed.split())
    assert "02/03/2024" not in printed
    assert "broken" not in printed


def test_no_page_views_are_a_warning_that_names_the_cause(
    warehouse: Project, tmp_path: Path
) -> None:
    header = "event_id,event_name,domain_userid,domain_sessionid,derived_tstamp,web_page_context\n"
    rows = "1,page_view,u,s,2026-01-01,{}\n2,page_view,u,s,2026-01-01,{}\n"
    printed = warehouse.build(*STAGED, events=write(tmp_path / "events.csv", header + rows))
    configured = "contexts_com_snowplowanalytics_snowplow_web_page_1"
    assert intake(warehouse) == {
        ("events", None, "kept"): 2,
        ("events", "page_view_id", "missing_everywhere"): 2,
        ("events", configured, "named_differently"): 0,
    }
    printed = " ".join(printed.split())
    assert "none of the 2 page_view events has a value, so there are no page views" in printed
    assert "web_page_context looks like it: name that column in the var entities" in printed


def test_a_folder_and_a_glob_of_gzipped_files(warehouse: Project, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    for day in (1, 2):
        path = folder / f"day={day}" / "part.csv.gz"
        path.parent.mkdir(parents=True)
        with gzip.open(path, "wt") as file:
            file.write(HEADER + f"{day},page_view,u,2026-01-0{day}\n")
    for events in (folder, folder / "*" / "*.csv.gz"):
        warehouse.build(*STAGED, events=events)
        assert warehouse.value("select count(*) from stg_snowplow__events") == 2


def test_bots_test_traffic_applications_and_clocks(warehouse: Project, tmp_path: Path) -> None:
    header = "event_id,event_name,domain_userid,derived_tstamp,collector_tstamp,app_id,useragent\n"
    events = write(
        tmp_path / "events.csv",
        header
        + "kept,page_view,u,2026-01-01 00:00,2026-01-01 00:01,site,Firefox\n"
        + "again,page_view,u,2026-01-01 00:00,2026-01-01 00:01,site,Firefox\n"
        + "again,page_view,u,2026-01-01 00:00,2026-01-01 00:02,site,Firefox\n"
        + "late,page_view,u,2026-01-01 00:00,2026-01-03 00:00,site,Firefox\n"
        + "skewed,page_view,u,2026-01-02 00:00,2026-01-01 00:00,site,Firefox\n"
        + "crawler,page_view,u,2026-01-01 00:00,2026-01-01 00:01,site,GoogleBot/2.1\n"
        + "tester,page_view,u,2026-01-01 00:00,2026-01-01 00:01,site-test,Firefox\n"
        + "other,page_view,u,2026-01-01 00:00,2026-01-01 00:01,app,Firefox\n"
        + "future,page_view,u,2026-01-05 00:00,2026-01-05 00:00,site,Firefox\n",
    )
    warehouse.build(*STAGED, events=events, app_ids=["site", "site-test"], as_of="2026-01-05")
    assert dict(warehouse.rows(f"select outcome, num_events from {ARRIVALS}")) == {
        "kept": 3,
        "duplicate": 1,
        "clock_defect": 1,
        "bot": 1,
        "test_traffic": 1,
        "other_app_id": 1,
        "after_as_of": 1,
    }
    assert dict(
        warehouse.rows("select event_id, event_tstamp::varchar from stg_snowplow__events")
    ) == {
        "kept": "2026-01-01 00:00:00",
        "again": "2026-01-01 00:00:00",
        "late": "2026-01-03 00:00:00",
    }


def test_events_collected_before_events_from_are_not_read(
    warehouse: Project, tmp_path: Path
) -> None:
    events = tmp_path / "events.parquet"
    duckdb.sql(
        f"""copy (
            select
                name as event_id, 'page_view' as event_name, 'u' as domain_userid,
                derived_tstamp::timestamp as derived_tstamp,
                collector_tstamp::timestamp as collector_tstamp
            from (values
                ('before', '2026-01-01', '2026-01-01 23:59:59.999999'),
                ('sent later', '2026-01-01 23:00:00', '2026-01-02'),
                ('after', '2026-01-03', '2026-01-03'),
                ('collected who knows when', '2026-01-03', null)
            ) as given (name, derived_tstamp, collector_tstamp)
        ) to '{events}'"""
    )
    warehouse.build(*STAGED, events=events, events_from="2026-01-02")
    assert warehouse.rows("select event_id from stg_snowplow__events order by 1") == [
        ("after",), ("collected who knows when",), ("sent later",),
    ]  # fmt: skip
    assert warehouse.rows(f"select outcome, num_events from {ARRIVALS}") == [("kept", 3)]
    ((_, plan),) = warehouse.rows("explain from base_snowplow__events")
    scan = re.sub(r"[^a-z0-9_>=]", "", plan[plan.index("READ_PARQUET") :])
    assert "collector_tstamp>=" in scan


def test_refused_files_are_named_and_nothing_built_is_lost(
    project: Project, tmp_path: Path
) -> None:
    good = write(tmp_path / "good.csv", HEADER + "1,page_view,u,2026-01-01\n")
    project.build(*STAGED, events=good)
    before = project.fingerprint("stg_snowplow__events")

    lacking = write(tmp_path / "lacking.csv", "event_id,page_url\n1,x\n")
    text = refusal(project, lacking)
    assert "lacking.csv" in text
    assert "event_name, domain_userid, derived_tstamp or collector_tstamp" in text
    assert "Found: event_id, page_url" in text

    absent = tmp_path / "absent.parquet"
    assert f"No events found at CDP_EVENTS={absent}" in refusal(project, absent)

    empty = write(tmp_path / "empty.csv", "")
    assert f"CDP_EVENTS={empty} hold no rows" in refusal(project, empty)

    headers = write(tmp_path / "headers.csv", HEADER)
    assert f"CDP_EVENTS={headers} hold no rows" in refusal(project, headers)

    broken = write(tmp_path / "broken.parquet", "not a Parquet file")
    assert str(broken) in refusal(project, broken)

    write(tmp_path / "mixed" / "a.csv", HEADER)
    write(tmp_path / "mixed" / "b.ndjson", "{}")
    assert "mixes formats (csv, ndjson)" in refusal(project, tmp_path / "mixed")

    secret = "jane@example.com"
    ragged = write(tmp_path / "ragged.csv", HEADER + f"1,page_view,u,2026-01-01\n{secret}\n")
    assert f"line 3 of {ragged} has 1 fields instead of 4" in refusal(project, ragged)
    headless = write(tmp_path / "headless.csv", f"1,page_view,{secret},2026-01-01\n")
    assert f"line 1 of {headless} has to name the columns" in refusal(project, headless)
    ids = {f"{number}-{secret}": {"event_id": "1"} for number in range(250)}
    keyed = write(tmp_path / "keyed.json", json.dumps(ids))
    assert f"the objects in {keyed} have none of the keys" in refusal(project, keyed)
    cut = write(tmp_path / "cut.ndjson", json.dumps(EVENT) + '\n{"event_id": "' + secret)
    assert f"line 2 of {cut} is no JSON object" in refusal(project, cut)
    for log in [*project.folder.glob("logs/*"), *project.folder.glob("target/**/*.sql")]:
        assert secret not in log.read_text()

    assert project.fingerprint("stg_snowplow__events") == before
