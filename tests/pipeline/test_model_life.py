"""What becomes of versions after they are trained: rolled back, challenged, watched."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench.eventless_day import moved
from tools.project import WIDE, Project


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
    row = "version, decision, decision_reason, decision_code, decision_figures, trained_at"
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


def test_a_champion_that_cannot_be_read_has_a_way_out(copied: Project, simulated: Path) -> None:
    champion = copied.value("select version from propensity_champions where model_name = 'daily'")
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute(
            "update propensity_models set artefact = 'PK damaged'::blob "
            f"where model_name = 'daily' and version = '{champion}'"
        )
    scores = "select count(*), min(version) from propensity_scores where model_name = 'daily'"
    before = copied.rows(scores)
    choice = ("build", "--select", "propensity_models+")
    done = copied.dbt(*choice, events=simulated, **WIDE)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert f"the artefact of daily {champion} cannot be read: SHA-256 is" in said
    assert "dbt run-operation rollback_model --args '{model_name: daily, version: ...}'" in said
    assert "dbt build --vars '{force_training: true}'" in said
    assert copied.rows(scores) == before
    printed = copied.build(*choice[1:], events=simulated, force_training=True, **WIDE)
    assert f"daily {champion}-r1: champion. it stands alone, and the champion" in printed
    assert copied.rows(scores) == [(before[0][0], f"{champion}-r1")]


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
    assert copied.value("select count(*) from visitor_profiles") == len(before)
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
            "'P7D' as horizon, hash(subject_id) % 3 = 0 as is_treated, "
            "(select outcome_hash from trn_readiness where model_name = 'daily') as outcome_hash "
            "from propensity_scores as s "
            f"left join ({converted}) using (subject_id) where model_name = 'daily' "
            "and coalesce(converted_tstamp >= as_of_tstamp - interval 20 days, true)"
        )
        # One more, whose events are erased by now: what followed is not known.
        connection.execute(
            f"insert into {history} by name "
            f"select * replace ('erased' as subject_id) from {history} limit 1"
        )
    old = copied.value(f"select count(*) from {history}")
    copied.build("--select", f"{history}+", events=simulated, **WIDE)
    assert copied.value(f"select count(*) from {history}") == old + published
    done = copied.dbt("run-operation", "forget_subjects", "--args", "{subject_ids: [erased]}")
    assert "propensity_score_history: 1 rows removed." in done.stdout
    assert "mon_matured_scores: 0 rows removed." in done.stdout
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


AS_OF_NOW = ("as_of", "feat_visitor__current", "tgt_visitor__first_conversion")
AS_OF_NOW += ("propensity_scores__candidate", "propensity_scores", "visitor_profiles")
AS_OF_NOW += ("published_scores", "person_profiles")


def test_a_day_moves_the_audience_of_those_alone_who_did_something(
    copied: Project, simulated: Path
) -> None:
    """One visitor comes back; of all others time passes, which moves exact scores only."""
    ((as_of, visitor, views),) = copied.rows(
        "select (select max(as_of_tstamp)::date + 2 from as_of)::varchar, domain_userid, "
        "num_page_views_l30d from aud_people where propensity_score is not null "
        "and num_page_views_l30d > 1 order by last_seen_tstamp, audience_key limit 1"
    )
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("create table before as from aud_people")
        connection.execute("create table exact as from propensity_scores")
        connection.execute(
            "insert into stg_snowplow__events by name select * replace ("
            "'again' as event_id, 'page_view' as event_name, "
            "(select max(as_of_tstamp) from as_of) as event_tstamp) "
            f"from stg_snowplow__events where domain_userid = '{visitor}' limit 1"
        )
    done = copied.dbt("run", "--select", *AS_OF_NOW, events=simulated, as_of=as_of, **WIDE)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(copied.database)) as connection:
        came_back = f"domain_userid = '{visitor}'"
        connection.execute(f"create table others as from before where not {came_back}")
        connection.execute(f"create table after as from aud_people where not {came_back}")
        told = moved(connection, "others", "after")
    assert told["otherwise"] == told["joined"] == 0, told
    assert told["changed"] + told["left"] <= 0.1 * told["rows"], told
    changed = copied.value(
        "select avg((round(a.score, 4) <> round(b.score, 4))::int) from propensity_scores as a "
        "join exact as b using (model_name, subject_id) where model_name = 'daily'"
    )
    assert changed > 0.3
    now = "select num_page_views_l30d, propensity_score, propensity_decile from aud_people"
    exact = copied.rows(
        "select round(score, 4), decile from propensity_scores "
        f"where model_name = 'daily' and subject_id = '{visitor}'"
    )
    (got,) = copied.rows(f"{now} where {came_back}")
    assert [got[1:]] == exact
    # Their earlier views have left the window since.
    features = "select num_page_views_l30d from feat_visitor__current"
    assert got[0] == copied.value(f"{features} where {came_back}")
    assert got[0] != views
