"""What the documentation shows is run as it is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from tools.project import ROOT, Project, copy_of_root, own_environment

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("dbt_project/docs/*.md"))]
VARS = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
# What the tables and properties in the examples need beside them.
NEEDED: dict[str, dict[str, Any]] = {
    "submit_form.form_id": {"event_fields": ["submit_form.form_id"]},
}
# Settings of dbt's profile or of dbt itself, not vars of this project.
OTHER_KEYS = {"databricks_local", "snowflake_local", "models", "+post-hook"}


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    return [block for block in found if isinstance(block, str)]


def vars_shown() -> list[tuple[str, dict[str, Any]]]:
    """Each example of vars, with its page.

    A list of mappings with a name, and events, criteria or a table, shows conversions.
    """
    shown: list[tuple[str, dict[str, Any]]] = []
    for page in PAGES:
        for block in blocks(page, "yaml"):
            if block.startswith(("- &", "- *")):
                continue  # the recipe for a feature, which has a test of its own
            example = yaml.safe_load(block)
            if isinstance(example, list) and not any("config" in item for item in example):
                shown.append((page, {"conversions": example}))
            elif isinstance(example, dict) and not set(example) & OTHER_KEYS:
                shown.append((page, example))
    return shown


SHOWN = vars_shown()


@pytest.fixture(scope="module")
def errors(module_project: Project, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What dbt says of each example of vars, in one process."""
    table = tmp_path_factory.mktemp("crm") / "opportunities.csv"
    table.write_text(
        "opportunity_id,contact_id,created_at,loaded_at,stage\n7,1,2026-01-01,2026-01-02,won\n"
    )
    options = ["--project-dir", str(ROOT), "--profiles-dir", str(module_project.folder)]
    options += ["--target-path", str(module_project.folder / "target"), "--quiet"]
    options += ["--log-path", str(module_project.folder / "logs")]
    examples = []
    for _, example in SHOWN:
        needed = [found for text, found in NEEDED.items() if text in json.dumps(example)]
        text = json.dumps(example).replace("crm.opportunities", str(table))
        examples.append({**json.loads(text), **{k: v for more in needed for k, v in more.items()}})
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "pipeline" / "check_vars.py"), *options],
        input=json.dumps(examples),
        env=own_environment() | {"CDP_DUCKDB": str(module_project.database)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [" ".join(error.split()) for error in json.loads(done.stdout.splitlines()[-1])]


def test_the_pages_show_vars_that_exist() -> None:
    assert len(SHOWN) > 8
    assert {key for _, example in SHOWN for key in example} <= set(VARS)


@pytest.mark.parametrize("number", range(len(SHOWN)), ids=[f"{p}-{list(e)}" for p, e in SHOWN])
def test_an_example_of_vars_is_accepted_as_it_is_written(errors: list[str], number: int) -> None:
    assert errors[number] == ""


READ_AT_PARSE = [example for _, example in SHOWN if any("audience_" in key for key in example)]


@pytest.mark.parametrize("example", READ_AT_PARSE, ids=[str(list(e)) for e in READ_AT_PARSE])
def test_dbt_reads_the_project_with_an_example(project: Project, example: dict[str, Any]) -> None:
    done = project.dbt("parse", **example)
    assert done.returncode == 0, done.stdout


EVENTS = """event_id,event_name,domain_userid,derived_tstamp,page_urlpath
1,page_view,ada,2026-01-01 10:00:00,/docs/start
2,page_view,ada,2026-01-01 10:01:00,/docs/more
3,page_view,ada,2026-01-01 10:02:00,/pricing
"""


def test_the_recipe_for_a_feature_makes_a_column_of_each_table(tmp_path: Path) -> None:
    recipe = (ROOT / "README.md").read_text().partition("## Add a feature")[2].partition("\n## ")[0]
    path = re.search("documented column of `(.+?)`", recipe)
    steps = re.findall("[0-9]. Under `(.+?)`, above `(.+?)`.+?```yaml\n(.*?)```", recipe, re.S)
    assert path is not None
    assert len(steps) == 2
    root = copy_of_root(tmp_path / "root")
    text = (root / path[1]).read_text()
    for model, line, block in steps:
        before, of_model, after = text.partition(f"  - name: {model}\n")
        above, found, below = after.partition(f"      {line}\n")
        assert of_model and found  # noqa: PT018
        assert "\n  - name: " not in above
        text = before + of_model + above + indent(block, " " * 6) + found + below
    (root / path[1]).write_text(text)
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    project = Project(tmp_path / "project", root)
    tables = [f"feat_visitor__{name}" for name in ("asof_event", "asof_day", "current")]
    done = project.dbt("run", "--select", *(f"+{table}" for table in tables), events=events)
    assert done.returncode == 0, done.stdout
    found = [
        project.rows(f"select num_docs_views_l7d from {table} order by as_of_tstamp")
        for table in tables
    ]
    assert found == [[(0,), (1,), (2,)], [], [(2,)]]


def test_the_page_on_features_shows_lines_of_the_compiled_query(project: Project) -> None:
    done = project.dbt("compile", "--select", "feat_visitor__asof_event")
    assert done.returncode == 0, done.stdout
    (compiled,) = (project.folder / "target" / "compiled").rglob("feat_visitor__asof_event.sql")
    lines = " ".join(compiled.read_text().split())
    shown = [
        " ".join(line.split())
        for block in blocks("dbt_project/docs/feature_to_sql.md", "sql")
        for line in block.splitlines()
    ]
    assert len(shown) > 5
    assert [line for line in shown if line not in lines] == []
