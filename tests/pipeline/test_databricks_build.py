"""`dbt build` on the Databricks stand-in: the same project, by the unmodified adapter."""

from __future__ import annotations

import json

import pytest

from ml.package import content_hash
from tools.warehouses import EVERYTHING, DatabricksProject

CODE = f"/Volumes/main/cdp/cdp_code/{content_hash()[:12]}"
# What dbt_project.yml asks for, as serverless compute gets it.
PACKAGES = ["mlflow-skinny", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "tqdm"]
PACKAGES += ["xgboost-cpu"]


@pytest.fixture
def built(databricks_built: DatabricksProject) -> DatabricksProject:
    return databricks_built


def test_the_build_deploys_ml_and_ends_in_the_audience(built: DatabricksProject) -> None:
    files = {row[1] for row in built.query(f"list '{CODE}'")}
    assert files == {"ml", "pyproject.toml"}
    trained = {name for (name,) in built.query("select model_name from propensity_models")}
    assert {"daily__churn", "daily__pricing", "daily__sign_up", "daily__value"} <= trained
    scored = built.query("select count(*) from propensity_scores where kind is not null")
    eligible = built.query("select count(*) from propensity_scores__candidate")
    assert scored == eligible
    assert built.query("select count(*) > 0 from aud_prospects") == [(True,)]


def test_python_models_declare_what_they_run_with(built: DatabricksProject) -> None:
    submitted = built.history()["submitted"]
    ran = {run["tasks"][0]["notebook_task"]["notebook_path"].split("/")[-1] for run in submitted}
    assert ran >= {"propensity_models", "propensity_evaluation", "propensity_scores__candidate"}
    for run in submitted:
        (environment,) = run["environments"]
        assert environment["spec"]["dependencies"] == [*PACKAGES, CODE]


def test_the_registry_says_which_code_trained(built: DatabricksProject) -> None:
    found = built.query("select distinct package_versions from propensity_models")
    assert [json.loads(row[0])["ml"] for row in found] == [f"0.1.0+{content_hash()[:12]}"]


def test_readers_are_granted_the_audiences_by_dbt(built: DatabricksProject) -> None:
    for view in ("aud_people", "aud_prospects", "aud_high_propensity", "aud_rule_based"):
        granted = built.query(f"show grants on table main.cdp.{view}")
        assert granted == [("ANALYSTS", "SELECT", "TABLE", f"main.cdp.{view}")]


def test_what_was_deployed_in_part_is_no_ml(built: DatabricksProject) -> None:
    built.query(f"remove '{CODE}/pyproject.toml'")
    asked = ["run", "--select", "propensity_curves"]
    done = built.dbt(*asked, **EVERYTHING, deploy_ml="check")
    assert done.returncode != 0
    expected = f"/Volumes/main/cdp/cdp_code holds no ml, and this project has {content_hash()[:12]}"
    assert expected in " ".join(done.stdout.split())
    assert "deploy_ml: ml" in built.run(*asked, **EVERYTHING).stdout


def test_dbts_own_unit_tests_hold_here(built: DatabricksProject) -> None:
    # Some: Spark takes seconds for each.
    models = ["tgt_visitor__asof_event", "propensity_scores", "aud_prospects"]
    selected = [f"test_type:unit,{name}" for name in models]
    done = built.run("test", "--select", *selected, **EVERYTHING)
    assert done.stdout.count(" [PASS in ") == 6
