"""What schedules the project, each read by its own tool or published schema."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jinja2
import pytest
import yaml
from databricks.bundles.jobs import Job
from dbt.adapters.snowflake.connections import SnowflakeCredentials
from dbt.cli.main import cli
from dbt_jobs_as_code.loader.load import load_job_configuration
from dbt_jobs_as_code.schemas.job import JobDefinition
from packaging.specifiers import SpecifierSet
from sqlfluff.core import Linter

from ml.activation.cli import command as activate
from tools.project import ROOT
from tools.rendering import CompilationError, Macros

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
GIT = "analytics.cdp.repository/branches/main"
DBT_CLOUD = ROOT / "dbt_project/scheduling/dbt_cloud"


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(tool)), *(str(part) for part in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def parsed(command: str) -> dict[str, Any]:
    """What dbt's own command line makes of a command, which has to be one of its commands."""
    name, *arguments = shlex.split(command)
    assert name == "dbt", command
    group: click.Command = cli
    while isinstance(group, click.Group):
        name = arguments.pop(0)
        assert name in group.commands, command
        group = group.commands[name]
    # Else dbt looks for a profile here or at home, where a clone has none.
    arguments += ["--profiles-dir", str(ROOT)]
    with group.make_context(name, arguments, parent=click.Context(cli)) as context:
        return context.params


def assert_is_ours(command: str) -> None:
    """That a command's options, vars, macro and paths are there."""
    options = parsed(command)
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    assert set(options.get("vars") or {}) <= set(variables), command
    if "macro" in options:
        macros = "".join(path.read_text() for path in (ROOT / "macros").rglob("*.sql"))
        assert f"macro {options['macro']}(" in macros, command
    for part in [*(options.get("select") or ()), *(options.get("exclude") or ())]:
        for path in re.findall(r"path:(\w+)", part):
            assert (ROOT / path).is_dir(), command


def dbt_cloud_jobs(folder: Path, **variables: str) -> dict[str, JobDefinition]:
    settings = yaml.safe_load((DBT_CLOUD / "vars.yml").read_text()) | variables
    (folder / "vars.yml").write_text(yaml.safe_dump(settings))
    files = [str(DBT_CLOUD / "jobs.yml")], [str(folder / "vars.yml")]
    return load_job_configuration(*files).jobs


def snowflake_tasks(**arguments: str | None) -> str:
    """The statements that the run-operation runs, or logs where it is a dry run."""
    defaults = {
        "cron": "30 5 * * * UTC", "project": "analytics.cdp.cdp", "repository": None,
        "ref": "branches/main", "dbt_version": "1.11.16",
    }  # fmt: skip
    return ";\n".join(Macros("snowflake").snowflake_task_statements(**(defaults | arguments)))


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "databricks.yml").read_text())


# --- GitHub Actions -------------------------------------------------------------------


def test_workflows_follow_the_published_schema() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def test_workflows_have_no_finding_of_a_security_audit() -> None:
    done = run("zizmor", "--offline", "--no-progress", "--format", "json", *WORKFLOWS)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stdout + done.stderr


def test_workflows_of_pull_requests_have_no_secret_and_read_only() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    assert "secrets." not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_the_scheduled_workflows_are_off_until_a_variable_is_set() -> None:
    for name, job, variable in (
        ("score", "score", "CDP_TARGET"),
        ("dbt_cloud", "activate", "DBT_CLOUD_JOB_ID"),
    ):
        workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        assert workflow["jobs"][job]["if"] == f"vars.{variable} != ''"


def test_workflows_run_commands_that_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = []
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            scripts = "\n".join(step.get("run", "") for step in job["steps"])
            commands += re.findall(r"\b(?:dbt|make) [a-z-]+(?: [^;\n]*)?", scripts)
    assert {command.split()[0] for command in commands} == {"dbt", "make"}
    for command in commands:
        if command.startswith("make "):
            assert command.removeprefix("make ") in targets
        else:
            assert_is_ours(command)


