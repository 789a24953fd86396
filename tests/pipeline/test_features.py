"""Generated SQL against plain Python loops: to the row and the value, on every engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline import test_clocks
from tests.pipeline.features import engines
from tests.pipeline.features.definitions import (
    CONVERSIONS,
    DEFINITIONS,
    START,
    VARIABLES,
    histories,
)
from tests.pipeline.features.engines import DuckDB, Engine
from tools.reference import DAY, Event, Moment, feature, target
from tools.rendering import (
    DIALECTS,
    ROOT,
    CompilationError,
    Macros,
    visitor_definitions,
)

pytestmark = [
    # py4j leaves the sockets that results came through to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    # The Snowflake connector's vendored requests knows fewer releases than are installed.
    pytest.mark.filterwarnings("ignore:urllib3 .* doesn't match a supported version"),
    # fakesnow 0.12 reads results from DuckDB 2 in a way that DuckDB calls slow.
    pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result:UserWarning"),
]

AS_OF_US = START + 460 * DAY
HORIZON, ALLOWANCE = "P7D", "P1D"
Row = dict[str, Any]


class Case:
    """One engine and the SQL that it is asked, rendered once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        macros = Macros(engine.dialect, late_arrival_allowance=ALLOWANCE, **VARIABLES)
        us = macros.epoch_us("as_of_tstamp")
        self.sql: dict[tuple[str, str], str] = {}
        for at, moments in (("events", None), ("moments", "moments")):
            asked = {
                "features": macros.features(
                    DEFINITIONS, "events", moments, portable=engine.portable
                ),
                "targets": macros.targets(
                    HORIZON, "events", "as_of", moments, portable=engine.portable
                ),
            }
            for what, sql in asked.items():
                self.sql[at, what] = f"select told.*, {us} as us from ({sql}) as told"
        self.targets = [macros.target_column(c, HORIZON) for c in CONVERSIONS]

    def answers(self, events: Sequence[Event], moments: Sequence[Moment]) -> dict[str, list[Row]]:
        """Features and targets, joined on their keys, at the events and at the moments."""
        self.engine.load(events, moments, AS_OF_US)
        answers = {}
        for at in ("events", "moments"):
            features, targets = (
                {_key(row): row for row in _unique(self.engine.rows(self.sql[at, what]))}
                for what in ("features", "targets")
            )
            assert features.keys() == targets.keys()
            answers[at] = [features[key] | targets[key] for key in sorted(features)]
        return answers


def _key(row: Row) -> tuple[Any, ...]:
    return (row["domain_userid"], row["us"], row.get("event_id", ""))


def _unique(rows: list[Row]) -> list[Row]:
    assert len({_key(row) for row in rows}) == len(rows)
    return rows


def expected(events: Sequence[Event], moment: Moment, targets: Sequence[str]) -> Row:
    row = {
        name: feature(events, moment, definition, CONVERSIONS)
        for name, definition in DEFINITIONS.items()
    }
    return row | {
        column: target(events, moment, conversion, HORIZON, ALLOWANCE, AS_OF_US)
        for column, conversion in zip(targets, CONVERSIONS, strict=True)
    }


def moments_of(events: Sequence[Event]) -> list[Moment]:
    """Event times, a microsecond after, the window's ends, midnights, and far later."""
    found = {
        (event.domain_userid, us)
        for event in events
        for us in (
            event.us, event.us + 1, event.us + 7 * DAY, event.us + 30 * DAY + 1,
            event.us - event.us % DAY + DAY, AS_OF_US,
        )
    }  # fmt: skip
    return [Moment(*pair) for pair in sorted(found, key=str)]


def same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and got is not None:
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return got == wanted and (got is None) == (wanted is None)


def compare(case: Case, events: Sequence[Event]) -> int:
    """Compare every value with the loops; returns how many there were."""
    moments = moments_of(events)
    answers = case.answers(events, moments)
    at = {
        "events": [Moment(event.domain_userid, event.us, event) for event in events],
        "moments": moments,
    }
    by_visitor: dict[str | None, list[Event]] = {}
    for event in events:
        by_visitor.setdefault(event.domain_userid, []).append(event)
    compared = 0
    for kind, asked in at.items():
        asked = {
            (m.domain_userid, m.us, m.event.event_id if m.event else ""): m
            for m in asked
            if m.domain_userid is not None
        }
        rows = {_key(row): row for row in answers[kind]}
        assert rows.keys() == asked.keys()
        for key, moment in asked.items():
            wanted = expected(by_visitor[moment.domain_userid], moment, case.targets)
            for name, value in wanted.items():
                assert same(rows[key][name], value), (case.engine.name, kind, key, name,
                    rows[key][name], value)  # fmt: skip
            compared += len(wanted)
    return compared


