"""Each switch of `cdp simulate --with`: the tables stay as they are, or change as documented."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from ml.simulation.defects import DEFECTS
from ml.simulation.generate import Simulation, simulate
from tools.project import Project

RATES = {
    "duplicates": 0.1,
    "late": 0.1,
    "bots": 1.0,
    "null_ids": 0.1,
    "test": 0.1,
    "skew": 0.05,
    "cross_device": 0.5,
    "consent": 0.5,
}
NAMES = ("clean", *RATES)
WEB = ("page_views", "sessions", "users", "user_mapping")
TABLES = (*(f"stg_snowplow__{name}" for name in WEB), "feat_visitor__current")
TABLES += ("feat_visitor__asof_day", "feat_visitor__asof_event")
SELECT = ("--select", "+rpt_event_intake", "stg_snowplow__shared_user_ids")
SELECT += ("as_of", *TABLES, "web_events", *(f"web_{name}" for name in WEB))

Warehouse = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One database a switch, and `clean`, attached under their names."""
    folder = tmp_path_factory.mktemp("defects")
    runs = []
    for name in NAMES:
        rates = {} if name == "clean" else {name: RATES[name]}
        simulate(Simulation(folder / name, 3000, 12, 5, defects=rates))
        place = {"CDP_EVENTS": str(folder / name / "events")}
        place["CDP_DUCKDB"] = str(folder / name / "warehouse.duckdb")
        runs.append((["run", *SELECT, "--vars", '{as_of: "2026-05-13"}'], place))
    assert Project(folder / "project").many(runs, parse_once=True) == [""] * len(NAMES)
    with duckdb.connect() as connection:
        for name in NAMES:
            connection.execute(f"attach '{folder}/{name}/warehouse.duckdb' as {name} (read_only)")
        yield connection


def rows(warehouse: Warehouse, query: str) -> list[tuple]:
    return warehouse.execute(query).fetchall()


def assert_same(
    warehouse: Warehouse, name: str, table: str, without: str = "definitions_hash", where: str = ""
) -> None:
    """The table holds the same rows as without the switch; `where` limits both."""
    told = f"select columns(lambda c: c not in ('{without}')) from"
    given, clean = (f"{told} {x}.{table} {where}" for x in (name, "clean"))
    counted = rows(warehouse, f"select count(*) from ({clean})")
    assert counted[0][0] > 0
    assert rows(warehouse, f"select count(*) from ({given})") == counted, table
    assert rows(warehouse, f"{given} except {clean}") == [], table


def intake(warehouse: Warehouse, name: str) -> dict[str, int]:
    return dict(
        rows(
            warehouse,
            f"select outcome, num_events from {name}.rpt_event_intake where column_name is null",
        )
    )


def test_every_switch_is_here() -> None:
    assert RATES.keys() == DEFECTS.keys()


@pytest.mark.parametrize(
    ("name", "outcome", "share"),
    [("duplicates", "duplicate", 0.1), ("bots", "bot", 1.0), ("test", "test_traffic", 0.1)],
)
def test_what_is_set_aside_changes_nothing(
    warehouse: Warehouse, name: str, outcome: str, share: float
) -> None:
    for table in ("stg_snowplow__events", *TABLES):
        assert_same(warehouse, name, table)
    clean, given = intake(warehouse, "clean"), intake(warehouse, name)
    assert given["kept"] == clean["kept"]
    assert given.pop(outcome) == pytest.approx(share * clean["kept"], rel=0.15)
    assert given == clean


def test_one_robot_makes_most_of_the_robots_events(warehouse: Warehouse) -> None:
    ((largest, total),) = rows(
        warehouse,
        "select max(n), sum(n) from (select count(*) as n from bots.base_snowplow__events "
        "where set_aside_reason = 'bot' group by domain_userid)",
    )
    assert largest / total == pytest.approx(2 / 3, abs=0.05)


def test_events_of_nobody_are_kept_and_tell_of_nobody(warehouse: Warehouse) -> None:
    for table in TABLES:
        assert_same(warehouse, "null_ids", table)
    where = "where domain_userid is not null"
    assert_same(warehouse, "null_ids", "stg_snowplow__events", where=where)
    clean, given = intake(warehouse, "clean")["kept"], intake(warehouse, "null_ids")["kept"]
    assert given - clean == pytest.approx(RATES["null_ids"] * clean, rel=0.15)


