"""Whose clock is believed: one that is far from all others moves nothing, a pause is no fault."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pytest

from tools.rendering import Macros

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 3, 1)
EPOCH = datetime(1970, 1, 1)


class Sighting(NamedTuple):
    """One event: when, whose, and whether a server's clock says so, too."""

    at: datetime
    who: str
    has_server_clock: bool = False


def query(dialect: str) -> str:
    """What is believed of the relation `sightings`."""
    believed = Macros(dialect).believed_period("sightings")
    return f"with {believed} select first_us, until_us from believed"


def rows(sightings: Sequence[Sighting]) -> list[tuple[int, str, int, int]]:
    """The sightings as rows of the relation that the macro reads."""
    return [
        (
            (seen.at - EPOCH) // HOUR * 3_600_000_000,
            seen.who,
            int(seen.has_server_clock),
            int(seen.has_server_clock),
        )
        for seen in sightings
    ]


COLUMNS = ("hour_us", "witness", "has_server_clock", "has_collector")


def outliers(sightings: Sequence[Sighting], connection: duckdb.DuckDBPyConnection) -> set[datetime]:
    """The times that are set aside."""
    given = dict(zip(COLUMNS, zip(*rows(sightings), strict=True), strict=True))
    connection.register("sightings", pa.table({name: list(it) for name, it in given.items()}))
    ((first_us, until_us),) = connection.execute(query("duckdb")).fetchall()
    first, until = (EPOCH + timedelta(microseconds=int(us)) for us in (first_us, until_us))
    return {seen.at for seen in sightings if not first <= seen.at < until}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def site(rng: random.Random, visitors: int, days: float, visits: float = 3) -> list[Sighting]:
    """Visitors who come at random times, each with a few events a visit."""
    seen = []
    for number in range(visitors):
        for _ in range(1 + int(rng.expovariate(1 / visits))):
            at = START + days * DAY * rng.random()
            events = 1 + int(rng.expovariate(1 / 3))
            seen += [Sighting(at + 60 * k * DAY / 86400, f"v{number}") for k in range(events)]
    return seen


SITES = [(20, 9), (20, 120), (100, 30), (1000, 60), (3000, 20)]


@pytest.mark.parametrize(("visitors", "days"), SITES)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_a_site_is_set_aside_and_any_odd_clock_is(
    connection: duckdb.DuckDBPyConnection, visitors: int, days: float, seed: int
) -> None:
    rng = random.Random(seed)
    seen = site(rng, visitors, days)
    rng.shuffle(seen)
    assert outliers(seen, connection) == set()
    # A few devices, each in a year of its own, with many events or with one.
    years = rng.sample([1970, 1980, 2000, 2013, 2018, 2026, 2030, 2038, 2070, 2099], 1 + seed)
    odd = set()
    for year in years:
        who = rng.choice(seen).who if rng.random() < 0.5 else f"odd{year}"
        first = datetime(year, 1, 1) + 300 * DAY * rng.random()
        for _ in range(rng.choice([1, 1, 5, 40])):
            at = first + DAY * rng.random()
            odd.add(at)
            seen.append(Sighting(at, who))
    rng.shuffle(seen)
    assert outliers(seen, connection) == odd
    # Repeated arrivals change nothing.
    assert outliers(seen + rng.sample(seen, len(seen) // 3), connection) == odd


@pytest.mark.parametrize(("visitors", "days"), SITES)
@pytest.mark.parametrize("seed", range(3))
def test_after_a_pause_a_few_visitors_are_enough(
    connection: duckdb.DuckDBPyConnection, visitors: int, days: float, seed: int
) -> None:
    rng = random.Random(seed)
    seen = site(rng, visitors, days)
    back = START + (days + rng.choice([20, 60, 150, 300])) * DAY
    few = max(2, visitors // 100)
    burst = [Sighting(back + HOUR * rng.random(), f"v{k}") for k in range(few)]
    assert outliers(seen + burst, connection) == set()
    # Then it goes on as before, and an odd clock still is one.
    later = [Sighting(s.at + (back - START), s.who) for s in seen]
    odd = Sighting(back + 3 * 366 * DAY, "v1")
    assert outliers([*seen, *burst, *later, odd], connection) == {odd.at}
    # What was before the pause is no fault either, if it is much less than what came after.
    pilot = [Sighting(START - 100 * DAY + k * HOUR, f"p{k % 2}") for k in range(5)]
    assert outliers(pilot + seen, connection) == set()


@pytest.mark.parametrize("pause", [HOUR, 9 * HOUR, DAY, 3 * DAY, 10 * DAY])
@pytest.mark.parametrize(("visitors", "days"), SITES[:4])
def test_the_first_event_of_a_day_counts(
    connection: duckdb.DuckDBPyConnection, visitors: int, days: float, pause: timedelta
) -> None:
    seen = site(random.Random(1), visitors, days)
    first = Sighting(max(s.at for s in seen) + pause, "new")
    assert outliers([*seen, first], connection) == set()


def test_a_server_says_when_one_visitor_came_after_months(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    known = [s._replace(has_server_clock=True) for s in site(random.Random(2), 100, 30)]
    after = Sighting(START + 200 * DAY, "new", has_server_clock=True)
    before = Sighting(START - 2000 * DAY, "old", has_server_clock=True)
    assert outliers([before, *known, after], connection) == set()
    # By its own clock alone, or against all that servers said for years, it is not believed.
    alone = after._replace(has_server_clock=False)
    broken = Sighting(datetime(2099, 1, 1), "v1", has_server_clock=True)
    unix = Sighting(datetime(1970, 1, 2), "v2", has_server_clock=True)
    assert outliers([*known, alone, broken, unix], connection) == {alone.at, broken.at, unix.at}
    # Rows without a server's clock that go on where others end are believed.
    device = [Sighting(s.at + 30 * DAY, s.who) for s in known]
    assert outliers(known + device, connection) == set()


def test_clocks_that_run_ahead_of_a_busy_site_move_it_by_a_day_at_most(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rng = random.Random(3)
    seen = [Sighting(START + 10 * DAY * rng.random(), f"v{k}") for k in range(300_000)]
    ahead = [Sighting(START + (10 + rng.expovariate(1 / 20)) * DAY, f"ahead{k}") for k in range(60)]
    far = [Sighting(datetime(2025 + k % 40, 1, 1) + k * DAY, f"far{k}") for k in range(300)]
    aside = outliers(seen + ahead + far, connection)
    assert aside >= {s.at for s in far}
    assert aside == {s.at for s in ahead + far if s.at >= START + 11 * DAY}


def test_a_handful_of_events_is_not_judged_within_a_year(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    few = [Sighting(START + k * DAY, f"v{k % 3}") for k in range(8)]
    end = Sighting(START + 90 * DAY, "end")
    assert outliers([*few, end], connection) == set()
    odd = Sighting(datetime(2099, 1, 1), "odd")
    assert outliers([*few, end, odd], connection) == {odd.at}
    assert outliers([end], connection) == set()
