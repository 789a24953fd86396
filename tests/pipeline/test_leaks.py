"""Proven leaks stop a build before anything is trained or published, and are named."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tools.project import WIDE, Project, copy_of_root

PUBLISHED = ("propensity_models", "propensity_scores", "visitor_profiles", "aud_prospects")
# File -> a text of it, and what takes its place.
PLANTED = {
    # Events count from when they happened, whenever they arrived.
    "macros/staging/event_conditions.sql": (
        "then collector_tstamp else derived_tstamp",
        "then derived_tstamp else derived_tstamp",
    ),
    # Midnights know the hour after them.
    "models/features/feat_visitor__asof_day.sql": (
        '{{ subject_events(ref("stg_snowplow__events"), since, in_parts=true) }}',
        "select * replace (event_tstamp - interval 1 hour as event_tstamp) from "
        '({{ subject_events(ref("stg_snowplow__events"), since, in_parts=true) }})',
    ),
    # Events count themselves.
    "models/features/feat_visitor__asof_event.sql": (
        "        *,\n",
        "        * replace (num_sessions_l30d + 1 as num_sessions_l30d),\n",
    ),
    # Some rows move to the train fold.
    "models/training/trn_daily.sql": (
        "{{ training_rows(",
        "select * replace (case when day_of_week < 4 then 'train' else fold end as fold) from ("
        "{{ training_rows(",
    ),
}


@pytest.fixture(scope="module")
def leaking(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a leak of every kind over the warehouse of the clean one."""
    root = copy_of_root(tmp_path_factory.mktemp("leaking"))
    for name, (old, new) in PLANTED.items():
        text = (root / name).read_text()
        assert old in text, name
        text = text.replace(old, new)
        (root / name).write_text(text + ")" if name.endswith("trn_daily.sql") else text)
    return built.copy(tmp_path_factory.mktemp("leaking_warehouse"), root=root)


@pytest.fixture(scope="module")
def with_late_arrivals(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    events = tmp_path_factory.mktemp("late") / "events.parquet"
    source = f"read_parquet('{simulated}/**/*.parquet', hive_partitioning = true)"
    is_late = (
        f"event_name = 'submit_form' and load_date < (select max(load_date) - 9 from {source})"
    )
    duckdb.sql(
        "copy (select * replace (collector_tstamp + case when "
        f"{is_late} then interval 3 days else interval 0 days end as collector_tstamp) "
        f"from {source}) to '{events}'"
    )
    return events


def leaks_of(project: Project, events: Path, *arguments: str, fails: bool = True) -> str:
    """What a build says that must not change what is published."""
    before = {table: project.fingerprint(table) for table in PUBLISHED}
    severity = "error" if fails else "warn"
    done = project.dbt(
        "build", *arguments, "--exclude-resource-type", "unit_test",
        events=events, leak_severity=severity, **WIDE,
    )  # fmt: skip
    assert done.returncode == int(fails), done.stdout
    assert {table: project.fingerprint(table) for table in PUBLISHED} == before
    return done.stdout


def test_an_event_counted_before_it_arrived(leaking: Project, with_late_arrivals: Path) -> None:
    said = leaks_of(leaking, with_late_arrivals)
    assert "Leak (leak_arrivals): stg_snowplow__events.event_tstamp of " in said
    assert "later than arrival_tolerance (P1D)" in said


def test_a_feature_made_of_what_came_after_its_moment(leaking: Project, simulated: Path) -> None:
    said = leaks_of(
        leaking, simulated, "--select", "feat_visitor__asof_day+", "feat_visitor__asof_event+"
    )
    assert "Leak (leak_features_asof_day): feat_visitor__asof_day of " in said
    assert "Leak (leak_features_asof_event): feat_visitor__asof_event of " in said
    assert re.search(r"num_sessions_l30d is \d+, from the events before the moment \d+; ", said)


def test_subjects_and_times_shared_between_folds(leaking: Project, simulated: Path) -> None:
    said = leaks_of(leaking, simulated, "--select", "trn_daily+")
    assert "Leak (leak_fold_subjects): trn_daily.fold: " in said
    assert "Leak (leak_fold_times): trn_daily.as_of_tstamp: outcomes of the fold train" in said


def test_a_warning_is_said_and_the_build_goes_on(leaking: Project, simulated: Path) -> None:
    trained = ["trn_live", "trn_daily", "trn_first_touch"]
    said = leaks_of(leaking, simulated, "--select", *trained, fails=False)
    assert "Leak (leak_fold_subjects): trn_daily.fold: " in said
