"""Feature tables built day by day, from doubled or shuffled files, and under new definitions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tools.project import Project

TABLES = ["feat_visitor__asof_event", "feat_visitor__asof_day", "feat_visitor__current"]
TARGETS = ["tgt_visitor__asof_event", "tgt_visitor__asof_day"]
SELECT = ["--select", *(f"+{name}" for name in TABLES + TARGETS), "--exclude", "test_type:unit"]
EVENTS = """
    select
        md5(number::varchar) as event_id,
        (['page_view', 'page_ping', 'submit_form'])[1 + (hash(number, 1) % 3)::int] as event_name,
        'visitor ' || (hash(number, 2) % 60) as domain_userid,
        'session ' || (hash(number, 2) % 60) || (hash(number, 3) % 9) as domain_sessionid,
        ['site', 'shop', null][1 + (hash(number, 4) % 3)::int] as app_id,
        ['search', null][1 + (hash(number, 5) % 2)::int] as refr_medium,
        ['/pricing', '/'][1 + (hash(number, 6) % 2)::int] as page_url,
        timestamp '2026-01-01' + to_seconds((hash(number, 7) % (60 * 86400))::bigint)
            as derived_tstamp,
        derived_tstamp + to_seconds((hash(number, 8) % 100)::bigint) as collector_tstamp
    from range(1500) as given (number)
"""
# It happened within the late_arrival_allowance before the first build, and arrived after it.
LATE = """
    select
        'late' as event_id, 'page_view' as event_name, domain_userid,
        timestamp '2026-02-19 18:00:00' as derived_tstamp,
        timestamp '2026-02-20 09:00:00' as collector_tstamp
    from events order by event_id limit 1
"""
FIRST, NEXT = "2026-02-20 06:00:00", "2026-02-21 06:00:00"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("events") / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table events as {EVENTS}")
        connection.execute(f"copy ((from events) union all by name ({LATE})) to '{path}'")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, events: Path) -> Project:
    project = Project(tmp_path_factory.mktemp("whole"))
    project.build(*SELECT, events=events, as_of=NEXT)
    return project


def fingerprints(project: Project) -> dict[str, tuple[int, int]]:
    return {name: project.fingerprint(name) for name in TABLES + TARGETS}


def assert_current_is_the_last_midnight(project: Project, as_of: str) -> None:
    """Features now, of a month's events, are those of all events as of the same midnight."""
    compiled = project.folder / "target/compiled/cdp/models/features"
    since = f"event_tstamp >= make_timestamp({epoch_us(as_of) - 30 * 86_400_000_000})"
    assert since in (compiled / "feat_visitor__current.sql").read_text()
    assert "event_tstamp >=" not in (compiled / "feat_visitor__asof_day.sql").read_text()
    day = f"(select * from feat_visitor__asof_day where as_of_tstamp = '{as_of}')"
    assert project.fingerprint("feat_visitor__current") == project.fingerprint(day)


def epoch_us(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_one_more_day_equals_the_whole_build_to_the_row(
    project: Project, whole: Project, events: Path
) -> None:
    project.build(*SELECT, events=events, as_of=FIRST)
    assert (
        project.value("select count(*) from feat_visitor__asof_event where event_id = 'late'") == 0
    )
    before = project.value("select count(*) from feat_visitor__asof_event")
    project.build(*SELECT, events=events, as_of=NEXT)
    assert project.value("select count(*) from feat_visitor__asof_event") > before
    assert (
        project.value("select count(*) from feat_visitor__asof_event where event_id = 'late'") == 1
    )
    assert fingerprints(project) == fingerprints(whole)
    compiled = project.folder / "target/compiled/cdp/models/features/feat_visitor__asof_event.sql"
    # 2026-02-20 05:5x, the last moment built, less a day, less 30 days of history
    since = re.search(r"event_tstamp >= make_timestamp\((\d+)\)", compiled.read_text())
    assert since is not None
    assert 1_768_800_000_000_000 < int(since[1]) < 1_768_889_000_000_000


def test_doubled_shuffled_rows_parts_and_an_earlier_as_of_change_nothing(
    project: Project, whole: Project, events: Path, tmp_path: Path
) -> None:
    doubled = tmp_path / "doubled.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from (from '{events}' union all from '{events}') order by hash(event_id, 9))"
            f" to '{doubled}'"
        )
    project.build(*SELECT, events=doubled, as_of="2026-02-24", events_per_part=400)
    compiled = project.folder / "target/compiled/cdp/models/features/feat_visitor__asof_event.sql"
    assert "/* visitors in 4 parts */" in compiled.read_text()
    assert_current_is_the_last_midnight(project, "2026-02-24")
    project.build(*SELECT, events=doubled, as_of=NEXT)
    assert fingerprints(project) == fingerprints(whole)


def test_a_table_that_a_stopped_run_left_empty_gets_its_history_back(
    whole: Project, events: Path, tmp_path: Path
) -> None:
    increments = ["feat_visitor__asof_event", "feat_visitor__asof_day"]
    stopped = whole.copy(tmp_path)
    with duckdb.connect(str(stopped.database)) as connection:
        for name in increments:
            connection.execute(f"delete from {name}")
    stopped.build("--select", *increments, "--exclude", "test_type:data", events=events, as_of=NEXT)
    assert fingerprints(stopped) == fingerprints(whole)


def test_other_definitions_build_the_tables_anew(
    project: Project, whole: Project, events: Path
) -> None:
    project.build(*SELECT, events=events, as_of=FIRST, conversion_events=["page_ping"])
    project.build(*SELECT, events=events, as_of=NEXT)
    assert fingerprints(project) == fingerprints(whole)