@pytest.fixture(scope="module")
def corpus() -> list[Event]:
    """Many generated histories in one table, each of visitors of its own."""
    events: list[Event] = []
    seen = iter(range(10_000))

    @settings(max_examples=120, derandomize=True, database=None, deadline=None)
    @given(histories())
    def collect(history: list[Event]) -> None:
        number = next(seen)
        for event in history:
            visitor = event.domain_userid and f"{event.domain_userid}{number}"
            events.append(
                replace(event, event_id=f"{event.event_id}-{number}", domain_userid=visitor)
            )

    collect()
    return events


@pytest.fixture(scope="module")
def duckdb() -> Case:
    return Case(DuckDB(portable=False))


@pytest.fixture(scope="module")
def duckdb_portable() -> Case:
    return Case(DuckDB(portable=True))


@pytest.fixture(scope="module")
def spark() -> Iterator[Case]:
    with engines.spark() as engine:
        yield Case(engine)


@pytest.fixture(scope="module")
def fakesnow() -> Iterator[Case]:
    with engines.snowflake() as engine:
        yield Case(engine)


@pytest.mark.parametrize("name", ["duckdb", "duckdb_portable", "spark", "fakesnow"])
def test_features_and_targets_equal_the_loops(
    name: str, request: pytest.FixtureRequest, corpus: list[Event]
) -> None:
    case: Case = request.getfixturevalue(name)
    compared = compare(case, corpus)
    print(f"{case.engine.name}: {compared} values equal, of {len(corpus)} events")
    assert compared > 100_000


