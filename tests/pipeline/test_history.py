"""The past of a source changes: the feature tables are built again from there, and say so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tools.project import ROOT, Project
from tools.rendering import Macros, visitor_columns, visitor_definitions

TABLES = ["feat_visitor__asof_event", "feat_visitor__asof_day"]
SELECT = ["--select", *(f"+{name}" for name in TABLES)]
EVENTS = """
    select
        md5(number::varchar) as event_id,
        'page_view' as event_name,
        'visitor ' || number % 100 as domain_userid,
        timestamp '2026-01-01' + to_hours((number // 5)::bigint) as derived_tstamp,
        derived_tstamp as collector_tstamp
    from range(4000) as given (number)
"""


def test_random_histories_equal_fresh_builds(tmp_path: Path) -> None:
    command = ["-W", "ignore", "-m", "tools.histories", str(tmp_path), "2", "2"]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ, capture_output=True, text=True
    )
    counted = json.loads(done.stdout.splitlines()[-1])
    print(counted)
    assert counted["faults"] == []
    assert counted["sequences"] == 2
    # As many as make the comparison one of increments, some of them after a stopped run.
    assert counted["increments"] >= 4
    assert counted["stopped"] >= 1


def built_again(project: Project, events: Path) -> str:
    done = project.dbt("run", *SELECT, events=events)
    assert done.returncode == 0, done.stdout
    return "\n".join(re.findall(r"feat_visitor__asof_\w+: .*", done.stdout))


def test_a_changed_past_is_built_again_where_it_changed_and_the_log_says_so(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "events.parquet"
    duckdb.sql(f"copy ({EVENTS}) to '{path}'")
    assert built_again(project, path) == ""
    # A usual day: 24 hours more.
    later = EVENTS.replace("range(4000)", "range(4120)")
    duckdb.sql(f"copy ({later}) to '{path}'")
    assert built_again(project, path) == ""
    compiled = project.folder / "target/compiled/cdp/models/features/feat_visitor__asof_event.sql"
    # All visitors' events, since 30 days before the day that went on.
    assert "md5(" not in compiled.read_text()
    duckdb.sql(f"copy (from ({later}) where domain_userid <> 'visitor 7') to '{path}'")
    said = built_again(project, path).splitlines()
    pattern = (
        r"{}: 34 days of events changed since the last build, from 2026-01-01 on: features are "
        r"built again from there for 1 of 256 parts of the visitors\."
    )
    assert len(said) == len(TABLES)
    for name in TABLES:
        assert any(re.fullmatch(pattern.format(name), line) for line in said), said
        erased = f"select count(*) from {name} where domain_userid = 'visitor 7'"
        assert project.value(erased) == 0
    bucket = project.value("select md5('visitor 7')[:2]")
    assert f"substring(md5(domain_userid), 1, 2) in ('{bucket}')" in compiled.read_text()
    assert project.value("select count(*) from feat_visitor__asof_event") == 4120 - 42
    with duckdb.connect(str(project.database)) as connection:
        connection.execute("delete from feat_visitor__asof_day where domain_userid = 'visitor 8'")
    assert built_again(project, path) == (
        "feat_visitor__asof_day: built anew, as it has other rows than were built."
    )
    assert project.value(
        "select count(*) > 0 from feat_visitor__asof_day where domain_userid = 'visitor 8'"
    )


@pytest.mark.parametrize("portable", [False, True])
def test_the_hash_of_a_day_covers_every_column_that_features_read(portable: bool) -> None:
    columns = {name: {"config": {"meta": meta}} for name, meta in visitor_columns().items()}
    node = SimpleNamespace(columns=columns)
    graph = SimpleNamespace(nodes={"model.cdp.feat_visitor__asof_day": node})
    macros = Macros("duckdb").knowing(graph=graph)
    hashed = set(macros.event_columns_of_features())
    sql = macros.features(visitor_definitions(), "events", portable=portable)
    read = set(re.findall(r"\w+", sql)) & set(macros.staged_event_columns())
    assert len(read) > 8
    assert read <= hashed
