"""`dbt build` on the Snowflake stand-in: the same project, by the unmodified adapter."""

from __future__ import annotations

import pytest
from snowflake.connector.errors import ProgrammingError

from ml.package import content_hash, sources
from tests.pipeline.conftest import RUNNER
from tools.project import ROOT
from tools.warehouses import EVERYTHING, SnowflakeProject

MODELS = ["daily__churn", "daily__pricing", "daily__sign_up", "daily__value"]
MODELS += [f"{name}__{what}" for name in ("first_touch", "live") for what in ("pricing", "sign_up")]


@pytest.fixture
def built(snowflake_built: SnowflakeProject) -> SnowflakeProject:
    return snowflake_built


def test_the_build_deploys_ml_and_ends_in_the_audience(built: SnowflakeProject) -> None:
    staged = {row[0] for row in built.query("list @DEV.CDP.CDP_CODE")}
    assert f"cdp_code/{content_hash()}.sha256" in staged
    assert "cdp_code/ml.zip" in staged
    ready = built.query("select model_name from trn_readiness order by 1")
    assert ready == [(name,) for name in MODELS]
    trained = {name for (name,) in built.query("select model_name from propensity_models")}
    assert {"daily__churn", "daily__pricing", "daily__value"} <= trained
    scored = built.query("select distinct model_name, kind from propensity_scores order by 1")
    assert scored == built.query(
        "select model_name, kind from propensity_champions where model_name not like 'live%' "
        "order by 1"
    )
    assert ("daily__churn", "churn") in scored
    assert built.query("select count(*) > 0 from aud_prospects") == [(True,)]


def test_unit_tests_pass_in_its_dialect(built: SnowflakeProject) -> None:
    models = ["stg_snowplow__events", "feat_visitor__asof_event"]
    selected = [f"test_type:unit,{name}" for name in models]
    done = built.run("test", "--select", *selected, **EVERYTHING)
    assert done.stdout.count(" [PASS in ") == 5


def test_statements_carry_the_models_name_as_their_query_tag(built: SnowflakeProject) -> None:
    tags = {
        entry["query_tag"]
        for entry in built.history()
        if "view dev.cdp.aud_prospects" in " ".join(entry["sql"].lower().split())
    }
    assert tags == {"cdp.aud_prospects"}


def test_the_runner_may_do_nothing_else(built: SnowflakeProject) -> None:
    for statement in (
        "create schema DEV.OTHER",
        "create table DEV.ATOMIC.mine as select 1 as one",
        "delete from DEV.ATOMIC.EVENTS",
        "grant select on DEV.ATOMIC.EVENTS to role PUBLIC",
        "create role OTHER",
    ):
        with pytest.raises(ProgrammingError, match="Insufficient privileges"):
            built.query(statement, role=RUNNER)


def test_readers_are_granted_the_audiences_by_dbt(built: SnowflakeProject) -> None:
    granted = built.query("show grants to role ANALYSTS")
    views = ("AUD_HIGH_PROPENSITY", "AUD_PEOPLE", "AUD_PROSPECTS", "AUD_RULE_BASED")
    assert [row[:3] for row in granted] == [("SELECT", "VIEW", f"DEV.CDP.{name}") for name in views]


def test_census_reads_the_audiences_in_their_schema_and_nothing_else(
    built: SnowflakeProject,
) -> None:
    variables = EVERYTHING | {"audience_schema": "audiences"}
    for operation, role in (("grant_runner", RUNNER), ("grant_census_reader", "CENSUS_ROLE")):
        asked = f"{{role: {role}, warehouse: COMPUTE}}"
        said = built.run("run-operation", operation, "--args", asked, **variables)
        built.administer(said.stdout)
    # After the grants: they are for what is made later, too.
    built.run("run", "--select", "tag:census", **variables)
    count = "select count(*) from {}.aud_prospects"
    read = built.query(count.format("DEV.CDP_AUDIENCES"), role="CENSUS_ROLE")
    assert read == built.query(count.format("DEV.CDP"))
    assert read[0][0] > 0
    built.query("create table CENSUS.CENSUS.synced as select 1 as one", role="CENSUS_ROLE")
    for statement in (
        "select * from DEV.CDP.aud_prospects",
        "select * from DEV.CDP.propensity_scores",
        "select * from DEV.CDP.stg_snowplow__events",
        "select * from DEV.ATOMIC.EVENTS",
        "create table DEV.CDP_AUDIENCES.mine as select 1 as one",
        "drop view DEV.CDP_AUDIENCES.aud_prospects",
    ):
        with pytest.raises(ProgrammingError, match="Insufficient privileges"):
            built.query(statement, role="CENSUS_ROLE")


def test_ml_is_packed_from_a_git_repository_too(built: SnowflakeProject) -> None:
    for folder in {path.rpartition("/")[0] for path in sources()}:
        built.query(
            f"put 'file://{ROOT}/{folder}/*.py' @DEV.CDP.REPOSITORY/branches/main/{folder}/ "
            "auto_compress = false"
        )
    built.query("remove @DEV.CDP.CDP_CODE")
    repository = "{repository: DEV.CDP.REPOSITORY, ref: branches/main}"
    built.run("run-operation", "deploy_ml", "--args", repository)
    staged = {row[0] for row in built.query("list @DEV.CDP.CDP_CODE")}
    assert {"cdp_code/ml.zip", f"cdp_code/{content_hash()}.sha256"} <= staged
    built.query("remove @DEV.CDP.REPOSITORY/branches/main/ml/errors.py")
    done = built.dbt("run-operation", "deploy_ml", "--args", repository)
    assert done.returncode == 1
    assert "and the manifest of this project says" in " ".join(done.stdout.split())
