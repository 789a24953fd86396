"""A version belongs to a definition: what becomes of it when a definition changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tools.project import ROOT, WIDE, Project, copy_of_root

# What knows definitions, and all that follows from the registry: no feature is built anew.
FOLLOWS = ("trn_readiness", "feature_catalogue", "propensity_models+")
# Nothing can be trained, so that the versions of before are all there are.
NOBODY: dict[str, Any] = WIDE | {"min_training_subjects": 10**6}
SCORES = """
    select version, subject_id, score, label from propensity_scores where model_name = 'daily'
    order by all
"""

# Vars that the SQL of features and outcomes reads, but that change no row that is learnt from.
WITHOUT_EFFECT_ON_ROWS = {
    "as_of": "until when, not what",
    "atomic_database": "where the events are",
    "atomic_schema": "where the events are",
    "atomic_table": "where the events are",
    "entity_fields": "adds columns",
    "event_fields": "adds columns; a feature that reads one names it",
    "events_per_part": "how much at a time",
    "late_arrival_allowance": "how much is built again, and when an outcome is known",
    "max_event_age": "stops a build",
    "stale_events": "stops a build",
    "warn_event_age": "stops a build",
    "web_tables_database": "where the web tables are",
    "web_tables_schema": "where the web tables are",
}


@pytest.fixture(scope="module")
def effects(module_project: Project) -> dict[str, list[str]]:
    """`vars_by_effect`, and dbt's manifest beside it."""
    query = "select '{{ tojson(vars_by_effect()) }}'"
    done = module_project.dbt("compile", "--quiet", "--inline", query, manifest=True)
    assert done.returncode == 0, done.stdout
    found = re.search(r"select '(\{.*\})'", done.stdout)
    assert found, done.stdout
    return json.loads(found[1])


def test_every_var_is_classified_once(effects: dict[str, list[str]]) -> None:
    classified = [name for names in effects.values() for name in set(names)]
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    assert sorted(classified) == sorted(declared), (
        "each var of dbt_project.yml is in vars_by_effect() of model_specs/outcome_hash.sql, by "
        "what it has an effect on; one that changes which events there are, or their values, is "
        "in event_facts() of model_specs/definition_hash.sql instead"
    )


def vars_behind(manifest: dict[str, Any], table: str) -> set[str]:
    """Names of the vars that the SQL of a model and of all that it is made of may read."""
    macros: set[str] = set()
    texts: list[str] = []
    # as_of says how late it is, not what there is.
    waiting, seen = [f"model.cdp.{table}"], {"model.cdp.as_of"}
    while waiting:
        name = waiting.pop()
        if name in seen or name not in manifest["nodes"]:
            continue
        seen.add(name)
        node = manifest["nodes"][name]
        waiting += node["depends_on"]["nodes"]
        texts.append(node["raw_code"])
        macros |= set(node["depends_on"]["macros"])
    asked = list(macros)
    while asked:
        macro = manifest["macros"][asked.pop()]
        if macro["package_name"] == "cdp":
            texts.append(macro["macro_sql"])
        new = set(macro["depends_on"]["macros"]) - macros
        macros |= new
        asked += new
    return set(re.findall(r"\bvar\(\s*[\"']([a-z_]+)", "\n".join(texts)))


@pytest.mark.parametrize(
    ("table", "hashed"),
    [
        ("feat_visitor__asof_event", ("events", "features", "outcomes")),
        ("feat_visitor__asof_day", ("events", "features", "outcomes")),
        ("feat_visitor__current", ("events", "features", "outcomes")),
        ("feat_person__first_touch", ("events", "web", "outcomes")),
        ("tgt_visitor__asof_day", ("events", "features", "outcomes", "web")),
        ("tgt_visitor__asof_event", ("events", "features", "outcomes", "web")),
        ("tgt_person__first_touch", ("events", "web", "outcomes")),
    ],
)
def test_the_sql_of_features_and_outcomes_reads_no_var_that_is_in_no_hash(
    effects: dict[str, list[str]], module_project: Project, table: str, hashed: tuple[str, ...]
) -> None:
    manifest = json.loads((module_project.folder / "target" / "manifest.json").read_text())
    known = {name for effect in hashed for name in effects[effect]} | set(WITHOUT_EFFECT_ON_ROWS)
    if "visitor" in table:
        known.add("web_tables")  # whether a build without events is an error
    assert vars_behind(manifest, table) - known == set()


