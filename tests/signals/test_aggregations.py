"""Values of the 14 aggregations: exact ones, and against an evaluation of the list of events."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.signals.local.profiles import Limits, Profiles
from ml.signals.local.properties import iso
from ml.signals.local.registry import Registry

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 20_000 * DAY
VALUE = {"type": "event", "vendor": "a", "name": "e", "major_version": 1, "path": "value"}
NUMERIC = ("sum", "min", "max", "mean")
AGES = ("time_since_first", "time_since_last")
COUNTED = (
    "unique_list", "most_frequent", "least_frequent", "category_count", "approx_count_distinct",
)  # fmt: skip
AGGREGATIONS = ("counter", *NUMERIC, "first", "last", *COUNTED, *AGES)
TYPES = {
    "counter": "int64", "approx_count_distinct": "int64", "unique_list": "string_list",
    "category_count": "dict", "first": "string", "last": "string", "most_frequent": "string",
    "least_frequent": "string",
}  # fmt: skip

Event = tuple[int, Any]
"""Seconds after START by derived_tstamp, and the value."""


def attribute(aggregation: str, **more: Any) -> dict[str, Any]:
    """An attribute over all events."""
    made = {
        "name": aggregation,
        "aggregation": aggregation,
        "type": TYPES.get(aggregation, "double"),
        "events": [],
    }
    if aggregation in AGES:
        made["time_unit"] = "s"
    elif aggregation != "counter":
        made["property"] = VALUE
    return made | more


class Computed:
    """Values of attributes of one visitor, in this process."""

    def __init__(self, *attributes: dict[str, Any], limits: Limits | None = None) -> None:
        self.registry = Registry()
        self.profiles = Profiles(limits)
        self.publish(*attributes)

    def publish(self, *attributes: dict[str, Any], version: int = 1, **more: Any) -> None:
        group = {
            "name": "g", "version": version, "owner": "a@example.com", "is_published": True,
            "attribute_key": {"name": "domain_userid"}, "attributes": attributes, **more,
        }  # fmt: skip
        self.registry.create("attribute_groups", json.dumps(group).encode())
        self.profiles.use(self.registry.plan())

    def take(self, *events: Event, taken: int | None = None, visitor: str = "v") -> None:
        for seconds, value in events:
            row = {
                "event_vendor": "a", "event_name": "e", "event_version": "1-0-0",
                "domain_userid": visitor, "unstruct_event_a_e_1": {"value": value},
                "derived_tstamp": iso(START + seconds * SECOND),
            }  # fmt: skip
            self.profiles.take(row, START + (seconds if taken is None else taken) * SECOND)

    def read(self, now: float, *, version: int = 1, visitor: str = "v") -> dict[str, Any]:
        attributes = list(self.profiles.plan.groups[("g", version)].values())
        at = START + round(now * SECOND)
        values = self.profiles.read("domain_userid", visitor, attributes, at)
        return {a.name: value for a, value in zip(attributes, values, strict=True)}


def value_of(aggregation: str, events: list[Event], now: float, **more: Any) -> Any:
    computed = Computed(attribute(aggregation, **more))
    computed.take(*events)
    return computed.read(now)[aggregation]


# Seconds 0 to 40; the window of 30 seconds leaves out the first two at second 41.
NUMBERS = [(0, 100), (10, 50), (20, 3), (30, 2), (40, 7.5), (25, 3)]
WORDS = [(0, "x"), (10, "x"), (20, "b"), (30, "a"), (40, "c"), (25, "b"), (26, None)]


@pytest.mark.parametrize(
    ("aggregation", "events", "lifetime", "window"),
    [
        ("counter", WORDS, 7, 5),
        ("sum", NUMBERS, 165.5, 15.5),
        ("min", NUMBERS, 2.0, 2.0),
        ("max", NUMBERS, 100.0, 7.5),
        ("mean", NUMBERS, 165.5 / 6, 15.5 / 4),
        ("first", WORDS, "x", "b"),
        ("last", WORDS, "c", "c"),
        ("unique_list", WORDS, ["x", "b", "a", "c"], ["b", "a", "c"]),
        ("most_frequent", WORDS, "b", "b"),
        ("least_frequent", WORDS, "a", "a"),
        ("category_count", WORDS, {"b": 2, "x": 2, "c": 1, "a": 1}, {"b": 2, "c": 1, "a": 1}),
        ("approx_count_distinct", WORDS, 4, 3),
        ("time_since_first", WORDS, 41.0, 21.0),
        ("time_since_last", WORDS, 1.0, 1.0),
    ],
)
def test_a_late_event_counts_by_its_time_and_null_does_not_count(
    aggregation: str, events: list[Event], lifetime: Any, window: Any
) -> None:
    assert value_of(aggregation, events, 41) == lifetime
    assert value_of(aggregation, events, 41, period="PT30S") == window


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("more", [{}, {"period": "PT10S"}])
def test_without_events_there_is_nothing_or_the_default(aggregation: str, more: Any) -> None:
    nothing = 0 if aggregation == "counter" else None
    assert value_of(aggregation, [], 50, **more) == nothing
    assert value_of(aggregation, [], 50, default_value=7, **more) == 7
    if more:
        assert value_of(aggregation, [(0, 1)], 50, **more) == nothing


def test_an_event_is_in_its_window_until_it_is_older_than_the_period() -> None:
    assert value_of("counter", [(0, 1)], 10, period="PT10S") == 1
    assert value_of("counter", [(0, 1)], 10.000001, period="PT10S") == 0


def test_a_lifetime_value_is_null_once_its_ttl_has_passed_and_begins_again() -> None:
    computed = Computed(attribute("counter", ttl="PT1M"), attribute("sum"))
    computed.take((0, 1), (50, 2))
    assert computed.read(110) == {"counter": 2, "sum": 3.0}
    assert computed.read(110.000001) == {"counter": None, "sum": 3.0}
    week = 7 * 86_400
    assert computed.read(50 + week)["sum"] == 3.0
    assert computed.read(50 + week + 1)["sum"] is None
    computed.take((52 + week, 5))
    assert computed.read(52 + week) == {"counter": 1, "sum": 5.0}


@pytest.mark.parametrize("place", ["group", "key"])
def test_the_ttl_of_the_group_then_of_the_key_holds_for_what_has_none(place: str) -> None:
    key: dict[str, Any] = {"name": "app", "property": {"type": "atomic", "name": "domain_userid"}}
    computed = Computed(attribute("counter", period="PT1H"))
    if place == "group":
        computed.publish(attribute("sum"), version=2, ttl="PT5S")
    else:
        computed.publish(attribute("sum"), version=2, attribute_key=key | {"ttl": "PT5S"})
    computed.take((0, 1))
    attributes = list(computed.profiles.plan.groups[("g", 2)].values())
    name = computed.profiles.plan.key_of_group[("g", 2)]
    for seconds, expected in ((5, [1.0]), (6, [None])):
        at = START + seconds * SECOND
        assert computed.profiles.read(name, "v", attributes, at) == expected


def test_lists_and_categories_hold_100_values() -> None:
    events = [(at, f"v{at % 150:03}") for at in range(300)]
    events += [(300, "v000"), (301, "v000"), (302, "v001")]
    recent = [f"v{at:03}" for at in range(52, 150)] + ["v000", "v001"]
    kept = dict.fromkeys((f"v{at:03}" for at in range(149, 51, -1)), 2)
    for more in ({}, {"period": "PT1H"}):
        assert value_of("unique_list", events, 303, **more) == recent
        categories = value_of("category_count", events, 303, **more)
        assert categories == {"v000": 4, "v001": 3} | kept
        assert value_of("least_frequent", events, 303, **more) == "v052"
        assert value_of("most_frequent", events, 303, **more) == "v000"
        assert value_of("approx_count_distinct", events, 303, **more) == 150


def test_a_value_that_is_seen_again_moves_to_the_end_of_the_list() -> None:
    events = [(0, "/home"), (1, "/products"), (2, "/home")]
    assert value_of("unique_list", events, 3) == ["/products", "/home"]


def test_an_age_is_never_negative_and_has_its_unit() -> None:
    assert value_of("time_since_last", [(100, 1)], 50) == 0.0
    assert value_of("time_since_first", [(0, 1)], 5400, time_unit="h") == 1.5
    assert value_of("time_since_first", [(0, 1)], 90, time_unit="min", period="PT1H") == 1.5
    assert value_of("time_since_last", [(0, 1)], 43_200, time_unit="d") == 0.5


def test_a_sum_does_not_drift() -> None:
    computed = Computed(attribute("sum", period="PT10S"), attribute("mean", period="PT10S"))
    for second in range(0, 1000, 5):
        computed.take((second, 1e16 if second < 900 else 0.1))
        computed.read(second)
    assert computed.read(999) == {"sum": 0.2, "mean": 0.1}


@pytest.mark.parametrize("aggregation", NUMERIC)
def test_text_that_is_a_number_counts_and_other_text_does_not(aggregation: str) -> None:
    assert value_of(aggregation, [(0, "2.5"), (1, "many"), (2, True), (3, [1])], 4) == 2.5


def test_true_is_not_1() -> None:
    events = [(0, True), (1, 1), (2, "1"), (3, 1.0)]
    assert value_of("approx_count_distinct", events, 4) == 3
    assert value_of("unique_list", events, 4, type="string_list") == ["true", "1", "1"]


def test_nothing_is_backdated_but_equal_definitions_share_their_value() -> None:
    computed = Computed(attribute("counter", period="PT1H"))
    computed.take((0, 1))
    computed.publish(
        attribute("counter", period="PT1H", name="same", description="other words"),
        attribute("counter", period="PT2H", name="new"),
        attribute("counter", name="whole_life"),
        version=2,
    )
    computed.take((1, 1))
    assert computed.read(2) == {"counter": 2}
    assert computed.read(2, version=2) == {"same": 2, "new": 1, "whole_life": 1}


def test_values_go_when_nothing_published_needs_them() -> None:
    computed = Computed(attribute("counter", period="PT1H"))
    computed.take((0, 1))
    for published in (False, True):
        computed.registry.set_published("attribute_groups", "g", 1, published)
        computed.profiles.use(computed.registry.plan())
    computed.take((1, 1))
    assert computed.read(2) == {"counter": 1}


def test_the_oldest_events_and_visitors_leave_first_and_are_counted() -> None:
    limits = Limits(profiles=2, events=10)
    computed = Computed(attribute("counter", period="PT1H"), limits=limits)
    computed.take(*((at, 1) for at in range(11)))
    assert computed.read(11) == {"counter": 10}
    computed.take((20, 1), visitor="w")
    computed.take((21, 1), visitor="v")
    computed.take((22, 1), visitor="x")
    assert computed.read(30, visitor="w") == {"counter": 0}
    assert computed.read(30, visitor="v") == {"counter": 10}
    assert computed.profiles.counts == {"events_dropped": 2, "profiles_dropped": 1}


def test_what_no_window_reaches_is_forgotten() -> None:
    computed = Computed(attribute("counter", period="PT1H"), attribute("sum", ttl="PT1H"))
    computed.take((0, 1), (10, 1))
    computed.profiles.forget(START + DAY)
    assert computed.read(11) == {"counter": 2, "sum": 2.0}
    computed.profiles.forget(START + 2 * DAY)
    assert not computed.profiles.profiles


def test_a_visitor_with_many_events_is_read_as_fast_as_another() -> None:
    attributes = [
        attribute(name, name=f"{name}_{period}", period=period)
        for name in AGGREGATIONS
        for period in ("PT1H", "P1D")
    ]
    computed = Computed(*attributes)
    computed.take(*((at, at % 500) for at in range(20_000)))
    computed.read(20_000)
    work = Work()
    for step in range(1, 50):
        computed.take((20_000 + step, step))
        with work:
            computed.read(20_000 + step)
    # 28 attributes; a pass over 20,000 events would be hundreds of thousands of calls.
    assert work.calls / 49 < 10_000


class Work:
    """Counts calls of Python functions, which unlike seconds does not depend on the machine."""

    def __init__(self) -> None:
        self.calls = 0

    def _count(self, _frame: Any, event: str, _arg: Any) -> None:
        self.calls += event == "call"

    def __enter__(self) -> None:
        sys.setprofile(self._count)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def expected(aggregation: str, events: list[tuple[int, int, Any]], now: int) -> Any:
    """Evaluate the list of events of a window: (time, arrival, value)."""
    if aggregation == "counter":
        return len(events)
    if aggregation in AGES:
        times = [time for time, _, _ in events]
        at = (
            min(times, default=None)
            if aggregation == "time_since_first"
            else max(times, default=None)
        )
        return None if at is None else max(0, now - at) / SECOND
    events = [event for event in events if event[2] is not None]
    if not events:
        return None
    events.sort(key=lambda event: event[:2])
    values = [value for _, _, value in events]
    if aggregation in NUMERIC:
        total = sum(map(Fraction, values))
        rules: dict[str, Callable[[], Any]] = {
            "sum": lambda: float(total),
            "mean": lambda: float(total / len(values)),
            "min": lambda: min(values),
            "max": lambda: max(values),
        }
        return rules[aggregation]()
    if aggregation in ("first", "last"):
        return values[0 if aggregation == "first" else -1]
    latest = {value: at for at, value in enumerate(values)}
    counts = Counter(values)
    order = sorted(counts, key=lambda value: (counts[value], latest[value]), reverse=True)[:100]
    return {
        "unique_list": sorted(latest, key=latest.__getitem__)[-100:],
        "most_frequent": order[0],
        "least_frequent": order[-1],
        "category_count": {value: counts[value] for value in order},
        "approx_count_distinct": len(counts),
    }[aggregation]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 20),  # seconds until the next event is taken
        st.integers(0, 60),  # how late it is
        st.one_of(st.none(), st.integers(0, 5)),
        st.booleans(),  # whether everything is read after it
        st.integers(0, 5),  # how far that reading steps back
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, limit_seconds=st.sampled_from([1, 10, 45, 600]))
def test_the_same_as_an_evaluation_of_the_list_of_events(
    steps: list[tuple[int, int, int | None, bool, int]], limit_seconds: int
) -> None:
    period = {"period": f"PT{limit_seconds}S"}
    windows = [attribute(name, name=f"{name}_w", **period) for name in AGGREGATIONS]
    number = {"type": "event", **{k: v for k, v in VALUE.items() if k != "path"}, "path": "number"}
    for made in (lifetimes := [attribute(name) for name in AGGREGATIONS]) + windows:
        if made["aggregation"] in NUMERIC:
            made["property"] = number
    computed = Computed(*lifetimes, *windows)
    taken: list[tuple[int, int, Any]] = []
    clock = 0
    for wait, late, value, reads, back in steps:
        clock += wait
        time = START + (clock - late) * SECOND
        taken.append((time, len(taken), value))
        row = {
            "domain_userid": "v", "derived_tstamp": iso(time),
            "unstruct_event_a_e_1": {
                "value": None if value is None else f"w{value}",
                "number": None if value is None else value / 10,
            },
        }  # fmt: skip
        computed.profiles.take(row, START + clock * SECOND)
        if not reads:
            continue
        now = START + (clock - back) * SECOND
        read = computed.read(clock - back)
        since = now - limit_seconds * SECOND
        for name in AGGREGATIONS:
            for suffix, events in (
                ("", taken), ("_w", [event for event in taken if event[0] >= since]),
            ):  # fmt: skip
                form = (lambda v: v / 10) if name in NUMERIC else (lambda v: f"w{v}")
                events = [(t, a, None if v is None else form(v)) for t, a, v in events]
                assert read[name + suffix] == expected(name, events, now), name + suffix