@pytest.mark.parametrize("name", ["duckdb", "duckdb_portable", "spark"])
def test_sums_of_the_largest_amounts_neither_overflow_nor_round(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Not on fakesnow, which adds whole numbers up as floats; Snowflake does not."""
    durations = ["8e12", "8e12", "-8e12", "-8e12", "2.5", "8e12"]
    events = [
        Event(f"e{at}", "u", START + at * 3 * DAY, media_player__duration=duration)
        for at, duration in enumerate(durations)
    ]
    assert compare(request.getfixturevalue(name), events) > 0


@pytest.mark.parametrize("name", ["duckdb", "spark", "fakesnow"])
def test_clocks_are_believed_alike(name: str, request: pytest.FixtureRequest) -> None:
    engine = request.getfixturevalue(name).engine
    seen = test_clocks.site(Random(1), 30, 20)
    after = test_clocks.Sighting(test_clocks.START + 200 * test_clocks.DAY, "z", True)
    odd = [test_clocks.Sighting(datetime(year, 1, 1), "odd") for year in (1970, 2026, 2099)]
    values = ", ".join(map(str, test_clocks.rows([*seen, after, *odd])))
    ((believed),) = engine.rows(
        f"with sightings as (select * from (values {values}) as t "
        f"({', '.join(test_clocks.COLUMNS)})), "
        + test_clocks.query(engine.dialect).removeprefix("with ")
    )
    assert believed == {
        "first_us": int(min(test_clocks.rows(seen))[0]),
        "until_us": int(test_clocks.rows([after])[0][0] + 25 * 3_600_000_000),
    }


@pytest.mark.parametrize("name", ["duckdb", "spark", "fakesnow"])
def test_the_hash_of_a_days_events_is_of_their_values_whatever_their_order(
    name: str, request: pytest.FixtureRequest
) -> None:
    case: Case = request.getfixturevalue(name)
    macros = Macros(case.engine.dialect)
    columns = ["event_id", "event_name", "app_id", "page_url", "se_value", "has_media_player"]
    visitors = f"select domain_userid, {macros.rows_hash(columns)} as digest from events"
    # The columns that every event has are told apart by day and part of the visitors too.
    days = "select visitor_bucket, day_us, num_events, events_hash from ({}) as days"
    days = days.format(macros.event_days_sql("events"))
    events = [
        Event("a", "u", START, app_id="site", se_value=1.5),
        Event("b", "u", START + 1, page_url="site"),
        Event("c", "u", START + 5 * DAY, has_media_player=True),
        Event("d", None, START),
    ]

    def told(given: list[Event]) -> tuple[Any, Any]:
        case.engine.load(given, [Moment("u", START)], AS_OF_US)
        rows = case.engine.rows(f"{visitors} group by domain_userid")
        by_day = case.engine.rows(days)
        return {row["domain_userid"]: row["digest"] for row in rows}["u"], sorted(
            (row["day_us"], row["num_events"], row["visitor_bucket"], str(row["events_hash"]))
            for row in by_day
        )

    digest, by_day = told(events)
    assert [row[:3] for row in by_day] == [
        (START - START % DAY, 2, "7b"),
        (START - START % DAY + 5 * DAY, 1, "7b"),
    ]
    assert told(events[::-1]) == (digest, by_day)
    moved = replace(events[0], app_id=None, page_url="site")
    for other in (moved, replace(events[0], se_value=None), replace(events[0], app_id="Site")):
        assert told([other, *events[1:]])[0] != digest
    for changed in (
        events[1:],
        [*events, events[0]],
        [replace(events[0], us=START + 2), *events[1:]],
    ):
        assert told(changed)[1] != by_day
    # What is not a subject's is not in a feature.
    assert told(events[:3])[1] == by_day


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories())
def test_any_history_on_duckdb(duckdb: Case, duckdb_portable: Case, history: list[Event]) -> None:
    assert compare(duckdb, history) == compare(duckdb_portable, history)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories(), st.randoms(use_true_random=False), st.integers(0, 13))
def test_later_events_and_row_order_change_nothing(
    duckdb: Case, history: list[Event], random: Any, at: int
) -> None:
    cut = sorted(event.us for event in history)[at % len(history)]
    earlier = [event for event in history if event.us <= cut]
    moments = [moment for moment in moments_of(earlier) if moment.us <= cut]
    alone = duckdb.answers(earlier, moments)
    random.shuffle(history)
    among = duckdb.answers(history, moments)
    features = [*DEFINITIONS, "us", "domain_userid"]
    assert _only(among["moments"], features) == _only(alone["moments"], features)
    ids = {event.event_id for event in earlier}
    kept = [row for row in among["events"] if row["event_id"] in ids]
    assert _only(kept, features) == _only(alone["events"], features)


def _only(rows: list[Row], names: Sequence[str]) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories())
def test_a_moment_has_the_features_of_an_event_at_that_instant(
    duckdb: Case, history: list[Event]
) -> None:
    last = max(event.us for event in history)
    midnight = last - last % DAY + DAY
    visitors = {event.domain_userid for event in history if event.domain_userid}
    made_up = [Event(f"made up {visitor}", visitor, midnight) for visitor in visitors]
    moments = [Moment(visitor, midnight) for visitor in visitors] or [Moment("w", midnight)]
    at_moments = duckdb.answers(history, moments)["moments"]
    at_events = [
        row
        for row in duckdb.answers([*history, *made_up], moments)["events"]
        if row["event_id"].startswith("made up")
    ]
    same_in_both = [
        name for name, definition in DEFINITIONS.items() if not definition.get("includes_own_event")
    ]
    assert len(at_events) == len(visitors)
    wanted = _only(at_events, same_in_both)
    assert [row for row in _only(at_moments, same_in_both) if visitors] == wanted


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"aggregation": "count"}, '`aggregation` is "count"; accepted: counter, any, sum'),
        ({"agregation": "counter"}, "`aggregation` is null; accepted: counter"),
        ({"aggregation": "counter", "period": "7 days"}, "period: '7 days' is not a duration"),
        ({"aggregation": "counter", "event": ["a"]}, "only the keys aggregation, events"),
        ({"aggregation": "counter", "events": "page_view"}, "accepted: a list of event names"),
        ({"aggregation": "sum", "period": "P7D"}, "`property` is null; accepted: property, which"),
        (
            {"aggregation": "sum", "property": "revenue"},
            '`property` is "revenue"; accepted: agent_name, app_id',
        ),
        ({"aggregation": "first", "property": "media_player.label"}, "fields listed in the var"),
        ({"aggregation": "time_since_last", "unit": "weeks"}, "seconds, minutes, hours, days"),
        ({"aggregation": "any", "conversion": "sale"}, "accepted: any, form, two_pricing_views"),
        (
            {"aggregation": "any", "conversion": "form", "events": ["a"]},
            "no `events` or `criteria`",
        ),
        ({"aggregation": "most_frequent", "property": "app_id"}, "`values` is null"),
        ({"moment": "month"}, '"month"}; accepted: day_of_week, hour_of_day, alone'),
        (
            {"aggregation": "counter", "criteria": [{"property": "app_id"}]},
            "accepted: {all: [...]} or {any: [...]}",
        ),
        (
            {
                "aggregation": "counter",
                "criteria": {"all": [{"property": "app_id", "operator": "~", "value": "a"}]},
            },
            '`operator` is "~"; accepted: = != < > <= >= like in',
        ),
        (
            {
                "aggregation": "counter",
                "criteria": {"any": [{"property": "app_id", "operator": "in", "value": "a"}]},
            },
            "accepted: a list of values, for the operator in",
        ),
        ("counter", '`feature` is "counter"; accepted: a mapping with `aggregation`'),
        ({"aggregation": "counter", "events": []}, "a list of event names; absent: all events"),
        ({"aggregation": "counter", "events": [7]}, "accepted: a list of event names"),
        ({"aggregation": "counter", "period": "P0D"}, "'P0D' is not a duration longer than"),
        ({"aggregation": "counter", "period": "P1M"}, "in weeks, days, hours, minutes"),
        ({"aggregation": "time_since_first"}, "`unit` is null; accepted: unit, which"),
        ({"aggregation": "mean", "property": "app_id"}, "a number: br_viewheight, br_viewwidth"),
        (
            {"aggregation": "last", "property": "app_id", "includes_own_event": "yes"},
            '`includes_own_event` is "yes"; accepted: true, false',
        ),
        (
            {"aggregation": "most_frequent", "property": "app_id", "values": "web"},
            '`values` is "web"; accepted: a list of the texts',
        ),
        *(
            (
                {"aggregation": "counter", "criteria": {"all": [criterion]}},
                message,
            )
            for criterion, message in [
                ({"property": "app_id", "operator": "="}, "accepted: {property, operator, value}"),
                (
                    {"property": "shop", "operator": "=", "value": "a"},
                    '`property` is "shop"; accepted: agent_name, app_id',
                ),
                (
                    {"property": "app_id", "operator": "=", "value": ["a"]},
                    '`value` is ["a"]; accepted: one text, number, true or false',
                ),
                (
                    {"property": "app_id", "operator": "like", "value": 1},
                    "`value` is 1; accepted: for like, text with the wildcards",
                ),
                (
                    {"property": "se_value", "operator": "<", "value": "a"},
                    '`value` is "a"; accepted: a number, and no like',
                ),
                (
                    {"property": "has_media_player", "operator": "=", "value": "yes"},
                    '`value` is "yes"; accepted: true or false, with = or !=',
                ),
            ]
        ),
    ],
)
def test_a_definition_that_cannot_be_computed_names_column_and_key(
    definition: dict[str, Any], message: str
) -> None:
    macros = Macros("duckdb", conversions=CONVERSIONS)
    with pytest.raises(CompilationError) as raised:
        macros.features({"num_x_l7d": definition}, "events")
    assert str(raised.value).startswith("feature num_x_l7d")
    assert message in str(raised.value)


def test_the_candidate_features_compile_for_every_engine() -> None:
    groups = yaml.safe_load((ROOT / "bench/candidate_features.yml").read_text())
    candidates = {name: one for group in groups.values() for name, one in group.items()}
    for dialect in DIALECTS:
        sql = Macros(dialect).features(visitor_definitions() | candidates, "events")
        assert all(f" as {name}" in sql for name in candidates)


def test_the_sql_of_the_visitor_features_grows_by_a_few_lines_a_feature() -> None:
    definitions = visitor_definitions()
    for dialect in ("duckdb", "snowflake", "databricks"):
        macros = Macros(dialect)
        twice = definitions | {
            f"{name}_of_2w": definition | ({"period": "P2W"} if "period" in definition else {})
            for name, definition in definitions.items()
        }
        lengths = [macros.features(asked, "events").count("\n") for asked in (definitions, twice)]
        print(
            f"{dialect}: {lengths[0]} lines for {len(definitions)}, {lengths[1]} for {len(twice)}"
        )
        assert lengths[1] < 2 * lengths[0]
