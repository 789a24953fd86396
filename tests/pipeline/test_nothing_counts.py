"""Where no event counts, the build stops with the reason in words, and keeps what there was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.project import Project

HEADER = "event_id,event_name,domain_userid,derived_tstamp,app_id,useragent\n"
EVENTS = (
    "1,page_view,ada,2026-01-01 10:00:00,shop,Firefox\n"
    "2,page_view,bob,2026-01-01 11:00:00,site,Firefox\n"
)
RUN = ["run", "--quiet", "--select", "+as_of", "rpt_event_intake"]
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "app_ids": (
        EVENTS,
        {"app_ids": ["web"]},
        "All were set aside: other_app_id 2. Var app_ids is web; the commonest app_ids of the "
        "events are: shop 1, site 1.",
    ),
    "times": (
        EVENTS.replace("2026-01-01", "soon"),
        {},
        "All were set aside: no_timestamp 2. Most have no derived_tstamp or collector_tstamp",
    ),
    "as_of": (
        EVENTS,
        {"as_of": "2025-01-01"},
        "after_as_of 2. Most are later than var as_of (2025-01-01)",
    ),
    "bots": (EVENTS.replace("Firefox", "Googlebot"), {}, "bot 2. Most are of bots"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_build_without_events_that_count_says_why(
    name: str, project: Project, tmp_path: Path
) -> None:
    rows, variables, expected = CASES[name]
    events = tmp_path / "events.csv"
    if name == "app_ids":  # what an earlier build made is still there afterwards
        events.write_text(HEADER + EVENTS)
        assert project.dbt(*RUN, events=events).returncode == 0
    events.write_text(HEADER + rows)
    done = project.dbt(*RUN, events=events, **variables)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "No event counts, so there is nothing to build from." in said
    assert expected in said
    assert "not_null_as_of" not in said
    assert "ada" not in said
    if name == "app_ids":
        assert project.value("select count(*) from stg_snowplow__events") == 2
        assert project.value("select as_of_tstamp::varchar from as_of") > "2026-01-01"
