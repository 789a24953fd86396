"""Three weeks of history are enough: models are judged as far as they allow, and it is said how."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from ml.demo import summarise
from tools.project import Project
from tools.warehouses import simulated as simulate

# All else is as it comes: training_window, min_training_subjects, min_converting_subjects.
SHORT: dict[str, Any] = {"daily_horizon": "P3D"}


@pytest.fixture(scope="module")
def three_weeks(module_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What a whole build of 30,000 events of 21 days left."""
    folder = tmp_path_factory.mktemp("three_weeks")
    simulate(folder, "struct", 30_000, days=21)
    printed = module_project.build(events=folder / "events", **SHORT)
    (module_project.folder / "printed").write_text(printed)
    return module_project


def test_live_and_daily_are_trained_and_say_how_they_were_judged(three_weeks: Project) -> None:
    query = "select model_name, split, split_reason from trn_readiness order by 1"
    daily, first_touch, live = three_weeks.rows(query)
    assert daily[:2] == ("daily", "time")
    assert live[1] in {"people_and_time", "time"}
    assert first_touch[1:] == (None, None)  # no first visit was 31 days ago
    registered = three_weeks.rows("select model_name, split from propensity_models order by 1")
    assert registered == [daily[:2], live[:2]]
    judged = "select distinct model_name, split from propensity_evaluation where dataset = 'test'"
    assert sorted(three_weeks.rows(judged)) == registered
    printed = (three_weeks.folder / "printed").read_text()
    assert f"Model daily: {daily[2]}" in printed
    assert daily[2].startswith("Judged on later time than it learns from, whoever the people are")


def test_time_is_not_shared_and_every_row_before_the_embargo_teaches(three_weeks: Project) -> None:
    ((until, since),) = three_weeks.rows(
        "select train_until_tstamp, test_from_tstamp from trn_readiness where model_name = 'daily'"
    )
    assert (since - until).days == 3
    expected = three_weeks.rows(
        "select count(*) filter (as_of_tstamp < ?), count(*) filter (as_of_tstamp >= ?) "
        "from trn_daily where target is not null".replace("?", "'{}'").format(until, since)
    )
    counted = three_weeks.rows(
        "select max(value) filter (dataset = 'train'), max(value) filter (dataset = 'test') "
        "from propensity_evaluation where model_name = 'daily' and metric = 'n_rows'"
    )
    assert counted == expected
    rows = three_weeks.value("select count(*) from trn_daily where target is not null")
    assert expected[0][1] >= rows / 5


def test_the_summary_says_it_too(three_weeks: Project) -> None:
    with duckdb.connect(str(three_weeks.database), read_only=True) as connection:
        told = summarise(connection)
    assert "judged on later time than it learnt from, whoever the people are" in told


@pytest.mark.parametrize("name", ["trn_live", "trn_daily"])
def test_a_subject_has_one_fold_of_its_own(three_weeks: Project, name: str) -> None:
    assert not three_weeks.rows(
        f"select domain_userid from {name} group by 1 having count(distinct subject_fold) > 1"
    )