@pytest.fixture(scope="module")
def sequence(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse whose conversion is redefined and defined back, step by step."""
    return built.copy(tmp_path_factory.mktemp("sequence") / "project")


@pytest.fixture(scope="module")
def before(sequence: Project) -> list[tuple[Any, ...]]:
    return sequence.rows(SCORES)


@pytest.fixture(scope="module")
def redefined(
    sequence: Project, before: list[tuple[Any, ...]], simulated: Path
) -> tuple[Project, str]:
    """After a build with another conversion, of which nothing can be learnt yet."""
    assert before
    said = sequence.build(
        "--select", *FOLLOWS, events=simulated, conversion_events=["page_ping"], **NOBODY
    )
    return sequence, said


def test_an_outcomes_redefinition_retires_its_champion_at_once(
    redefined: tuple[Project, str], before: list[tuple[Any, ...]]
) -> None:
    project, said = redefined
    version = before[0][0]
    assert f"Model daily scores nobody, as its champion {version} is retired: What daily" in said
    assert project.value("select count(*) from propensity_scores") == 0
    assert project.value("select count(*) from aud_prospects") == 0
    funnel = dict(project.rows("select name, num_people from rpt_audience_funnel where step > 10"))
    assert funnel["without a score of daily, whose champion is retired"] > 0
    assert funnel["with a score of daily of before its features changed"] == 0
    assert project.rows(
        "select version, reason from propensity_evaluation where metric = 'retired' "
        "and model_name = 'daily'"
    ) == [(version, "What daily predicts was redefined after this version was trained.")]
    # What was published stays in the history, as what it was, and is counted.
    kept = project.value("select count(*) from propensity_score_history where model_name = 'daily'")
    assert project.rows("select version, reason, num_scores from mon_unlabelled_scores") == [
        (version, "what the model predicts was redefined", kept)
    ]
    assert f"Monitoring: {kept} kept scores of daily are compared with no outcome" in said
    arguments = f"{{model_name: daily, version: {version}}}"
    done = project.dbt(
        "run-operation", "rollback_model", "--args", arguments, conversion_events=["page_ping"]
    )
    assert done.returncode != 0
    assert "predicts something else than daily is asked now" in " ".join(done.stdout.split())


def test_a_definition_that_comes_back_scores_again_and_trains_nothing(
    redefined: tuple[Project, str], before: list[tuple[Any, ...]], simulated: Path
) -> None:
    project, _ = redefined
    known = project.value("select count(*) from propensity_models")
    said = project.build("--select", *FOLLOWS, events=simulated, **WIDE)
    assert f"daily: not trained, the latest version ({before[0][0]}, champion)" in said
    assert project.value("select count(*) from propensity_models") == known
    assert [row[:3] for row in project.rows(SCORES)] == [row[:3] for row in before]
    assert project.value("select count(*) from mon_unlabelled_scores") == 0
    assert project.value("select count(*) from propensity_evaluation where metric = 'retired'") == 0


def with_days(folder: Path) -> Path:
    """Copy the project, with a feature in days that was in hours, and another's words changed."""
    path = copy_of_root(folder) / "models" / "features" / "feat_visitor.yml"
    text, changed = re.subn(r"(time_since_last, .*unit: )hours", r"\1days", path.read_text())
    if not changed:
        text, changed = re.subn(r"(?m)^( +)unit: hours$", r"\1unit: days", text)
    assert changed
    path.write_text(text)
    return folder


def test_last_scores_stay_where_a_feature_changed_and_no_version_has_passed(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    project = built.copy(tmp_path / "changed", root=with_days(tmp_path / "root"))
    of_daily = "select * from propensity_scores where model_name = 'daily' order by subject_id"
    before = project.rows(of_daily)
    said = project.build("--select", *FOLLOWS, events=simulated, challenger_share=0.5, **NOBODY)
    assert f"Model daily: the last published scores of {before[0][1]} stay" in said
    assert "features it reads are defined otherwise now, or gone. No other version" in said
    assert project.rows(of_daily) == before
    anew = "select count(*) from propensity_scores__candidate where model_name = 'daily'"
    assert project.value(anew) == 0
    funnel = dict(project.rows("select name, num_people from rpt_audience_funnel where step > 10"))
    assert funnel["without a score of daily, whose champion is retired"] == 0
    assert funnel["with a score of daily of before its features changed"] > 0
    assert project.value("select count(*) from aud_prospects where propensity_score is not null")
    history = "select count(*), count(distinct as_of_tstamp) from propensity_score_history"
    assert project.rows(history) == built.rows(history)


def test_a_registry_of_before_definitions_were_registered_scores_nobody_and_says_so(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    project = built.copy(tmp_path / "old")
    with duckdb.connect(str(project.database)) as connection:
        for table, names in (
            ("propensity_models", ("outcome_hash", "feature_hashes")),
            ("propensity_score_history", ("outcome_hash",)),
            ("mon_matured_scores", ("outcome_hash",)),
        ):
            for name in names:
                connection.execute(f"alter table {table} drop column {name}")
        connection.execute("update propensity_models set definition_hash = 'of before'")
    kept = project.value("select count(*) from propensity_score_history where model_name = 'daily'")
    said = project.build("--select", *FOLLOWS, events=simulated, **NOBODY)
    assert "is retired: It was registered before definitions were" in said
    assert project.value("select count(*) from propensity_scores") == 0
    assert project.rows("select reason, num_scores from mon_unlabelled_scores") == [
        ("kept before definitions were", kept)
    ]
    assert project.value("select count(*) from propensity_models where outcome_hash is null") > 0
