"""From simulated events to the audience, twice, and what must not change on the way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from tools.project import WIDE, Project, copy_of_root, with_failing_scores

PUBLISHED = ("propensity_scores", "visitor_profiles", "person_profiles")
PUBLISHED += ("aud_prospects", "aud_high_propensity", "aud_rule_based")
COMPUTED = ("stg_snowplow__events", "feat_visitor__asof_event", "feat_visitor__asof_day")
COMPUTED += ("feat_visitor__current", "tgt_visitor__asof_event", "tgt_visitor__asof_day")
COMPUTED += ("feat_person__first_touch", "people_to_score", "tgt_conversions")
COMPUTED += ("tgt_person__first_touch", "tgt_person__first_conversion")
COMPUTED += ("trn_live", "trn_daily", "trn_first_touch", "trn_readiness")
MODELS = ("daily", "first_touch", "live")


def test_everyone_seen_in_the_lookback_is_scored_and_converters_are_left_out(
    built: Project, simulated: Path
) -> None:
    events = f"read_parquet('{simulated}/**/*.parquet')"
    last = f"(select max(greatest(derived_tstamp, collector_tstamp)) from {events})"
    seen = f"""
        select domain_userid from {events} where domain_userid is not null
        group by 1 having max(derived_tstamp) >= {last} - interval 30 days
    """
    converted = f"select domain_userid from {events} where event_name = 'submit_form'"
    scored = "select subject_id from propensity_scores where model_name = 'daily'"
    assert set(built.rows(scored)) == set(built.rows(seen))
    assert set(built.rows("select domain_userid from aud_prospects")) == set(
        built.rows(f"{seen} except {converted}")
    )
    funnel = dict(built.rows("select step, num_people from rpt_audience_funnel"))
    assert funnel[1] - funnel[2] == funnel[3]


def test_all_models_are_registered_with_their_evaluation(built: Project) -> None:
    registered = built.rows(
        "select model_name, decision, sha256(artefact) = artefact_sha256 "
        "from propensity_models order by model_name"
    )
    assert [(name, ok) for name, _, ok in registered] == [(name, True) for name in MODELS]
    measured = built.rows(
        "select distinct model_name, dataset from propensity_evaluation "
        "where metric in ('roc_auc', 'log_loss', 'brier_score', 'ece', 'base_rate') "
        "group by all having count(*) = 5 order by all"
    )
    folds = ["calibrate", "test", "train"]
    assert measured == [(name, fold) for name in MODELS for fold in folds]


def test_folds_share_neither_subjects_nor_time(built: Project) -> None:
    for table, horizon in (("trn_live", "1 hour"), ("trn_daily", "7 days")):
        assert (
            built.value(
                f"select count(*) from (select domain_userid from {table} "
                "group by 1 having count(distinct fold) > 1)"
            )
            == 0
        )
        periods = {
            fold: (first, last)
            for fold, first, last in built.rows(
                f"select fold, min(as_of_tstamp), max(as_of_tstamp) + interval '{horizon}' "
                f"from {table} group by fold"
            )
        }
        assert periods["train"][1] < periods["calibrate"][0]
        assert periods["calibrate"][1] < periods["test"][0]


def test_rows_outside_their_folds_period_wait_for_the_refit(built: Project) -> None:
    for table, horizon in (("trn_live", "1 hour"), ("trn_daily", "7 days")):
        known = (
            "as_of_tstamp + interval " + f"'{horizon}' + interval 1 day <= "
            "(select as_of_tstamp from as_of)"
        )
        features = "asof_event" if table == "trn_live" else "asof_day"
        expected = built.value(
            f"select count(*) from feat_visitor__{features} as f "
            f"join tgt_visitor__first_conversion as p using (domain_userid) where {known} "
            "and (p.first_conversion_tstamp is null or as_of_tstamp < p.first_conversion_tstamp) "
            "and p.first_seen_tstamp >= (select as_of_tstamp from as_of) - interval 85 days "
            "and p.first_seen_tstamp < (select as_of_tstamp from as_of) - interval 10 days"
        )
        assert built.value(f"select count(*) from {table} where target is not null") == expected
        none, some = built.rows(f"select count(*) - count(fold), count(fold) from {table}")[0]
        assert none > some
    refitted = built.rows(
        "select model_name, json_extract(params, '$.refit_rows')::int = n_rows, "
        "n_rows = (select count(*) from trn_daily) from propensity_models "
        "where model_name in ('daily', 'live') order by 1"
    )
    assert refitted == [("daily", True, True), ("live", True, False)]


def test_deciles_are_tenths_in_the_order_of_scores(built: Project) -> None:
    sizes = [
        size
        for (size,) in built.rows(
            "select count(*) from propensity_scores where model_name = 'daily' "
            "group by decile order by decile"
        )
    ]
    assert len(sizes) == 10
    assert max(sizes) - min(sizes) <= 1
    assert (
        built.value(
            "select count(*) from (select min(score) as low, "
            "lead(max(score)) over (order by decile) as next_high "
            "from propensity_scores where model_name = 'daily' group by decile) "
            "where next_high > low"
        )
        == 0
    )


def test_a_second_build_trains_nothing_and_changes_nothing(built: Project, simulated: Path) -> None:
    tables = (*COMPUTED, *PUBLISHED, "propensity_models", "propensity_evaluation")
    tables += ("propensity_score_history", "mon_matured_scores")
    before = {table: built.fingerprint(table) for table in tables}
    done = built.dbt("run", events=simulated, **WIDE)
    assert done.returncode == 0, done.stdout
    for name in MODELS:
        assert f"{name}: not trained, the latest version" in done.stdout
    assert {table: built.fingerprint(table) for table in tables} == before


def test_row_order_and_duplicates_change_nothing(
    built: Project, simulated: Path, project: Project, tmp_path: Path
) -> None:
    doubled = tmp_path / "doubled.parquet"
    duckdb.sql(
        f"copy (select * from (select * from read_parquet('{simulated}/**/*.parquet') union all "
        f"select * from read_parquet('{simulated}/**/*.parquet')) order by hash(event_id)) "
        f"to '{doubled}'"
    )
    done = project.dbt("run", events=doubled, **WIDE)
    assert done.returncode == 0, done.stdout
    for table in (*COMPUTED, *PUBLISHED):
        assert project.fingerprint(table) == built.fingerprint(table), table
    digests = "select model_name, version, artefact_sha256 from propensity_models order by all"
    assert project.rows(digests) == built.rows(digests)


def test_a_failing_test_leaves_what_is_published(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    copy = copy_of_root(tmp_path / "copy")
    (copy / "tests/data/no_scores_today.sql").write_text(
        "select * from {{ ref('propensity_scores__candidate') }}\n"
    )
    before = {table: built.fingerprint(table) for table in PUBLISHED}
    failing = Project(built.folder, root=copy)
    selected = ("--select", "propensity_scores__candidate+")
    done = failing.dbt("build", *selected, events=simulated, **WIDE, label_high_lift=1.5)
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert {table: built.fingerprint(table) for table in PUBLISHED} == before


def test_a_failing_python_model_shows_its_traceback_and_leaves_what_is_published(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    tables = (*PUBLISHED, "propensity_scores__candidate")
    before = {table: built.fingerprint(table) for table in tables}
    failing = Project(built.folder, root=with_failing_scores(tmp_path / "root"))
    selected = ("--select", "propensity_scores__candidate+")
    done = failing.dbt("build", *selected, events=simulated, **WIDE)
    assert done.returncode == 1
    assert re.search(
        r"Traceback .*ml/engines/frames.py.*in failing\s.*KeyError: 'no_such_column'",
        done.stdout,
        re.S,
    )
    assert {table: built.fingerprint(table) for table in tables} == before


def test_stale_events_stop_the_build_before_anything_is_published(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    newest = "select strftime(max(greatest(event_tstamp, arrival_tstamp)), '%Y-%m-%d %H:%M:%S')"
    newest = built.value(f"{newest} from stg_snowplow__events")
    before = {table: built.fingerprint(table) for table in PUBLISHED}
    copied = built.copy(tmp_path / "copied")
    asked = {**WIDE, "label_high_lift": 1.5, "stale_events": "error"}
    selected = ("--select", "as_of+", "--exclude-resource-type", "unit_test")
    done = copied.dbt("build", *selected, events=simulated, **asked)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert f"The newest event that counts is of {newest} UTC, " in said
    assert "hours ago; var max_event_age is P2D. Nothing is trained" in said
    assert "--vars '{stale_events: ignore}'." in said
    assert {table: copied.fingerprint(table) for table in PUBLISHED} == before
    # A moment in the past was asked for.
    asked["as_of"] = "2026-07-01"
    done = copied.dbt("run", "--select", "as_of", events=simulated, **asked)
    assert done.returncode == 0, done.stdout


def test_the_freshness_of_files_is_that_of_their_newest_event(
    project: Project, simulated: Path, tmp_path: Path
) -> None:
    done = project.dbt("source", "freshness", events=simulated)
    assert done.returncode == 1
    assert "ERROR STALE freshness of atomic.events" in done.stdout
    now = datetime.now(UTC).replace(tzinfo=None)
    header = "event_id,event_name,domain_userid,derived_tstamp\n"
    (tmp_path / "new.csv").write_text(f"{header}1,page_view,x,{now - timedelta(hours=3)}\n")
    done = project.dbt("source", "freshness", events=tmp_path / "new.csv", warn_event_age="PT2H")
    assert done.returncode == 0
    assert "WARN freshness of atomic.events" in done.stdout


def test_events_of_another_file_replace_those_before(project: Project, tmp_path: Path) -> None:
    header = "event_id,event_name,domain_userid,derived_tstamp\n"
    tables = ("feat_visitor__asof_event", "feat_visitor__current")
    for visitor, day in (("first", 1), ("second", 2)):
        events = tmp_path / f"{visitor}.csv"
        events.write_text(header + f"{visitor}-event,page_view,{visitor},2026-01-0{day}\n")
        project.build("--select", *(f"+{table}" for table in tables), events=events)
        for table in tables:
            assert project.rows(f"select distinct domain_userid from {table}") == [(visitor,)]


def test_without_a_conversion_the_build_ends_well_and_says_why(
    project: Project, simulated: Path
) -> None:
    one_day = simulated / "load_date=2026-05-02"
    printed = project.build(events=one_day, conversion_events=["never_happens"])
    assert "Model daily was not trained. No event is a conversion." in printed
    reasons = project.rows(
        "select model_name, metric, reason like 'No event is a conversion.%' "
        "from propensity_evaluation order by model_name"
    )
    assert reasons == [(name, "not_trained", True) for name in MODELS]
    assert project.value("select count(*) from propensity_models") == 0
    assert project.value("select count(*) from aud_prospects") == 0
    assert project.value("select count(*) from feat_visitor__current") > 0


def test_the_documentation_builds(built: Project, simulated: Path) -> None:
    done = built.dbt("docs", "generate", events=simulated, manifest=True)
    assert done.returncode == 0, done.stdout
    assert (built.folder / "target" / "catalog.json").exists()