def test_workflows_activate_by_options_and_variables_that_are_there() -> None:
    options = {one.envvar for one in activate.params if isinstance(one, click.Option)}
    found = 0
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                for words in re.findall(r"\bcdp activate\b(.*)", step.get("run", "")):
                    activate.make_context("activate", shlex.split(words))
                    given = {name for name in step["env"] if name.startswith("CENSUS_")}
                    assert given - {"CENSUS_API_TOKEN"} <= options
                    found += 1
    assert found == 2


# --- dbt Cloud ------------------------------------------------------------------------


@pytest.mark.parametrize("repository", ["", "analytics.cdp.repository"])
def test_dbt_cloud_jobs_are_read_by_dbt_jobs_as_code(tmp_path: Path, repository: str) -> None:
    jobs = dbt_cloud_jobs(tmp_path, ml_repository=repository)
    assert {name: job.job_type for name, job in jobs.items()} == {
        "cdp_daily": "scheduled", "cdp_full_refresh": "other", "cdp_ci": "ci",
    }  # fmt: skip
    for job in jobs.values():
        for command in job.execute_steps:
            assert_is_ours(command)


def test_dbt_cloud_jobs_have_no_key_that_is_not_in_its_schema() -> None:
    template = jinja2.Template((DBT_CLOUD / "jobs.yml").read_text())
    for name, job in yaml.safe_load(template.render())["jobs"].items():
        assert set(job) <= set(JobDefinition.model_fields), name


def test_a_dbt_cloud_job_without_a_cron_waits_to_be_started(tmp_path: Path) -> None:
    scheduled, started = dbt_cloud_jobs(tmp_path), dbt_cloud_jobs(tmp_path, cron="")
    assert [jobs["cdp_daily"].triggers.schedule for jobs in (scheduled, started)] == [True, False]
    assert [jobs["cdp_daily"].job_type for jobs in (scheduled, started)] == ["scheduled", "other"]
    schedule = scheduled["cdp_daily"].schedule
    assert schedule is not None
    assert schedule.cron == "30 5 * * *"


def test_dbt_cloud_takes_ml_from_a_repository_where_one_is_named(tmp_path: Path) -> None:
    assert dbt_cloud_jobs(tmp_path)["cdp_daily"].execute_steps == [
        "dbt source freshness", "dbt build",
    ]  # fmt: skip
    steps = dbt_cloud_jobs(tmp_path, ml_repository="a.b.c")["cdp_daily"].execute_steps
    assert parsed(steps[1])["args"] == {"repository": "a.b.c", "ref": "branches/main"}
    assert parsed(steps[2])["vars"] == {"deploy_ml": "check"}


# --- Databricks -----------------------------------------------------------------------


def test_the_job_of_the_bundle_is_one_that_databricks_bundles_reads(
    bundle: dict[str, Any],
) -> None:
    for job in bundle["resources"]["jobs"].values():
        Job.from_dict(job)  # raises on a field that is not there
        environments = {environment["environment_key"] for environment in job["environments"]}
        keys = [task["task_key"] for task in job["tasks"]]
        assert len(keys) == len(set(keys))
        for number, task in enumerate(job["tasks"]):
            assert task["environment_key"] in environments
            assert {need["task_key"] for need in task.get("depends_on", [])} <= set(keys[:number])
            for command in task["dbt_task"]["commands"]:
                assert_is_ours(command)


