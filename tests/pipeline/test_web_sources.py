"""Page views, sessions and users from three places: built here, files, Snowplow's tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ml.simulation.generate import Simulation, simulate
from tools.project import ROOT, Project

TABLES = ("page_views", "sessions", "users")
MODELS = (*TABLES, "user_mapping", "shared_user_ids")
WEB = ("--select", *(f"stg_snowplow__{name}" for name in MODELS))


def documented(table: str) -> list[dict[str, Any]]:
    """The columns of a web table as its YAML has them."""
    text = (ROOT / "models" / "web" / f"stg_snowplow__{table}.yml").read_text()
    return yaml.safe_load(text)["models"][0]["columns"]


@pytest.fixture(scope="module")
def built(module_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Web tables built from events, some of them of one person on two devices."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(Simulation(folder, 5000, 20, 7, defects={"cross_device": 0.5}))
    select = ("--select", "+stg_snowplow__users", "+stg_snowplow__page_views")
    module_project.build(*select, events=folder / "events")
    return module_project


def export(built: Project, write: Callable[[duckdb.DuckDBPyConnection, str], None]) -> None:
    with duckdb.connect(str(built.database), read_only=True) as connection:
        for table in TABLES:
            write(connection, table)


def assert_equal(project: Project, built: Project) -> None:
    for table in TABLES:
        relation = f"stg_snowplow__{table}"
        assert built.fingerprint(relation)[0] > 0
        assert project.fingerprint(relation) == built.fingerprint(relation), relation


def test_modelled_files_alone_make_the_same_tables_and_the_whole_build_ends_well(
    built: Project, project: Project, tmp_path: Path
) -> None:
    def write(connection: duckdb.DuckDBPyConnection, table: str) -> None:
        names = ", ".join(f"{c['name']} as {c['name'].upper()}" for c in documented(table))
        path = tmp_path / f"snowplow_web_{table}.csv.gz"
        connection.execute(f"copy (select {names} from stg_snowplow__{table}) to '{path}' (header)")

    export(built, write)
    printed = project.build(events="", web=tmp_path, unit_tests=True, atomic_table=None)
    assert "There are no atomic events: what is built from them stays empty." in printed
    assert "Events: none" in printed
    assert_equal(project, built)
    assert project.value("select count(*) from stg_snowplow__events") == 0
    assert project.value("select as_of_tstamp from as_of") == built.value(
        "select max(end_tstamp) + interval 1 microsecond from stg_snowplow__sessions"
    )


def test_tables_of_the_unified_package_are_read_by_its_names(
    built: Project, project: Project
) -> None:
    with duckdb.connect(str(project.database)) as connection:
        connection.execute("create schema derived")
        connection.execute(f"attach '{built.database}' as built (read_only)")
        for table in TABLES:
            columns = {c["name"]: c.get("config", {}).get("meta", {}) for c in documented(table)}
            names = ", ".join(
                f"{name} as {meta.get('unified_name', name)}" for name, meta in columns.items()
            )
            name = "views" if table == "page_views" else table
            connection.execute(
                f"create table derived.snowplow_unified_{name} as "
                f"select {names} from built.stg_snowplow__{table}"
            )
    project.build(*WEB, events="", web_tables="snowplow_unified", atomic_table=None)
    assert_equal(project, built)


def test_few_columns_will_do_and_the_mapping_table_tells_who_it_was(
    project: Project, tmp_path: Path
) -> None:
    start = "start_tstamp,end_tstamp"
    for name, text in {
        "views.csv": "view_id,user_identifier,session_identifier,start_tstamp\n"
        "p,u,s,2026-01-01 10:00:00\n"
        "q,u,t,2026-01-03 10:00:00\n"
        ",u,s,2026-01-01 10:00:00\n",
        "sessions.csv": f"session_identifier,user_identifier,{start}\n"
        "s,u,2026-01-01 10:00:00,2026-01-01 10:05:00\n"
        "t,u,2026-01-03 10:00:00,2026-01-03 10:05:00\n",
        "users.csv": "user_identifier,start_tstamp,views\nu,2026-01-01 10:00:00,2.0\n",
        "user_mapping.csv": "user_identifier,user_id\nu,jo\nv,other\nw,anonymous\n",
    }.items():
        (tmp_path / name).write_text(text)
    select = (*WEB, "+rpt_event_intake")
    project.build(*select, events="", web=tmp_path, atomic_table=None, as_of="2026-01-02")
    assert project.rows("select * exclude message from rpt_event_intake order by all") == [
        ("page_views", "view_id", "missing", 1),
        ("user_mapping", "user_id", "placeholder", 1),
    ]
    assert project.rows(
        "select page_view_id, domain_userid, stitched_user_id, engaged_time_in_s "
        "from stg_snowplow__page_views"
    ) == [("p", "u", "jo", None)]
    assert project.rows(
        "select domain_sessionid, stitched_user_id, start_tstamp::varchar "
        "from stg_snowplow__sessions"
    ) == [("s", "jo", "2026-01-01 10:00:00")]
    assert project.rows("select stitched_user_id, page_views from stg_snowplow__users") == [
        ("jo", 2)
    ]


KEYS = {
    "page_views": "page_view_id,domain_userid,domain_sessionid,start_tstamp",
    "sessions": "domain_sessionid,domain_userid,start_tstamp,end_tstamp",
    "users": "domain_userid,start_tstamp",
}
REFUSED: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, {}, "No page_views, no sessions, no users found at CDP_WEB={folder}"),
    (
        {"page_views.csv": KEYS["page_views"], "sessions.csv": KEYS["sessions"]},
        {},
        "No users found at CDP_WEB={folder}",
    ),
    (
        {f"{name}.csv": keys for name, keys in KEYS.items()} | {"users.csv": "start_tstamp"},
        {},
        "The users at {folder}/users.csv lack required columns: "
        "domain_userid (or user_identifier). Found: start_tstamp.",
    ),
    (
        {f"{name}.csv": keys for name, keys in KEYS.items()} | {"users.ndjson": "{}"},
        {},
        "CDP_WEB={folder}, users mixes formats (csv, ndjson)",
    ),
    ({}, {"web_tables": "snowplow_web"}, "there is no table"),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """What each entry of REFUSED is expected to be answered with, and is."""
    project = Project(tmp_path_factory.mktemp("refusals"))
    runs, expected = [], []
    for number, (files, variables, text) in enumerate(REFUSED):
        folder = tmp_path_factory.mktemp(f"refused{number}")
        for name, header in files.items():
            (folder / name).write_text(header + "\n")
        given = yaml.safe_dump(variables | {"atomic_table": None})
        call = ["run", "--select", "stg_snowplow__sessions", "--vars", given]
        runs.append((call, {"CDP_WEB": str(folder)}))
        expected.append(text.format(folder=folder))
    said = [" ".join(text.split()) for text in project.many(runs)]
    return list(zip(expected, said, strict=True))


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_missing_is_named(refusals: list[tuple[str, str]], number: int) -> None:
    expected, said = refusals[number]
    assert expected in said
