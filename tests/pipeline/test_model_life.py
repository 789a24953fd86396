"""What becomes of versions after they are trained: rolled back, challenged, watched."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.pipeline.project import WIDE, Project


def register_copy(project: Project, decision: str, version: str = "20990101-00000000") -> str:
    """Register the daily champion once more, as a newer version; returns the champion's."""
    with duckdb.connect(str(project.database)) as connection:
        champion = connection.execute(
            "select version from propensity_champions where model_name = 'daily'"
        ).fetchall()[0][0]
        connection.execute(
            "insert into propensity_models by name select * replace ("
            f"'{version}' as version, '{decision}' as decision, "
            "trained_at + interval 1 second as trained_at) from propensity_models "
            f"where model_name = 'daily' and version = '{champion}'"
        )
    return champion


@pytest.fixture
def copied(built: Project, tmp_path: Path) -> Project:
    return built.copy(tmp_path / "copied")


def test_a_rollback_is_one_row_and_the_next_build_scores_with_it(
    copied: Project, simulated: Path
) -> None:
    first = register_copy(copied, "champion", "20990101-99999999")
    scores = "select distinct version from propensity_scores where model_name = 'daily'"
    known = copied.value("select count(*) from propensity_models")
    arguments = f"{{model_name: daily, version: {first}}}"
    done = copied.dbt("run-operation", "rollback_model", "--args", arguments)
    assert done.returncode == 0, done.stdout
    assert f"daily {first}-r1: champion. rolled back from 20990101-99999999 to {first} by" in (
        done.stdout
    )
    assert copied.value("select count(*) from propensity_models") == known + 1
    row = "version, decision, decision_reason, trained_at"
    assert (
        copied.value(
            f"select count(*) from (select distinct * exclude ({row}) from propensity_models "
            f"where version in ('{first}', '{first}-r1'))"
        )
        == 1
    )
    printed = copied.build("--select", "propensity_models+", events=simulated, **WIDE)
    assert "daily: not trained, the latest version (20990101-99999999, champion)" in printed
    assert copied.rows(scores) == [(f"{first}-r1",)]


def test_a_rollback_to_what_is_not_there_says_what_is(built: Project) -> None:
    for arguments, said in (
        ("{model_name: weekly, version: x}", "no model is named weekly; the registry holds daily"),
        ("{model_name: daily, version: x}", "version x of daily is not registered; there are"),
    ):
        done = built.dbt("run-operation", "rollback_model", "--args", arguments)
        assert done.returncode != 0
        assert said in " ".join(done.stdout.split())


def test_a_challenger_scores_its_share_and_both_scores_are_kept(
    copied: Project, simulated: Path
) -> None:
    champion = register_copy(copied, "challenger")
    before = dict(
        copied.rows("select subject_id, score from propensity_scores where model_name = 'daily'")
    )
    copied.build("--select", "propensity_models+", events=simulated, challenger_share=0.25, **WIDE)
    by_role = copied.rows(
        "select role, version, count(*), avg(is_used::int) from propensity_scores "
        "where model_name = 'daily' group by all order by all"
    )
    assert [(role, version, n) for role, version, n, _ in by_role] == [
        ("challenger", "20990101-00000000", len(before)),
        ("champion", champion, len(before)),
    ]
    assert by_role[0][3] == pytest.approx(0.25, abs=0.05)
    assert by_role[0][3] + by_role[1][3] == pytest.approx(1)
    used = copied.rows("select subject_id, score from propensity_scores where is_used")
    assert len(used) == len(before)
    assert dict(used) == pytest.approx(before)
    assert copied.value("select count(*) from prospect_profiles") == len(before)
    assert copied.value("select count(*) = count(distinct audience_key) from aud_prospects")


def test_published_scores_mature_and_treated_people_are_marked(
    copied: Project, simulated: Path
) -> None:
    history = "propensity_score_history"
    published = copied.value("select count(*) from propensity_scores where is_open")
    assert copied.value(f"select count(*) from {history}") == published
    members = """
        select subject_id from propensity_scores
        left join stg_snowplow__user_mapping on subject_id = domain_userid
        where model_name = 'daily' and is_open and coalesce(user_id, subject_id) in
            (select audience_key from aud_high_propensity)
        order by subject_id
    """
    treated = f"select subject_id from {history} where is_treated and model_name = 'daily'"
    assert copied.rows(treated + " order by 1") == copied.rows(members)
    assert copied.value("select count(*) from mon_matured_scores") == 0
    # As if everyone had been scored twenty days before, and nobody since.
    converted = f"""
        select domain_userid as subject_id, min(derived_tstamp) as converted_tstamp
        from read_parquet('{simulated}/**/*.parquet')
        where event_name = 'submit_form' group by all
    """
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute(f"delete from {history}")
        connection.execute(
            f"insert into {history} by name select s.* exclude (lift, reason_1, reason_2, "
            "reason_3, is_open) replace (as_of_tstamp - interval 20 days as as_of_tstamp), "
            "'P7D' as horizon, hash(subject_id) % 3 = 0 as is_treated from propensity_scores as s "
            f"left join ({converted}) using (subject_id) where model_name = 'daily' "
            "and coalesce(converted_tstamp >= as_of_tstamp - interval 20 days, true)"
        )
    old = copied.value(f"select count(*) from {history}")
    copied.build("--select", f"{history}+", events=simulated, **WIDE)
    assert copied.value(f"select count(*) from {history}") == old + published
    expected = f"""
        select subject_id, coalesce(converted_tstamp <= as_of_tstamp + interval 7 days, false),
            is_treated
        from {history} left join ({converted}) using (subject_id)
        where as_of_tstamp < (select max(as_of_tstamp) from {history})
        order by subject_id
    """
    got = copied.rows(
        "select subject_id, target, was_treated from mon_matured_scores order by subject_id"
    )
    assert got == copied.rows(expected)
    assert sum(target for _, target, _ in got) > 0
    counted = "select sum(num_scores), sum(num_converted) from mon_calibration where cut = "
    totals = [(len(got), sum(target for _, target, _ in got))]
    for cut in ("all", "label", "decile"):
        assert copied.rows(f"{counted}'{cut}'") == totals
