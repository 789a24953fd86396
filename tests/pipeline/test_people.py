"""Who is one person: not whoever shares a placeholder; and what only a user_id tells counts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tools.project import Project

START = datetime(2024, 3, 1)
HOUR = timedelta(hours=1)
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
FORM = "unstruct_event_com_snowplowanalytics_snowplow_submit_form_1"
ZEROS = "00000000-0000-0000-0000-000000000000"
PLACEHOLDERS = ["anonymous", "GUEST", " unknown ", "0", ZEROS, "n/a", "(not set)"]
PURCHASES = [
    {"name": "purchase", "events": ["order_completed"]},
    {
        "name": "deal",
        "table": "{folder}/deals.csv",
        "user_id_column": "who",
        "tstamp_column": "at",
    },
]


def event(number: int, who: str | None, **more: Any) -> dict[str, Any]:
    """A page view, an hour after that of the number before."""
    at = START + number * HOUR / 4
    return {
        "event_id": f"e{number}",
        "event_name": "page_view",
        "domain_userid": who,
        "domain_sessionid": f"s-{who}" if who else None,
        "user_id": None,
        "network_userid": ZEROS,
        "derived_tstamp": str(at),
        "collector_tstamp": str(at + timedelta(seconds=1)),
        "tr_total": None,
        WEB_PAGE: [{"id": f"pv{number}"}],
        FORM: None,
    } | more


def history() -> list[dict[str, Any]]:
    """Visitors with placeholders, a kiosk on many, people with devices, orders of servers."""
    made: list[dict[str, Any]] = []

    def add(who: str | None, **more: Any) -> None:
        made.append(event(len(made), who, **more))

    for number in range(21):
        add(f"odd{number}", user_id=PLACEHOLDERS[number % len(PLACEHOLDERS)])
    for number in range(12):
        add(f"kiosk{number}", user_id="jo" if number == 0 else None)
        add(f"kiosk{number}", user_id="front-desk")
    add("phone", user_id="ann", **{FORM: {"email": "Ann@example.com"}})
    add("laptop", user_id="ann")
    add("tablet", user_id="bob", **{FORM: {"email": "unknown"}})
    # A visitor that is none, twice; sessions of nobody and of Cleo, who blocks cookies.
    for number in range(2):
        add("anonymous", domain_sessionid=f"none{number}")
        add(None, domain_sessionid="cookieless", user_id="cleo")
    add("phone")
    order = {"event_name": "order_completed", WEB_PAGE: None}
    for user, total in (("ann", 10), ("cleo", 20), ("guest", 30), ("front-desk", 40), ("new", 5)):
        add(None, user_id=user, tr_total=total, **order)
    # A session begins with a form and ends with an order.
    add("form", event_name="submit_form")
    add("form", domain_sessionid="s-form")
    add("form", tr_total=7, **order)
    add("end")
    return made


@pytest.fixture(scope="module")
def built(module_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("people")
    events = folder / "events.ndjson"
    events.write_text("".join(json.dumps(line) + "\n" for line in history()))
    (folder / "deals.csv").write_text(
        "who,at\nbob,2024-03-01 12:00:00\nanonymous,2024-03-01 12:00:00\n"
        "0,2024-03-01 12:00:00\nfront-desk,2024-03-01 12:00:00\n"
        ",2024-03-01 12:00:00\njo,\njo,03/04/2024\n"
    )
    purchases = [dict(PURCHASES[0]), PURCHASES[1] | {"table": str(folder / "deals.csv")}]
    tables = [
        "+tgt_person__first_conversion",
        "+tgt_visitor__first_conversion",
        "+tgt_visitor__asof_event",
        "+stg_snowplow__page_views",
        "+stg_snowplow__users",
        "+rpt_event_intake",
    ]
    done = module_project.dbt(
        "run",
        "--select",
        *tables,
        events=events,
        conversions=purchases,
        max_visitors_per_user_id=10,
        event_fields=["submit_form.email"],
    )
    assert done.returncode == 0, done.stdout
    (folder / "said.txt").write_text(done.stdout)
    return module_project


def test_rows_of_nobody_and_of_no_time_are_counted(built: Project) -> None:
    found = built.rows(
        "select source, column_name, outcome, num_events from rpt_event_intake "
        "where source <> 'events' order by all"
    )
    (source,) = {row[0] for row in found}
    assert [row[1:] for row in found] == [
        ("at", "missing", 1),
        ("at", "unread", 1),
        ("who", "missing", 1),
        ("who", "placeholder", 2),
    ]
    assert source == f"conversion {PURCHASES[1]['name']}"


def test_placeholders_and_shared_ids_join_no_visitors(built: Project) -> None:
    assert built.rows("select * from stg_snowplow__shared_user_ids") == [("front-desk", 12)]
    assert built.rows(
        "select domain_userid, user_id from stg_snowplow__user_mapping order by all"
    ) == [("kiosk0", "jo"), ("laptop", "ann"), ("phone", "ann"), ("tablet", "bob")]
    # Each visitor with a placeholder is a person of its own.
    assert built.value("select count(distinct stitched_user_id) from stg_snowplow__users") == 37
    assert built.value("select count(*) from stg_snowplow__users") == 38
    assert built.value("select count(network_userid) from stg_snowplow__events") == 0


def test_what_only_a_user_id_tells_counts_for_the_person_and_their_visitors(
    built: Project,
) -> None:
    assert built.rows(
        "select conversion_name, stitched_user_id, domain_userid from tgt_conversions order by all"
    ) == [
        ("deal", "bob", None),
        ("purchase", "ann", None),
        ("purchase", "cleo", None),
        ("purchase", "form", "form"),
        ("purchase", "new", None),
    ]
    converted = "select {} from {} where first_purchase_tstamp is not null order by all"
    assert built.rows(converted.format("stitched_user_id", "tgt_person__first_conversion")) == [
        ("ann",),
        ("cleo",),
        ("form",),
    ]
    visitors = "tgt_visitor__first_conversion"
    assert built.rows(converted.format("domain_userid", visitors)) == [
        ("form",),
        ("laptop",),
        ("phone",),
    ]
    # It is no visit: when a visitor was last seen stays.
    assert (
        built.value(
            "select count(*) from tgt_visitor__first_conversion join stg_snowplow__users "
            "using (domain_userid) where last_seen_tstamp > end_tstamp"
        )
        == 0
    )
    # It is no moment either, and a moment before it is followed by it.
    moments = "select domain_userid, target_had_purchase_next1h from tgt_visitor__asof_event "
    assert built.rows(moments + "where event_id = 'e52'") == [("phone", None)]
    assert built.value("select count(*) from tgt_visitor__asof_event where event_id like 'c%'") == 0


def test_pages_and_sessions_without_a_visitor_stay(built: Project) -> None:
    assert built.rows(
        "select domain_sessionid, domain_userid, stitched_user_id from stg_snowplow__sessions "
        "where domain_userid is null order by all"
    ) == [("cookieless", None, "cleo"), ("none0", None, None), ("none1", None, None)]
    assert (
        built.value("select count(*) from stg_snowplow__page_views where domain_userid is null")
        == 4
    )
    # Ordinary people tables know who is somebody only.
    assert built.value("select count(*) from tgt_person__first_conversion") == 38


def test_a_session_lasts_from_its_first_event_to_its_last(built: Project) -> None:
    ((start, end, seconds, first),) = built.rows(
        "select start_tstamp, end_tstamp, absolute_time_in_s, total_events "
        "from stg_snowplow__sessions where domain_sessionid = 's-form'"
    )
    assert end - start == HOUR / 2
    assert (seconds, first) == (1800, 3)
