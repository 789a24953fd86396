"""Python models on Databricks with `ml` from elsewhere than the Volume that `deploy_ml` fills."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

from pandas.testing import assert_frame_equal

from ml.package import build_wheel
from tests.pipeline.project import WIDE, copy_of_root
from tests.pipeline.warehouses import DatabricksProject

CLUSTER = """models:
  cdp:
    +submission_method: job_cluster
    +job_cluster_config: {spark_version: 17.3.x-scala2.13, num_workers: 1}
"""


def test_a_job_cluster_takes_a_wheel_that_is_named(
    databricks_built: DatabricksProject, tmp_path: Path
) -> None:
    root = copy_of_root(tmp_path / "root")
    settings = (root / "dbt_project.yml").read_text()
    (root / "dbt_project.yml").write_text(settings.replace("models:\n  cdp:\n", CLUSTER))
    project = DatabricksProject(tmp_path / "project", root, port=databricks_built.port)
    wheel = build_wheel(str(root))
    path = f"/Volumes/main/cdp/wheels/{wheel}"
    project.query("create volume if not exists main.cdp.wheels")
    project.query(f"put '{root / wheel}' into '{path}' overwrite")

    before = project.frame("main.cdp.propensity_effects")
    asked = ["run", "--select", "propensity_effects"]
    project.run(*asked, ml_package=path, deploy_ml="check", **WIDE)
    key = list(before.columns)
    after = project.frame("main.cdp.propensity_effects").sort_values(key).reset_index(drop=True)
    assert len(before)
    assert_frame_equal(after, before.sort_values(key).reset_index(drop=True))

    with urlopen(f"http://127.0.0.1:{project.port}/emulator/history") as answer:
        run = json.load(answer)["submitted"][-1]
    assert "environments" not in run
    assert run["tasks"][0]["new_cluster"]["num_workers"] == 1