def test_the_variables_of_the_bundle_are_declared(bundle: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{var\.(\w+)\}", (ROOT / "databricks.yml").read_text()))
    assert used == set(bundle["variables"])
    for target in bundle["targets"].values():
        assert set(target.get("variables", {})) <= set(bundle["variables"])


def test_nobody_but_who_deploys_production_can_change_what_it_runs(
    bundle: dict[str, Any],
) -> None:
    production = bundle["targets"]["prod"]
    assert production["mode"] == "production"
    own = "/Workspace/Users/${workspace.current_user.userName}/"
    assert production["workspace"]["root_path"].startswith(own)
    assert {granted["level"] for granted in production["permissions"]} == {"CAN_VIEW"}


# --- Snowflake ------------------------------------------------------------------------


def test_snowflake_tasks_are_snowflake_sql() -> None:
    sql = snowflake_tasks(repository="analytics.cdp.repository")
    version = " dbt_version = '1.11.16'"
    # Without one it is 1.9. sqlfluff's grammar knows it of `execute dbt project` only.
    assert sql.startswith(
        f"create or replace dbt project analytics.cdp.cdp from '@{GIT}'{version};"
    )
    sql = sql.replace(version, "", 1)
    tree = Linter(dialect="snowflake").parse_string(sql).tree
    assert tree is not None
    assert list(tree.recursive_crawl("unparsable")) == []
    assert [found.segments[0].type for found in tree.recursive_crawl("statement")] == [
        "create_dbt_project_statement",
        "create_task_statement",
        "execute_dbt_project_statement",
        "alter_task_statement",
    ]


def test_the_snowflake_task_builds_and_is_the_one_that_is_suspended() -> None:
    sql = snowflake_tasks(cron="0 7 * * MON Europe/Berlin")
    assert "schedule = 'USING CRON 0 7 * * MON Europe/Berlin'" in sql
    commands = [f"dbt {args}" for args in re.findall(r"args = '(.*)' dbt_version = '1.11.16'", sql)]
    assert commands == ['dbt build --vars "{deploy_ml: check}"']
    assert_is_ours(commands[0])
    ran: list[str] = []
    Macros("snowflake").knowing(run_query=ran.append).suspend_on_snowflake()
    (made,) = re.findall(r"create or replace task (\S+)\n", sql)
    assert ran == [f"alter task if exists {made} suspend"]


def test_the_profile_of_the_dbt_project_object_is_complete_and_in_git() -> None:
    path = "dbt_project/scheduling/snowflake/profiles.yml"
    text = (ROOT / path).read_text()
    assert "env_var" not in text
    (profile,) = yaml.safe_load(text).values()
    (output,) = profile["outputs"].values()
    SnowflakeCredentials.validate(output)
    assert {"role", "warehouse", "database", "schema"} <= set(output)
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", path]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [path]


def test_the_newest_fitting_dbt_of_the_account_is_taken_and_none_is_an_error() -> None:
    def newest(*versions: str) -> str:
        offered = json.dumps([{"dbt_version": version} for version in versions])
        return Macros("snowflake", answers=[[offered]]).newest_dbt_on_snowflake()

    assert newest("1.9.4", "1.11.9", "1.11.16", "1.10.15") == "1.11.16"
    with pytest.raises(
        CompilationError, match=r"needs dbt Core 1\.11, and .* offers 1\.9\.4, 2\.0\.0"
    ):
        newest("1.9.4", "2.0.0")


def test_only_snowflake_is_scheduled_on_snowflake() -> None:
    with pytest.raises(CompilationError, match="schedule_on_snowflake: this target is no"):
        Macros("duckdb").schedule_on_snowflake()


def test_releases_as_documented_go_to_productions_schema_and_to_a_dbt_that_is_accepted() -> None:
    text = (ROOT / "dbt_project/docs/scheduling.md").read_text()
    accepted = SpecifierSet(
        ",".join(yaml.safe_load((ROOT / "dbt_project.yml").read_text())["require-dbt-version"])
    )
    (deployed,) = re.findall(r"snow dbt deploy .*--dbt-version (\S+)", text)
    assert deployed in accepted
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for command, variable in (
        ("deploy_ml", "DATABRICKS_SCHEMA=cdp"),
        ("schedule_on_snowflake", "SNOWFLAKE_SCHEMA=cdp"),
    ):
        (block,) = [block for block in blocks if f"dbt run-operation {command}" in block]
        named, _, _ = block.partition("dbt run-operation")
        assert variable in named.split()
