"""Replayed events through HTTP: the time is told by the caller."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.signals.stand_in import Running, stand_in

APP = {"type": "atomic", "name": "app_id"}
ATTRIBUTES = [
    {"name": "views_l1h", "type": "int32", "events": [{"name": "page_view"}],
     "aggregation": "counter", "period": "PT1H"},
    {"name": "first_app", "type": "string", "events": [], "aggregation": "first",
     "property": APP, "period": "P1D"},
    {"name": "last_app", "type": "string", "events": [], "aggregation": "last", "property": APP},
    {"name": "apps_l1d", "type": "int64", "events": [], "aggregation": "approx_count_distinct",
     "property": APP, "period": "P1D"},
]  # fmt: skip
NAMES = [attribute["name"] for attribute in ATTRIBUTES]


def event(time: str, app: str | None = "web", visitor: str = "v") -> dict[str, object]:
    """A page view, as the simulator writes it."""
    return {
        "event_name": "page_view", "event_vendor": "com.snowplowanalytics.snowplow",
        "event_version": "1-0-0", "domain_userid": visitor, "app_id": app,
        "derived_tstamp": f"2026-05-01 {time}", "collector_tstamp": f"2026-05-01 {time}",
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with stand_in(tmp_path_factory.mktemp("local"), replay=True) as running:
        running.publish(ATTRIBUTES)
        yield running


def test_a_window_slides_with_the_time_of_the_reading(server: Running) -> None:
    events = [event("10:00:00", "web"), event("10:30:00", "docs"), event("10:40:00", None)]
    server.replay(events, "2026-05-01T10:40:00")
    assert server.read("v", NAMES, now="2026-05-01T10:40:01") == {
        "views_l1h": 3, "first_app": "web", "last_app": "docs", "apps_l1d": 2,
    }  # fmt: skip
    assert server.read("v", NAMES, now="2026-05-01T11:30:00.000001Z") == {
        "views_l1h": 1, "first_app": "web", "last_app": "docs", "apps_l1d": 2,
    }  # fmt: skip
    # An event lies in its window to the microsecond at which it is as old as the period.
    assert server.read("v", ["views_l1h"], now="2026-05-01T11:30:00") == {"views_l1h": 2}


def test_an_unknown_visitor_has_no_values(server: Running) -> None:
    assert server.read("nobody", NAMES, now="2026-05-01T10:40:01") == {
        "views_l1h": 0, "first_app": None, "last_app": None, "apps_l1d": None,
    }  # fmt: skip


def test_the_time_has_to_be_told(server: Running) -> None:
    answer = server.client.post("/local/events", json=[])
    assert answer.status_code == 400
    assert "X-Replay-Now" in answer.json()["detail"]
