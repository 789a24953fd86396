"""`dbt build` on the Databricks stand-in: the same project, by the unmodified adapter."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

import pytest
from pandas.testing import assert_frame_equal

from ml.package import content_hash
from tests.pipeline.project import WIDE, copy_of_root
from tests.pipeline.warehouses import DatabricksProject

CODE = f"/Volumes/main/cdp/cdp_code/{content_hash()[:12]}"
READERS = {"audience_readers": ["analysts"]}


@pytest.fixture
def built(databricks_built: DatabricksProject) -> DatabricksProject:
    return databricks_built


def said(output: str) -> str:
    return " ".join(output.split())


def test_the_build_deploys_ml_and_ends_in_the_audience(built: DatabricksProject) -> None:
    files = {row[1] for row in built.query(f"list '{CODE}'")}
    assert files == {"ml", "pyproject.toml"}
    models = built.query("select model_name from main.cdp.propensity_models order by 1")
    assert models == [("daily",), ("first_touch",), ("live",)]
    scored = built.query("select count(*) from main.cdp.propensity_scores where kind is not null")
    eligible = built.query("select count(*) from main.cdp.propensity_scores__candidate")
    assert scored == eligible
    assert built.query("select count(*) > 0 from main.cdp.aud_prospects") == [(True,)]


def test_python_models_declare_what_they_run_with(built: DatabricksProject) -> None:
    with urlopen(f"http://127.0.0.1:{built.port}/emulator/history") as answer:
        submitted = json.load(answer)["submitted"]
    ran = {run["tasks"][0]["notebook_task"]["notebook_path"].split("/")[-1] for run in submitted}
    assert ran >= {"propensity_models", "propensity_evaluation", "propensity_scores__candidate"}
    for run in submitted:
        (environment,) = run["environments"]
        assert CODE in environment["spec"]["dependencies"]


def test_the_registry_says_which_code_trained(built: DatabricksProject) -> None:
    found = built.query("select distinct package_versions from main.cdp.propensity_models")
    assert [json.loads(row[0])["ml"] for row in found] == [f"0.1.0+{content_hash()[:12]}"]


def test_a_second_run_deploys_and_trains_nothing_changes_nothing_and_grants_to_readers(
    built: DatabricksProject,
) -> None:
    tables = {
        "feat_prospect__asof_day": ["domain_userid", "as_of_tstamp"],
        "propensity_models": ["model_name", "version"],
        "propensity_scores": ["model_name", "version", "subject_id"],
        "aud_prospects": ["audience_key"],
    }
    before = {table: built.frame(f"main.cdp.{table}") for table in tables}
    done = built.run("run", **WIDE, **READERS)
    assert "deploy_ml:" not in done.stdout
    for table, key in tables.items():
        after = built.frame(f"main.cdp.{table}").sort_values(key).reset_index(drop=True)
        assert_frame_equal(after, before[table].sort_values(key).reset_index(drop=True))

    for view in ("aud_prospects", "aud_high_propensity", "aud_rule_based"):
        granted = built.query(f"show grants on table main.cdp.{view}")
        assert granted == [("analysts", "SELECT", "TABLE", f"main.cdp.{view}")]


def test_a_full_refresh_keeps_the_registry(built: DatabricksProject) -> None:
    query = "select model_name, version from main.cdp.propensity_models order by 1, 2"
    versions = built.query(query)
    built.run("run", "--full-refresh", "--select", "propensity_models", **WIDE)
    assert built.query(query) == versions


def test_a_failing_python_model_shows_its_traceback_and_leaves_the_table(
    built: DatabricksProject,
) -> None:
    count = "select count(*) from main.cdp.propensity_scores__candidate"
    scored = built.query(count)
    spoil = "update main.cdp.propensity_models set artefact_sha256 = reverse(artefact_sha256)"
    built.query(spoil)
    done = built.dbt("run", "--select", "propensity_scores__candidate", **WIDE)
    built.query(spoil)
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stdout
    assert "ml/scoring.py" in done.stdout
    assert built.query(count) == scored


def test_another_ml_in_the_volume_is_an_error_where_deploying_is_left_to_people(
    built: DatabricksProject,
) -> None:
    built.query(f"remove '{CODE}/pyproject.toml'")
    asked = ["run", "--select", "propensity_curves"]
    done = built.dbt(*asked, deploy_ml="check")
    assert done.returncode != 0
    assert f"and this project has {content_hash()[:12]}. Run `dbt run-operation deploy_ml`" in said(
        done.stdout
    )
    assert "deploy_ml: ml" in built.run(*asked).stdout


@pytest.mark.parametrize("notebook", ["true", "false"])
def test_an_all_purpose_cluster_runs_python_models_too(
    built: DatabricksProject, tmp_path: Path, notebook: str
) -> None:
    root = copy_of_root(tmp_path / "root")
    settings = (root / "dbt_project.yml").read_text()
    cluster = (
        "models:\n  cdp:\n    +submission_method: all_purpose_cluster\n"
        f"    +cluster_id: 0123-456789-abcdefgh\n    +create_notebook: {notebook}\n"
    )
    (root / "dbt_project.yml").write_text(settings.replace("models:\n  cdp:\n", cluster))
    other = DatabricksProject(tmp_path / "project", root, port=built.port)
    before = built.frame("main.cdp.propensity_curves")
    other.run("run", "--select", "propensity_curves", **WIDE)
    key = list(before.columns)
    after = built.frame("main.cdp.propensity_curves").sort_values(key).reset_index(drop=True)
    assert_frame_equal(after, before.sort_values(key).reset_index(drop=True))


def test_dbts_own_unit_tests_hold_here(built: DatabricksProject) -> None:
    # Some: Spark takes seconds for each.
    models = ["tgt_prospect__asof_event", "propensity_scores", "aud_prospects"]
    selected = [f"test_type:unit,{name}" for name in models]
    done = built.run("test", "--select", *selected, **WIDE)
    assert done.stdout.count(" [PASS in ") == 5
