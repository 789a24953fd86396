"""`dbt build` on the Snowflake stand-in: the same project, by the unmodified adapter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import pytest
from pandas.testing import assert_frame_equal
from snowflake.connector.errors import ProgrammingError

from ml.package import content_hash, sources
from tests.emulators.running import running
from tests.pipeline.project import ROOT, with_failing_scores
from tests.pipeline.warehouses import SnowflakeProject, simulated

ROLE = "TRANSFORMER"
PRICING = {"all": [{"property": "page_url", "operator": "like", "value": "%pricing%"}]}
# Everything at once, of what 40,000 events can train: the defaults are test_engines_equal's.
SMALL: dict[str, Any] = {
    "training_window": [85, 5],
    "min_training_subjects": 20,
    "min_converting_subjects": 1,
    "min_judging_subjects": 1,
    "conversions": [
        {"name": "sign_up", "events": ["submit_form"]},
        {"name": "pricing", "events": ["page_view"], "criteria": PRICING},
    ],
    "churn_horizon": "P5D",
    "value": {"events": ["transaction"], "property": "tr_total", "horizon": "P7D"},
    "challenger_share": 0.25,
    "audience_readers": ["ANALYSTS"],
}
MODELS = ["daily__churn", "daily__pricing", "daily__sign_up", "daily__value"]
MODELS += [f"{name}__{what}" for name in ("first_touch", "live") for what in ("pricing", "sign_up")]


def with_orders(files: str, folder: Path) -> Path:
    """Add an order to every second look at prices."""
    path = folder / "events.parquet"
    duckdb.sql(
        f"""
        copy (
            select * from '{files}' union all by name
            select * replace (
                'order-' || event_id as event_id, 'transaction' as event_name,
                derived_tstamp + interval 5 minutes as derived_tstamp,
                collector_tstamp + interval 5 minutes as collector_tstamp,
                20.0 + hash(domain_userid) % 100 as tr_total
            )
            from '{files}' where event_name = 'page_view' and page_url like '%pricing%'
                and hash(event_id) % 2 = 0
        ) to '{path}'
        """
    )
    return path


def register_copy(project: SnowflakeProject, of: str, version: str, decision: str) -> None:
    """Register a version once more, a second newer, as another one."""
    replaced = {
        "version": f"'{version}'",
        "decision": f"'{decision}'",
        "trained_at": "dateadd(second, 1, trained_at)",
    }
    columns = list(project.frame("propensity_models").columns)
    values = [replaced.get(column, column) for column in columns]
    project.query(
        f"insert into propensity_models ({', '.join(columns)}) "
        f"select {', '.join(values)} from propensity_models where version = '{of}'"
    )


def administer(project: SnowflakeProject, statements: str) -> None:
    """Run what a run-operation shows, as an administrator would."""
    for line in statements.splitlines():
        if line.endswith(";"):
            project.query(line.partition("  ")[2].removesuffix(";"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeProject]:
    folder = tmp_path_factory.mktemp("snowflake")
    events = simulated(folder / "simulated", "json", 40_000)
    with running("snowflake", folder / "server.log") as port:
        project = SnowflakeProject(folder / "project", port=port, role=ROLE)
        project.load_events(str(with_orders(events, folder)))
        yield project


@pytest.fixture(scope="module")
def built(account: SnowflakeProject) -> SnowflakeProject:
    """Everything, built by a role that has what `grant_runner` says, and nothing else."""
    asked = f"{{role: {ROLE}, warehouse: COMPUTE}}"
    administer(
        account, account.run("run-operation", "grant_runner", "--args", asked, **SMALL).stdout
    )
    account.run("build", "--exclude-resource-type", "unit_test", **SMALL)
    return account


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


def test_a_second_build_deploys_and_trains_nothing_and_changes_nothing(
    built: SnowflakeProject,
) -> None:
    tables = {
        "feat_prospect__asof_day": ["domain_userid", "as_of_tstamp"],
        "propensity_models": ["model_name", "version"],
        "propensity_scores": ["model_name", "version", "subject_id"],
        "aud_prospects": ["audience_key"],
    }
    before = {table: built.frame(table).sort_values(key) for table, key in tables.items()}
    done = built.run("build", "--exclude-resource-type", "unit_test", **SMALL)
    assert "deploy_ml:" not in done.stdout
    for table, key in tables.items():
        after = built.frame(table).sort_values(key)
        assert_frame_equal(after.reset_index(drop=True), before[table].reset_index(drop=True))


def test_unit_tests_pass_in_its_dialect(built: SnowflakeProject) -> None:
    models = ["stg_snowplow__events", "feat_prospect__asof_event"]
    selected = [f"test_type:unit,{name}" for name in models]
    done = built.run("test", "--select", *selected, **SMALL)
    assert done.stdout.count(" [PASS in ") == 5


def test_a_version_is_put_back_and_a_challenger_scores_its_share(
    built: SnowflakeProject,
) -> None:
    model = "daily__churn"
    champion = f"select version from propensity_champions where model_name = '{model}'"
    ((first,),) = built.query(champion)
    register_copy(built, first, "20990101-99999999", "champion")
    asked = f"{{model_name: {model}, version: {first}}}"
    done = built.run("run-operation", "rollback_model", "--args", asked, **SMALL)
    assert f"{model} {first}-r1: champion. rolled back from 20990101-99999999" in done.stdout
    register_copy(built, f"{first}-r1", "20990101-00000000", "challenger")
    scoring = ["champions", "challengers", "scores__candidate", "scores"]
    built.run("run", "--select", *(f"propensity_{name}" for name in scoring), **SMALL)
    scores = built.frame("propensity_scores").query(f"model_name == '{model}'")
    by_role = scores.groupby("role")
    assert by_role["version"].unique().map(list).to_dict() == {
        "challenger": ["20990101-00000000"],
        "champion": [f"{first}-r1"],
    }
    assert by_role["is_used"].mean()["challenger"] == pytest.approx(0.25, abs=0.1)
    assert scores.groupby("subject_id")["is_used"].sum().eq(1).all()


def test_a_full_refresh_keeps_the_registry(built: SnowflakeProject) -> None:
    versions = built.query("select model_name, version from propensity_models order by 1, 2")
    built.run("run", "--full-refresh", "--select", "propensity_models", **SMALL)
    assert (
        built.query("select model_name, version from propensity_models order by 1, 2") == versions
    )


def test_a_failing_python_model_shows_its_traceback_and_leaves_the_table(
    built: SnowflakeProject, tmp_path: Path
) -> None:
    scored = built.query("select count(*) from propensity_scores__candidate")
    failing = replace(built, root=with_failing_scores(tmp_path / "root"))
    done = failing.dbt("run", "--select", "propensity_scores__candidate", **SMALL)
    assert done.returncode == 1
    assert re.search(
        r"Traceback .*ml/warehouse.py.*in failing\s.*KeyError: 'no_such_column'", done.stdout, re.S
    )
    assert built.query("select count(*) from propensity_scores__candidate") == scored


def test_another_ml_on_the_stage_is_an_error_where_deploying_is_left_to_people(
    built: SnowflakeProject,
) -> None:
    built.query(f"remove @DEV.CDP.CDP_CODE/{content_hash()}.sha256")
    asked = ["run", "--select", "propensity_curves"]
    done = built.dbt(*asked, deploy_ml="check")
    assert done.returncode != 0
    assert "@DEV.CDP.CDP_CODE holds no ml, and this project has" in " ".join(done.stdout.split())
    assert "deploy_ml: ml" in built.run(*asked).stdout


def test_statements_carry_the_models_name_as_their_query_tag(built: SnowflakeProject) -> None:
    with urlopen(f"http://127.0.0.1:{built.port}/emulator/history") as answer:
        history = json.load(answer)
    tags = {
        entry["query_tag"]
        for entry in history
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
            built.query(statement, role=ROLE)


def test_readers_are_granted_the_audiences_by_dbt(built: SnowflakeProject) -> None:
    granted = built.query("show grants to role ANALYSTS")
    views = ("AUD_HIGH_PROPENSITY", "AUD_PROSPECTS", "AUD_RULE_BASED")
    assert [row[:3] for row in granted] == [("SELECT", "VIEW", f"DEV.CDP.{name}") for name in views]


def test_census_reads_the_audiences_in_their_schema_and_nothing_else(
    built: SnowflakeProject,
) -> None:
    variables = SMALL | {"audience_schema": "audiences"}
    for operation, role in (("grant_runner", ROLE), ("grant_census_reader", "CENSUS_ROLE")):
        asked = f"{{role: {role}, warehouse: COMPUTE}}"
        administer(
            built, built.run("run-operation", operation, "--args", asked, **variables).stdout
        )
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


def test_stale_events_are_an_error_by_default(built: SnowflakeProject) -> None:
    scores = built.frame("propensity_scores")
    done = built.dbt("build", "--select", "as_of+1", **SMALL, stale_events="auto")
    assert done.returncode == 1
    assert "var max_event_age is P2D. Nothing is trained" in " ".join(done.stdout.split())
    done = built.dbt("source", "freshness", **SMALL, stale_events="auto")
    assert done.returncode == 1
    assert "ERROR STALE freshness of atomic.events" in done.stdout
    assert_frame_equal(built.frame("propensity_scores"), scores)


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
