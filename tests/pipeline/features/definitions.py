"""Definitions that use every aggregation, operator and kind of window, and events for them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tools.reference import DAY, Event
from tools.rendering import visitor_definitions

HOUR = DAY // 24
START = 1_767_225_600_000_000  # 2026-01-01, a Thursday

CONVERSIONS: list[dict[str, Any]] = [
    {"name": "form", "events": ["submit_form"]},
    {"name": "two_pricing_views", "events": ["page_view"], "min_count": 2, "criteria": {
        "all": [{"property": "page_url", "operator": "like", "value": "%pricing%"}]}},
]  # fmt: skip

WORTH = {"all": [{"property": "se_value", "operator": ">", "value": 0.5}]}
CAME_BY = {"any": [
    {"property": "refr_medium", "operator": "in", "value": ["search", "so'cial"]},
    {"property": "mkt_medium", "operator": "!=", "value": "cpc"},
]}  # fmt: skip
LONG = {"any": [{"property": "media_player.duration", "operator": ">=", "value": 2.5}]}
CHEAP_WEB = {"all": [
    {"property": "se_value", "operator": "<=", "value": 2},
    {"property": "app_id", "operator": "=", "value": "web"},
]}  # fmt: skip

VARIABLES = {"conversions": CONVERSIONS, "entity_fields": ["media_player.duration"]}

OTHERS: dict[str, dict[str, Any]] = {
    "num_events": {"aggregation": "counter"},
    "num_events_l1h": {"aggregation": "counter", "period": "PT1H"},
    "num_came_by_l7d": {"aggregation": "counter", "criteria": CAME_BY, "period": "P7D"},
    "num_cheap_web": {"aggregation": "counter", "criteria": CHEAP_WEB, "events": ["page_view"]},
    "num_form_l7d": {"aggregation": "counter", "conversion": "any", "period": "P7D"},
    "had_two_views": {"aggregation": "any", "conversion": "two_pricing_views"},
    "was_seen": {"aggregation": "any"},
    "sum_value_l7d": {"aggregation": "sum", "property": "se_value", "period": "P7D"},
    "sum_value": {"aggregation": "sum", "property": "se_value", "criteria": WORTH},
    "mean_value_l30d": {"aggregation": "mean", "property": "se_value", "period": "P30D"},
    "min_value_l7d": {"aggregation": "min", "property": "se_value", "period": "P7D"},
    "max_value": {"aggregation": "max", "property": "se_value", "criteria": CAME_BY},
    "num_apps": {"aggregation": "unique_count", "property": "app_id"},
    "num_apps_l1d": {"aggregation": "unique_count", "property": "app_id", "period": "P1D"},
    "num_worth_apps_l7d": {
        "aggregation": "unique_count", "property": "app_id", "criteria": WORTH, "period": "P1W"},
    "first_app": {"aggregation": "first", "property": "app_id"},
    "first_worth_app_l7d": {
        "aggregation": "first", "property": "app_id", "criteria": WORTH, "period": "P7D"},
    "first_known_app_l7d": {
        "aggregation": "first", "property": "app_id", "period": "P7D",
        "criteria": {"all": [{"property": "app_id", "operator": "is not null"}]}},
    "num_unknown_l7d": {
        "aggregation": "counter", "period": "P7D", "criteria": {"any": [
            {"property": "app_id", "operator": "is null"},
            {"property": "media_player.duration", "operator": "IS NOT NULL"}]}},
    "last_app_l1d": {"aggregation": "last", "property": "app_id", "period": "P1D"},
    "last_worth_url": {"aggregation": "last", "property": "page_url", "criteria": WORTH},
    "own_or_last_form_app_l7d": {
        "aggregation": "last", "property": "app_id", "events": ["submit_form"], "period": "P7D",
        "includes_own_event": True},
    "usual_app_l30d": {
        "aggregation": "most_frequent", "property": "app_id", "values": ["web", "ios", "it's"],
        "period": "P30D"},
    "usual_worth_app": {
        "aggregation": "most_frequent", "property": "app_id", "values": ["ios"], "criteria": WORTH},
    "hours_since_first": {"aggregation": "time_since_first", "unit": "hours"},
    "minutes_since_first_worth_l7d": {
        "aggregation": "time_since_first", "criteria": WORTH, "period": "P7D", "unit": "minutes"},
    "days_since_last_l30d": {"aggregation": "time_since_last", "period": "P30D", "unit": "days"},
    "seconds_since_form": {
        "aggregation": "time_since_last", "events": ["submit_form"], "unit": "seconds"},
    "sum_duration_l7d": {
        "aggregation": "sum", "property": "media_player.duration", "period": "P7D"},
    "max_duration": {"aggregation": "max", "property": "media_player.duration"},
    "num_long_l30d": {"aggregation": "counter", "criteria": LONG, "period": "P30D"},
    "num_durations": {"aggregation": "unique_count", "property": "media_player.duration"},
    "hour_of_day": {"moment": "hour_of_day"},
}  # fmt: skip

DEFINITIONS: dict[str, dict[str, Any]] = visitor_definitions() | OTHERS

# What one engine or another takes for a number, and numbers at the end of what adds up.
NO_NUMBERS = ["NaN", "-Infinity", "inf", "1e400", "10d", "1_000", " 2.5 ", "9.1e12"]
NO_NUMBERS += ["-8e8", "8e8"]

# Steps from one event to the next: ties, single microseconds, and sums that end a window
# exactly on an event, or a microsecond beside it.
_STEPS = st.sampled_from(
    [
        *(0, 0, 1, 1, HOUR - 1, HOUR, HOUR + 1, 12 * HOUR, DAY, 6 * DAY, 23 * DAY, 400 * DAY),
        *(7 * DAY - 1, 7 * DAY, 7 * DAY + 1, 30 * DAY, 30 * DAY + 1),
    ]
)


def _maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([*values, None])


@st.composite
def histories(draw: st.DrawFn, max_size: int = 14) -> list[Event]:
    """Events of a few visitors, in any order: ties, interleaved sessions, null keys."""
    us = START + draw(st.sampled_from([0, HOUR, 13 * HOUR + 1]))
    events = []
    size = draw(st.integers(1, max_size))
    names = draw(st.permutations([f"e{number:02d}" for number in range(size)]))
    for name in names:
        us += draw(_STEPS)
        events.append(
            Event(
                event_id=name,
                domain_userid=draw(st.sampled_from(["u", "u", "u", "v", None])),
                us=us,
                event_name=draw(
                    st.sampled_from(
                        ["page_view", "page_view", "page_ping", "submit_form", "focus_form"]
                    )
                ),
                domain_sessionid=draw(_maybe("s1", "s2")),
                app_id=draw(_maybe("web", "ios", "it's")),
                device_class=draw(_maybe("Phone", "Desktop")),
                page_url=draw(_maybe("https://x.example/pricing?a=1", "https://x.example/")),
                page_urlhost=draw(_maybe("docs.x.example", "x.example")),
                page_urlpath=draw(_maybe("/product/", "/customers/who", "/")),
                refr_medium=draw(_maybe("search", "so'cial")),
                mkt_medium=draw(_maybe("cpc", "email")),
                mkt_campaign=draw(_maybe("c1", "c2")),
                has_media_player=draw(st.booleans()),
                media_player__duration=draw(
                    st.one_of(_maybe("10", "2.5", "2.50", "unknown"), _maybe(*NO_NUMBERS))
                ),
                se_value=draw(_maybe(0.5, 0.1, 2.0, -3.25, 1000000.0)),
            )
        )
    return draw(st.permutations(events))
