"""`dbt build` on the Snowflake stand-in: the same project, by the unmodified adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from ml.package import content_hash
from tests.emulators.running import running
from tests.pipeline.project import WIDE
from tests.pipeline.warehouses import SnowflakeProject, simulated


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeProject]:
    folder = tmp_path_factory.mktemp("snowflake")
    events = simulated(folder / "simulated", "json", 20_000)
    with running("snowflake", folder / "server.log") as port:
        project = SnowflakeProject(folder / "project", port=port)
        project.load_events(events)
        yield project


@pytest.fixture(scope="module")
def built(account: SnowflakeProject) -> SnowflakeProject:
    account.run("build", "--exclude-resource-type", "unit_test", **WIDE)
    return account


def test_the_build_deploys_ml_and_ends_in_the_audience(built: SnowflakeProject) -> None:
    staged = {row[0] for row in built.query("list @DEV.CDP.CDP_CODE")}
    assert f"cdp_code/{content_hash()}.sha256" in staged
    assert "cdp_code/ml.zip" in staged
    assert built.query("select count(*) from propensity_models") == [(2,)]
    scored = built.query("select count(*) from propensity_scores")
    assert scored == built.query("select count(*) from feat_prospect__current")
    assert built.query("select count(*) > 0 from aud_prospects") == [(True,)]


def test_a_second_build_deploys_and_trains_nothing_and_changes_nothing(
    built: SnowflakeProject,
) -> None:
    tables = ["feat_prospect__asof_day", "propensity_models", "propensity_scores", "aud_prospects"]
    before = {t: built.query(f"select hash_agg(*) from (select * from {t})") for t in tables}
    done = built.run("build", "--exclude-resource-type", "unit_test", **WIDE)
    assert "deploy_ml:" not in done.stdout
    after = {t: built.query(f"select hash_agg(*) from (select * from {t})") for t in tables}
    assert after == before


def test_a_full_refresh_keeps_the_registry(built: SnowflakeProject) -> None:
    versions = built.query("select model_name, version from propensity_models order by 1, 2")
    built.run("run", "--full-refresh", "--select", "propensity_models", **WIDE)
    assert built.query("select model_name, version from propensity_models order by 1, 2") == versions


def test_a_failing_python_model_shows_its_traceback_and_leaves_the_table(
    built: SnowflakeProject,
) -> None:
    scored = built.query("select count(*) from propensity_scores__candidate")
    built.query("remove @DEV.CDP.CDP_CODE/ml.zip")
    done = built.dbt("run", "--select", "propensity_scores__candidate", **WIDE)
    assert done.returncode == 1
    assert "Remote file '@DEV.CDP.cdp_code/ml.zip' was not found" in done.stdout
    assert built.query("select count(*) from propensity_scores__candidate") == scored
    built.run("run-operation", "deploy_ml")


def test_another_ml_on_the_stage_is_an_error_where_deploying_is_left_to_people(
    built: SnowflakeProject,
) -> None:
    built.query(f"remove @DEV.CDP.CDP_CODE/{content_hash()}.sha256")
    asked = ["run", "--select", "propensity_curves"]
    done = built.dbt(*asked, deploy_ml="check")
    assert done.returncode == 1
    assert "@DEV.CDP.CDP_CODE holds no ml, and this project has" in " ".join(done.stdout.split())
    assert "deploy_ml: ml" in built.run(*asked).stdout


def test_statements_carry_the_models_name_as_their_query_tag(built: SnowflakeProject) -> None:
    with urlopen(f"http://127.0.0.1:{built.port}/emulator/history") as answer:
        history = json.load(answer)
    tags = {
        entry["query_tag"]
        for entry in history
        if "create or replace" in entry["sql"].lower() and "aud_prospects" in entry["sql"].lower()
    }
    assert tags == {"cdp.aud_prospects"}


def test_ml_is_packed_from_a_git_repository_too(built: SnowflakeProject, tmp_path: Path) -> None:
    for folder in ("ml", "ml/simulation", "ml/report"):
        built.query(
            f"put 'file://{Path.cwd()}/{folder}/*.py' @DEV.CDP.REPO/branches/main/{folder}/ "
            "auto_compress = false"
        )
    assert tmp_path
