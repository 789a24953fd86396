"""The web tables to the row and the value against plain Python, on events with every fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.simulation.generate import Simulation, simulate
from tests.pipeline.web import reference
from tools.project import Project

KEYS = {
    "page_views": "page_view_id",
    "sessions": "domain_sessionid",
    "users": "domain_userid",
    "user_mapping": "domain_userid",
}
SELECT = ("--select", *(f"+stg_snowplow__{table}" for table in KEYS))

FAULTY = """
    select * replace (
        case
            when part % 90 = 1 then null
            when part % 40 = 2 and event_name = 'page_ping' then domain_sessionid || '-later'
            else domain_sessionid
        end as domain_sessionid,
        case when part % 80 = 3 then null else domain_userid end as domain_userid,
        case when part % 50 = 4 then 'someone' else user_id end as user_id,
        case
            when part % 3 = 0 then date_trunc('second', derived_tstamp)
            when part % 25 = 1 then date_trunc('minute', derived_tstamp)
            when part % 60 = 5 then null
            else derived_tstamp
        end as derived_tstamp,
        case when part % 70 = 6 then collector_tstamp + interval 4 days
            else collector_tstamp end as collector_tstamp,
        case when part % 30 = 7 then null
            when part % 7 = 0 then date_trunc('minute', dvce_created_tstamp)
            else dvce_created_tstamp end as dvce_created_tstamp,
        case when part % 75 = 8 then dvce_sent_tstamp + interval 4 days
            else dvce_sent_tstamp end as dvce_sent_tstamp,
        case when part % 20 = 9 then 'x=1&utm_source_platform=ads&y=2'
            when part % 20 = 10 then 'utm_source_platform=' else page_urlquery
            end as page_urlquery,
        case when part % 45 = 11 then 0 when part % 45 = 12 then null else doc_height
            end as doc_height,
        case when part % 33 = 13 then null else br_viewheight end as br_viewheight,
        case when part % 33 = 14 then doc_height + 100 else pp_yoffset_max
            end as pp_yoffset_max,
        case when part % 11 = 1 then 50 when part % 11 = 2 then -9 else pp_xoffset_max
            end as pp_xoffset_max,
        case when part % 35 = 15 then null
            when part % 35 = 16 and event_name = 'page_view'
                then [{id: 'shared-' || domain_userid[:3]}]
            else contexts_com_snowplowanalytics_snowplow_web_page_1
            end as contexts_com_snowplowanalytics_snowplow_web_page_1,
        case when part % 50 = 17 then null else dvce_screenwidth end as dvce_screenwidth
    ),
    [{useragent_family: br_family, os_family: os_family, device_family: os_manufacturer}]
        as contexts_com_snowplowanalytics_snowplow_ua_parser_context_1
    from (select *, hash(event_id) % 12600 as part from read_parquet('{events}'))
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    defects = {"cross_device": 0.3, "duplicates": 0.05, "null_ids": 0.02}
    simulate(Simulation(folder, 6000, 20, 11, defects=defects))
    path = folder / "faulty.parquet"
    with duckdb.connect() as connection:
        query = FAULTY.replace("{events}", f"{folder}/events/**/*.parquet")
        connection.execute(f"copy ({query}) to '{path}'")
    return path


@pytest.fixture(scope="module")
def built(module_project: Project, events: Path) -> Project:
    module_project.build(*SELECT, events=events)
    return module_project


def dictionaries(project: Project, relation: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(project.database), read_only=True) as connection:
        result = connection.execute(f"select * from {relation}")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.fixture(scope="module")
def expected(built: Project) -> dict[str, dict[str, dict[str, Any]]]:
    staged = dictionaries(built, "stg_snowplow__events")
    usable, known = reference.usable(staged), reference.people(staged)
    sessions = reference.sessions(usable, known)
    return {
        "page_views": reference.page_views(usable, known),
        "sessions": sessions,
        "users": reference.users(sessions),
        "user_mapping": reference.user_mapping(staged),
    }


@pytest.mark.parametrize("table", KEYS)
def test_every_row_and_column_equals_the_reference(
    built: Project, expected: dict[str, dict[str, dict[str, Any]]], table: str
) -> None:
    rows = {row[KEYS[table]]: row for row in dictionaries(built, f"stg_snowplow__{table}")}
    assert rows.keys() == expected[table].keys()
    assert len(rows) > 20
    for key, row in rows.items():
        assert row == expected[table][key], key


def test_the_faults_are_there(expected: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Otherwise the comparison above would say little."""
    sessions, views = expected["sessions"].values(), expected["page_views"].values()
    assert any(name.endswith("-later") for name in expected["sessions"])
    assert any(name.startswith("shared-") for name in expected["page_views"])
    assert any(session["mkt_source_platform"] == "ads" for session in sessions)
    assert any(session["total_events"] > session["page_views"] == 0 for session in sessions)
    assert {view["vertical_percentage_scrolled"] for view in views} >= {None, 100.0}
    assert any(view["engaged_time_in_s"] > 5 for view in views)
    assert any(user["sessions"] > 2 for user in expected["users"].values())
    assert any(view["stitched_user_id"] == "someone" for view in views)


def test_doubled_and_shuffled_events_change_nothing(
    built: Project, project: Project, events: Path, tmp_path: Path
) -> None:
    doubled = tmp_path / "doubled.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from (from '{events}' union all from '{events}') order by hash(event_id, 3))"
            f" to '{doubled}'"
        )
    project.build(*SELECT, events=doubled)
    for table in KEYS:
        relation = f"stg_snowplow__{table}"
        assert project.fingerprint(relation) == built.fingerprint(relation), table
