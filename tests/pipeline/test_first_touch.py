"""Events of people whose first visit says much, to first_touch scores and audiences."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tools.project import Project

START = datetime(2026, 1, 1)
DAYS = 90
MINUTE = timedelta(minutes=1)
COLUMNS = "event_id event_name domain_userid domain_sessionid user_id derived_tstamp "
COLUMNS += "page_view_id page_urlpath mkt_medium form email"
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
FORM = "unstruct_event_com_snowplowanalytics_snowplow_submit_form_1"
SETTINGS: dict[str, Any] = {
    "conversions": [
        {
            "name": "demo_request",
            "events": ["submit_form"],
            "criteria": {
                "all": [{"property": "submit_form.form_id", "operator": "=", "value": "demo"}]
            },
        }
    ],
    "event_fields": ["submit_form.form_id", "submit_form.email"],
    "email_property": "submit_form.email",
    "training_window": [90, 0],
    "min_training_subjects": 50,
    "min_converting_subjects": 3,
    "label_high_lift": 1.5,
}


def event(name: str, who: str, at: datetime, visit: int, **more: Any) -> dict[str, Any]:
    """One event of a visitor; what is not given is null."""
    path = more.pop("page_urlpath", "/blog")
    return {
        "event_id": f"{who}-{name}-{at:%d%H%M%S}-{visit}",
        "event_name": name,
        "domain_userid": who,
        "domain_sessionid": f"{who}-{visit}",
        "user_id": more.get("user_id"),
        "derived_tstamp": at.isoformat(),
        "page_urlpath": path,
        "mkt_medium": more.get("mkt_medium"),
        WEB_PAGE: [{"id": f"{who}-{visit}"}],
        FORM: {"form_id": more.get("form"), "email": more.get("email")},
    }


def visits() -> list[dict[str, Any]]:
    """Ten people a day: of those who start at /pricing six in ten ask for a demo, of others few."""
    rng = random.Random(0)
    end = START + timedelta(days=DAYS)
    events = []
    for number in range(DAYS * 10):
        who = f"p{number}"
        at = START + timedelta(days=DAYS * rng.random())
        path, share = ("/pricing", 0.6) if rng.random() < 1 / 3 else ("/blog", 0.05)
        medium = "cpc" if rng.random() < 0.2 else None
        events.append(event("page_view", who, at, 1, page_urlpath=path, mkt_medium=medium))
        later = at + timedelta(days=0.5 + 5 * rng.random())
        form = "demo" if rng.random() < share else "newsletter"
        if later < end:
            events.append(event("page_view", who, later, 2, page_urlpath=f"/{form}"))
            events.append(event("submit_form", who, later + MINUTE, 2, form=form))
    # Ann: a phone, then a laptop on which she logs in; later on the phone, too.
    phone = {"user_id": "ann"}
    events += [
        event("page_view", "phone", end - timedelta(days=5), 1, page_urlpath="/pricing"),
        event("page_view", "laptop", end - timedelta(days=3), 1, **phone),
        event("page_view", "phone", end - timedelta(days=4), 2, **phone),
        # Bob asks in his first visit; Cleo asks for the newsletter, with her address.
        event("page_view", "bob", end - timedelta(days=40), 1),
        event("submit_form", "bob", end - timedelta(days=40, minutes=-10), 1, form="demo"),
        event("page_view", "cleo", end - timedelta(days=2), 1),
        event(
            "submit_form",
            "cleo",
            end - timedelta(days=2, minutes=-1),
            1,
            form="newsletter",
            email=" Cleo@Example.com",
        ),
        # Dan is still there when the data ends.
        event("page_view", "dan", end - timedelta(minutes=10), 1),
        event("page_view", "eve", end, 1),
    ]
    return events


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("visits") / "events.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in visits()))
    return path


@pytest.fixture(scope="module")
def scored(events: Path, module_project: Project) -> Project:
    module_project.build(events=events, **SETTINGS)
    return module_project


def test_the_model_is_registered_and_says_what_came_true(scored: Project) -> None:
    assert scored.rows(
        "select decision, kind, sha256(artefact) = artefact_sha256 from propensity_models "
        "where model_name = 'first_touch'"
    ) == [("champion", "conversion", True)]
    rates = dict(
        scored.rows(
            "select first_page_urlpath, round(avg(score), 1) from propensity_scores "
            "join feat_person__first_touch on subject_id = stitched_user_id "
            "where model_name = 'first_touch' group by first_page_urlpath"
        )
    )
    assert rates["/pricing"] > 0.5
    assert rates["/blog"] < 0.2
    assert (
        scored.value(
            "select mode(reason_1) from propensity_scores join feat_person__first_touch "
            "on subject_id = stitched_user_id "
            "where model_name = 'first_touch' and first_page_urlpath = '/pricing'"
        )
        == "Associated with path of the first page: /pricing"
    )


def test_only_people_whose_visit_is_over_and_horizon_open_are_scored(scored: Project) -> None:
    people = dict(
        scored.rows(
            "select stitched_user_id, stitched_user_id in (select subject_id "
            "from propensity_scores where model_name = 'first_touch') "
            "from feat_person__first_touch"
        )
    )
    assert people["ann"]
    assert people["cleo"]
    assert not people["bob"]
    passed = "select stitched_user_id from tgt_person__first_touch where as_of_tstamp < "
    (first, *_) = scored.rows(f"{passed} timestamp '2026-03-01'")[0]
    assert not people[first]
    assert "dan" not in people
    assert "phone" not in people
    assert scored.rows(
        "select count(*), count(distinct subject_id) from propensity_scores "
        "where model_name = 'first_touch'"
    ) == scored.rows("select count(*), count(*) from people_to_score")


def test_who_converted_in_the_first_visit_or_has_not_matured_trains_nothing(
    scored: Project,
) -> None:
    trained = {who for (who,) in scored.rows("select stitched_user_id from trn_first_touch")}
    assert "bob" not in trained
    known = START + timedelta(days=DAYS - 31)
    last = scored.value("select max(as_of_tstamp) from trn_first_touch")
    assert known - timedelta(days=1) <= last <= known
    assert scored.rows(
        "select fold, min(as_of_tstamp) > lag(max(as_of_tstamp)) over (order by min(as_of_tstamp)) "
        "from trn_first_touch group by fold order by min(as_of_tstamp)"
    ) == [("train", None), ("calibrate", True), ("test", True)]


def test_a_person_is_one_row_of_the_audience(scored: Project) -> None:
    assert scored.value("select count(*) = count(distinct audience_key) from aud_prospects")
    assert scored.rows(
        "select audience_key, domain_userid, is_reachable, num_visitors, num_visits, "
        "first_page_urlpath, first_touch_score is not null, "
        "email_sha256 = sha256('cleo@example.com') "
        "from aud_prospects where audience_key in ('ann', 'bob', 'cleo', 'phone', 'laptop') "
        "order by audience_key"
    ) == [
        ("ann", "laptop", True, 2, 3, "/pricing", True, None),
        ("cleo", "cleo", True, 1, 1, "/blog", True, True),
    ]


def test_the_rule_leaves_out_paid_and_later_visits(scored: Project) -> None:
    chosen = dict(scored.rows("select audience_key, domain_userid from aud_rule_based"))
    everyone = scored.rows(
        "select audience_key from aud_prospects where num_visits = 1 and "
        "coalesce(first_mkt_medium, '') <> 'cpc'"
    )
    assert set(chosen) == {who for (who,) in everyone}
    assert "ann" not in chosen
    funnel = scored.rows("select name, num_people from rpt_audience_funnel order by step")
    assert funnel[3] == ("of them reachable", 2)
    assert funnel[8] == ("in aud_rule_based", len(chosen))


def test_the_three_web_tables_alone_are_enough(
    scored: Project, project: Project, tmp_path: Path
) -> None:
    with duckdb.connect(str(scored.database), read_only=True) as connection:
        for table in ("page_views", "sessions", "users"):
            path = tmp_path / f"snowplow_web_{table}.csv"
            connection.execute(f"copy stg_snowplow__{table} to '{path}' (header)")
    conversion = {
        "name": "demo_page",
        "events": ["page_view"],
        "criteria": {"all": [{"property": "page_urlpath", "operator": "=", "value": "/demo"}]},
    }
    settings = SETTINGS | {"conversions": [conversion], "event_fields": [], "email_property": None}
    project.build(events="", web=tmp_path, atomic_table=None, **settings)
    assert project.fingerprint("feat_person__first_touch") == scored.fingerprint(
        "feat_person__first_touch"
    )
    assert project.rows("select model_name, decision from propensity_models") == [
        ("first_touch", "champion")
    ]
    audience = "select audience_key, first_touch_label, num_visitors from aud_prospects"
    assert ("ann", "High", 2) in project.rows(audience)
    assert project.value("select count(*) from aud_high_propensity") > 0
    assert project.value("select count(*) from aud_rule_based") > 0


def test_later_events_change_nothing_in_a_row(
    scored: Project, project: Project, events: Path
) -> None:
    before = START + timedelta(days=DAYS // 2)
    select = ("--select", "+feat_person__first_touch")
    project.build(*select, events=events, as_of=f"{before:%Y-%m-%d}", **SETTINGS)
    query = "select * exclude as_of_tstamp, as_of_tstamp from feat_person__first_touch "
    query += f"where as_of_tstamp <= timestamp '{before - timedelta(minutes=30)}' order by all"
    known_then = project.rows(query)
    assert len(known_then) > 400
    assert known_then == scored.rows(query)