def test_events_from_the_future_are_set_aside_and_the_rest_is_kept(warehouse: Warehouse) -> None:
    ahead = "select event_id from skew.base_snowplow__events where set_aside_reason is not null"
    assert_same(warehouse, "skew", "stg_snowplow__events", where=f"where event_id not in ({ahead})")
    clean, given = intake(warehouse, "clean"), intake(warehouse, "skew")
    assert given["clock_defect"] == pytest.approx(RATES["skew"] * clean["kept"], rel=0.2)
    assert given["kept"] + given["clock_defect"] == clean["kept"]


def test_late_events_count_from_their_arrival_and_change_no_visit(warehouse: Warehouse) -> None:
    moved = rows(
        warehouse,
        "select l.event_tstamp = if(l.collector_tstamp - l.derived_tstamp > interval 1 day,"
        " l.collector_tstamp, l.derived_tstamp), l.derived_tstamp = c.derived_tstamp,"
        " l.collector_tstamp > c.collector_tstamp, count(*)"
        " from late.stg_snowplow__events as l join clean.stg_snowplow__events as c using (event_id)"
        " group by all order by all",
    )
    assert [row[:3] for row in moved] == [(True, True, False), (True, True, True)]
    assert moved[1][3] / (moved[0][3] + moved[1][3]) == pytest.approx(RATES["late"], rel=0.2)
    # Visits whose events all count from when they happened are the same, but for arrivals.
    arrived = (
        "where domain_sessionid not in (select domain_sessionid from clean.web_events as clean"
        " where not exists (select 1 from late.web_events as late"
        " where late.event_id = clean.event_id and late.event_tstamp = clean.event_tstamp))"
    )
    assert_same(warehouse, "late", "stg_snowplow__page_views", "collector_tstamp", arrived)
    assert_same(warehouse, "late", "stg_snowplow__sessions", where=arrived)


def test_a_second_device_is_a_visitor_of_its_own_and_the_same_person(warehouse: Warehouse) -> None:
    known = "where domain_userid in (select domain_userid from clean.stg_snowplow__events)"
    for table in TABLES:
        assert_same(warehouse, "cross_device", table, where=known)
    devices = (
        "select stitched_user_id from {}.stg_snowplow__users "
        "group by 1 having count(*) > 1 and not bool_or(stitched_user_id = domain_userid)"
    )
    assert rows(warehouse, devices.format("clean")) == []
    assert len(rows(warehouse, devices.format("cross_device"))) > 3


def test_answers_to_the_consent_banner_are_events_and_no_visits(warehouse: Warehouse) -> None:
    for name in ("page_views", "user_mapping"):
        assert_same(warehouse, "consent", f"stg_snowplow__{name}")
    # An answer after the last page event is the end of the session.
    lasts = ("end_tstamp", "absolute_time_in_s")
    assert_same(warehouse, "consent", "stg_snowplow__users", without="', '".join(lasts))
    assert_same(
        warehouse,
        "consent",
        "stg_snowplow__sessions",
        without="', '".join((*lasts, "total_events")),
    )
    later = rows(
        warehouse,
        "select given.end_tstamp >= clean.end_tstamp, given.end_tstamp in (select event_tstamp"
        " from consent.stg_snowplow__events where event_name = 'consent_preferences')"
        " from consent.stg_snowplow__sessions as given join clean.stg_snowplow__sessions as clean"
        " using (domain_sessionid) where given.end_tstamp <> clean.end_tstamp group by all",
    )
    assert later == [(True, True)]
    where = "where event_name <> 'consent_preferences'"
    assert_same(warehouse, "consent", "stg_snowplow__events", where=where)
    answers, first_visits = rows(
        warehouse,
        "select count(distinct domain_userid) from consent.stg_snowplow__events "
        "where event_name = 'consent_preferences' union all "
        "select count(*) from clean.stg_snowplow__users where sessions >= 1",
    )
    assert answers[0] / first_visits[0] == pytest.approx(RATES["consent"], rel=0.25)
