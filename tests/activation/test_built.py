"""What dbt left is believed only if it was a build, succeeded, is fresh and has the audiences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml.activation.built import BuildError, check_build, read_audiences
from tests.activation.census import Census
from tests.activation.conftest import Commands, Project

HIGH = "model.cdp.aud_high_propensity"
OTHERS = {"model.cdp.aud_prospects": "success", "test.cdp.not_null.1": "pass"}


def refusal(project: Project, *audiences: str, max_age_h: float = 12) -> str:
    """Why nothing may be activated; empty if it may."""
    try:
        check_build(project.folder / "target", audiences, max_age_h)
    except BuildError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("status", ["success", "warn", "no-op", "pass"])
def test_these_are_fine(project: Project, status: str) -> None:
    project.built({HIGH: "success", "test.cdp.x.1": status})
    assert refusal(project, "aud_high_propensity") == ""


@pytest.mark.parametrize("status", ["error", "fail", "runtime error", "skipped", "partial success"])
def test_anything_that_failed_is_named(project: Project, status: str) -> None:
    project.built({HIGH: "success", **OTHERS, "model.cdp.rpt_x": status})
    assert (
        f"the build did not succeed: model.cdp.rpt_x ({status}). Fix it, then `dbt retry`"
        in refusal(project, "aud_high_propensity")
    )


def test_of_many_failures_five_are_named(project: Project) -> None:
    project.built({f"model.cdp.m{number}": "error" for number in range(9)})
    assert "model.cdp.m4 (error) and 4 more." in refusal(project)


def test_an_old_build_is_refused(project: Project) -> None:
    project.built(hours_ago=13)
    assert "the build ended 13.0 hours ago, and may be 12 hours old" in refusal(project)
    assert refusal(project, max_age_h=14) == ""


@pytest.mark.parametrize("which", ["generate", "test", "compile", "seed", "snapshot"])
def test_another_command_is_no_build(project: Project, which: str) -> None:
    project.built(which=which, invocation_command=f"dbt {which}")
    assert f"the last command was `dbt {which}`, not a build" in refusal(project)


def test_an_audience_that_was_not_built_is_named(project: Project) -> None:
    project.built({HIGH: "success"}, invocation_command="dbt build -s x", select=["x"])
    assert "`dbt build -s x` did not build aud_prospects, aud_rule_based." in refusal(
        project, "aud_high_propensity", "aud_rule_based", "aud_prospects"
    )


def test_a_retry_stands_for_the_build_that_it_went_on_with(project: Project) -> None:
    project.built({"model.cdp.rpt_x": "success"}, invocation_command="dbt retry")
    assert refusal(project, "aud_prospects") == ""
    project.built({"model.cdp.x": "success"}, invocation_command="dbt retry", select=["x"])
    assert "`dbt retry` did not build aud_prospects" in refusal(project, "aud_prospects")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "run_results.json: no such file. Run `dbt build` first"),
        ("{", "run_results.json cannot be read"),
        ("[]", "run_results.json is none of dbt's files"),
        ("{}", "the last command was `dbt None`, not a build"),
        ('{"args": {"which": "build"}}', "run_results.json does not say when the build ended"),
    ],
)
def test_a_file_that_is_none(project: Project, text: str | None, message: str) -> None:
    path = project.folder / "target" / "run_results.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert message in refusal(project)


@pytest.mark.parametrize("wrong", ["12", 0, -1, 1.5, True, [1, None], {"a": 1}])
def test_an_id_that_is_none_is_named_with_its_place(project: Project, wrong: object) -> None:
    project.built(syncs={"aud_prospects": wrong})
    with pytest.raises(BuildError, match=r"_exposures\.yml: exposure census_aud_prospects: meta"):
        read_audiences(project.folder / "target")


def test_a_model_may_name_its_syncs_too(project: Project) -> None:
    project.built(syncs={"aud_prospects": [7]})
    path = project.folder / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["nodes"][HIGH]["config"]["meta"] = {"census_sync_ids": [7, 8]}
    path.write_text(json.dumps(manifest))
    found = read_audiences(project.folder / "target")
    assert found.syncs == {
        7: ("aud_high_propensity", "aud_prospects"), 8: ("aud_high_propensity",),
    }  # fmt: skip
    assert found.names == ("aud_high_propensity", "aud_prospects")


# --- By the command ---------------------------------------------------------------------


def test_after_a_build_that_failed_nothing_is_asked_of_census(
    census: Census, activate: Commands, project: Project
) -> None:
    census.sync()
    project.built({HIGH: "success", "model.cdp.rpt_x": "error"})
    done = activate()
    assert done.code == 1
    assert done.err.endswith("Fix it, then `dbt retry`. Nothing was triggered.\n")
    assert census.requests == []
    assert activate("--skip-build-check").code == 0


def test_a_sync_of_no_audience_needs_all_audiences(
    census: Census, activate: Commands, project: Project
) -> None:
    census.sync(60)
    project.built({HIGH: "success"})
    assert "did not build aud_prospects" in activate("--sync", "60").err
    project.built()
    assert activate("--sync", "60").code == 0


def test_without_dbts_files_only_named_syncs_can_be_triggered(
    census: Census, activate: Commands, project: Project
) -> None:
    census.sync()
    for path in (project.folder / "target").iterdir():
        path.unlink()
    assert "manifest.json: no such file" in activate("--skip-build-check").err
    assert "manifest.json: no such file" in activate("--sync", "52").err
    assert activate("--skip-build-check", "--sync", "52").code == 0


def test_files_that_dbt_itself_wrote(tmp_path: Path) -> None:
    """A build that failed in one model, and its retry."""
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("{name: tiny, version: 1.0.0, profile: tiny}")
    profile = "tiny: {target: d, outputs: {d: {type: duckdb, path: tiny.duckdb}}}"
    (tmp_path / "profiles.yml").write_text(profile)
    (tmp_path / "models" / "aud_a.sql").write_text("select 1 as a")
    (tmp_path / "models" / "_exposures.yml").write_text("""
exposures:
  - {name: e, type: application, owner: {name: x}, depends_on: [ref('aud_a')],
     config: {meta: {census_sync_ids: [7]}}}
""")
    other = tmp_path / "models" / "other.sql"
    program = (
        "import sys\nfrom dbt.cli.main import dbtRunner\n"
        "for words in sys.argv[1:]:\n"
        "    dbtRunner().invoke(words.split())\n"
    )

    def dbt(*commands: str) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("DBT_")}
        env |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", program, *commands]
        subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)

    target = tmp_path / "target"
    other.write_text("select no_such_column")
    dbt("build")
    assert read_audiences(target).syncs == {7: ("aud_a",)}
    with pytest.raises(BuildError, match=r"did not succeed: model\.tiny\.other \(error\)"):
        check_build(target, ["aud_a"], 1)
    other.write_text("select 1 as b")
    dbt("retry")
    assert len(check_build(target, ["aud_a"], 1).invocation_id) == 36
