"""What runs after the first build do, on each warehouse: the same as on DuckDB."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from ml.package import content_hash
from tools.project import copy_of_root, with_failing_scores
from tools.rendering import Macros
from tools.warehouses import EVERYTHING, Warehouse

PUBLISHED = ("propensity_scores", "visitor_profiles", "person_profiles")
PUBLISHED += ("aud_prospects", "aud_high_propensity")
# Rows are added to these.
ADDED_TO = ("feat_visitor__asof_event", "feat_visitor__asof_day")
ADDED_TO += ("propensity_models", "propensity_score_history")


def test_a_second_run_deploys_and_trains_nothing_and_changes_nothing(
    warehouse: Warehouse,
) -> None:
    with warehouse.unchanged(*PUBLISHED, *ADDED_TO):
        # Of tables that are made anew, those that are published.
        selected = ("config.materialized:incremental", "propensity_scores", "tag:census")
        done = warehouse.run("run", "--select", *selected, **EVERYTHING)
    assert "deploy_ml:" not in done.stdout


def test_a_full_refresh_keeps_what_cannot_be_made_again(warehouse: Warehouse) -> None:
    # What was published the day before: from today's tables it could not be made.
    history = "propensity_score_history"
    add_copies(warehouse, history, {"as_of_tstamp": "as_of_tstamp - interval '1 day'"})
    tables = ("propensity_models", history, "feat_visitor__asof_day")
    with warehouse.unchanged(*tables):
        selected = ("--select", *tables, "mon_matured_scores")
        warehouse.run("run", "--full-refresh", *selected, **EVERYTHING)
    assert warehouse.query(f"select count(distinct as_of_tstamp) from {history}") == [(2,)]


def test_a_failing_python_model_shows_its_traceback_and_leaves_what_is_published(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    root = with_failing_scores(tmp_path / "root")
    failing = replace(warehouse, folder=tmp_path / "project", root=root)
    with warehouse.unchanged(*PUBLISHED, "propensity_scores__candidate"):
        done = failing.dbt("run", "--select", "propensity_scores__candidate+", **EVERYTHING)
    assert done.returncode == 1
    assert re.search(r"Traceback .*in failing\s.*KeyError: 'no_such_column'", done.stdout, re.S)


def test_another_ml_is_an_error_where_deploying_is_left_to_people(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    root = copy_of_root(tmp_path / "root")
    manifest = root / "macros" / "deploy" / "ml_manifest.sql"
    here, there = "0" * 64, content_hash()
    manifest.write_text(manifest.read_text().replace(there, here))
    other = replace(warehouse, folder=tmp_path / "project", root=root)
    done = other.dbt("run", "--select", "propensity_curves", **EVERYTHING, deploy_ml="check")
    assert done.returncode != 0
    expected = f"holds ml {there[:12]}, and this project has {here[:12]}. Run `dbt run-operation"
    assert expected in " ".join(done.stdout.split())


def test_a_text_with_an_offset_is_a_moment_in_utc(engine: str, warehouse: Warehouse) -> None:
    told = {
        "2026-01-01T00:00:00.5+02:00": datetime(2025, 12, 31, 22, 0, 0, 500_000),
        "2026-01-01 00:00:00Z": datetime(2026, 1, 1),
        "2026-01-01 00:00:00": datetime(2026, 1, 1),
    }
    column = SimpleNamespace(name="told", type={"snowflake": "varchar"}.get(engine, "string"))
    moment = Macros(engine).typed_column(column, "timestamp")
    rows = " union all ".join(f"select '{text}' as told" for text in told)
    assert dict(warehouse.query(f"select told, {moment} from ({rows})")) == told


def test_stale_events_are_an_error_by_default(warehouse: Warehouse) -> None:
    with warehouse.unchanged(*PUBLISHED):
        selected = ("--select", "as_of", "propensity_scores+")
        done = warehouse.dbt("run", *selected, **EVERYTHING, stale_events="auto")
    assert done.returncode == 1
    assert "var max_event_age is P2D. Nothing is trained" in " ".join(done.stdout.split())
    done = warehouse.dbt("source", "freshness", **EVERYTHING, stale_events="auto")
    assert done.returncode == 1
    assert "ERROR STALE freshness of atomic.events" in done.stdout


def test_a_version_is_put_back_and_a_challenger_scores_its_share(warehouse: Warehouse) -> None:
    model = "daily__churn"
    champion = f"select version from propensity_champions where model_name = '{model}'"
    ((first,),) = warehouse.query(champion)
    register_copy(warehouse, first, "20990101-99999999", "champion")
    asked = f"{{model_name: {model}, version: {first}}}"
    done = warehouse.run("run-operation", "rollback_model", "--args", asked, **EVERYTHING)
    assert f"{model} {first}-r1: champion. rolled back from 20990101-99999999" in done.stdout
    register_copy(warehouse, f"{first}-r1", "20990101-00000000", "challenger")
    scoring = ["champions", "challengers", "scores__candidate", "scores"]
    warehouse.run("run", "--select", *(f"propensity_{name}" for name in scoring), **EVERYTHING)
    scores = warehouse.frame("propensity_scores").query(f"model_name == '{model}'")
    by_role = scores.groupby("role")
    assert by_role["version"].unique().map(list).to_dict() == {
        "challenger": ["20990101-00000000"],
        "champion": [f"{first}-r1"],
    }
    assert by_role["is_used"].mean()["challenger"] == pytest.approx(0.25, abs=0.05)
    assert scores.groupby("subject_id")["is_used"].sum().eq(1).all()


def register_copy(warehouse: Warehouse, of: str, version: str, decision: str) -> None:
    """Register a version once more, a second newer, as another one."""
    replaced = {
        "version": f"'{version}'",
        "decision": f"'{decision}'",
        "trained_at": "trained_at + interval '1 second'",
    }
    add_copies(warehouse, "propensity_models", replaced, f"version = '{of}'")


def add_copies(
    warehouse: Warehouse, table: str, replaced: dict[str, str], where: str = "1 = 1"
) -> None:
    """Insert rows of a table once more, with other values in some columns."""
    columns = list(warehouse.frame(table).columns)
    values = [replaced.get(column, column) for column in columns]
    warehouse.query(
        f"insert into {table} ({', '.join(columns)}) "
        f"select {', '.join(values)} from {table} where {where}"
    )
