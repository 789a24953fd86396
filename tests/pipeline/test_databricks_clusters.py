"""Python models on Databricks on clusters, with `ml` from a wheel that var `ml_package` names."""

from __future__ import annotations

from pathlib import Path

from ml.package import build_wheel
from tools.project import copy_of_root
from tools.warehouses import EVERYTHING, DatabricksProject

# Each its own way; all three read the registry only.
CLUSTERS = """models:
  cdp:
    propensity_curves:
      +submission_method: all_purpose_cluster
      +cluster_id: 0123-456789-notebook
    propensity_importance:
      +submission_method: all_purpose_cluster
      +cluster_id: 0123-456789-commands
      +create_notebook: false
    propensity_effects:
      +submission_method: job_cluster
      +job_cluster_config: {spark_version: 17.3.x-scala2.13, num_workers: 1}
"""


def test_clusters_take_a_wheel_that_is_named(
    databricks_built: DatabricksProject, tmp_path: Path
) -> None:
    root = copy_of_root(tmp_path / "root")
    settings = (root / "dbt_project.yml").read_text()
    (root / "dbt_project.yml").write_text(settings.replace("models:\n  cdp:\n", CLUSTERS))
    project = DatabricksProject(tmp_path / "project", root, port=databricks_built.port)
    wheel = build_wheel(str(root))
    path = f"/Volumes/main/cdp/wheels/{wheel}"
    project.query("create volume if not exists main.cdp.wheels")
    project.query(f"put '{root / wheel}' into '{path}' overwrite")

    tables = ("propensity_curves", "propensity_importance", "propensity_effects")
    known = project.history()
    with databricks_built.unchanged(*tables):
        project.run("run", "--select", *tables, ml_package=path, deploy_ml="check", **EVERYTHING)

    history = project.history()
    submitted = history["submitted"][len(known["submitted"]) :]
    assert not any("environments" in run for run in submitted)
    tasks = {
        task["notebook_task"]["notebook_path"].split("/")[-1]: task
        for run in submitted
        for task in run["tasks"]
    }
    assert set(tasks) == {"propensity_curves", "propensity_effects"}
    assert tasks["propensity_curves"]["existing_cluster_id"] == "0123-456789-notebook"
    assert tasks["propensity_effects"]["new_cluster"]["num_workers"] == 1
    commands = history["commands"][len(known["commands"]) :]
    assert {command["clusterId"] for command in commands} == {"0123-456789-commands"}
