"""Generated SQL against plain Python loops: to the row and the value, on every engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.features import engines
from tests.pipeline.features.definitions import CONVERSIONS, DEFINITIONS, START, histories
from tests.pipeline.features.engines import DuckDB, Engine
from tests.pipeline.features.reference import DAY, Event, Moment, feature, target
from tests.pipeline.features.rendering import CompilationError, Macros, prospect_definitions

AS_OF_US = START + 460 * DAY
HORIZON, ALLOWANCE = "P7D", "P1D"
Row = dict[str, Any]


class Case:
    """One engine and the SQL that it is asked, rendered once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        macros = Macros(engine.dialect, conversions=CONVERSIONS, late_arrival_allowance=ALLOWANCE)
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
