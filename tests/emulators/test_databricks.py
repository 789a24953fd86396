"""The Databricks stand-in by itself, as its clients see it."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from databricks import sql
from databricks.sql.exc import Error

from tests.emulators.databricks import spark
from tools.stand_ins import running

ENVIRONMENT = {"environment_key": "cdp", "spec": {"environment_version": "4"}}
PROJECT = """
[project]
name = "told"
version = "1.2"
dependencies = ["scipy"]

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# pip asks nothing else of a backend; a real one is a library that is not at hand offline.
BACKEND = """
import zipfile

INFO = {
    "METADATA": ["Metadata-Version: 2.1", "Name: told", "Version: 1.2", "Requires-Dist: scipy"],
    "WHEEL": ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"],
    "RECORD": [],
}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "told-1.2-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.write("told.py")
        for file, lines in INFO.items():
            wheel.writestr(f"told-1.2.dist-info/{file}", "\\n".join(lines))
    return name
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log = tmp_path_factory.mktemp("databricks") / "server.log"
    with running("databricks", log, "--memory", "1g") as port:
        yield port


@pytest.fixture(scope="module")
def cursor(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    allowed = tmp_path_factory.getbasetemp()
    with sql.connect(
        server_hostname="127.0.0.1", http_path="/sql/1.0/warehouses/standin", access_token="none",
        _connection_uri=f"http://127.0.0.1:{port}/thrift", enable_telemetry=False,
        staging_allowed_local_path=str(allowed),
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("create schema if not exists main.lab")
        yield cursor


def rows(cursor: Any, statement: str) -> list[tuple[Any, ...]]:
    cursor.execute(statement)
    return [tuple(row) for row in cursor.fetchall()]


def call(port: int, path: str, asked: dict[str, Any] | None = None) -> dict[str, Any]:
    body = None if asked is None else json.dumps(asked).encode()
    with urlopen(Request(f"http://127.0.0.1:{port}/api/{path}", data=body)) as answer:
        return json.load(answer)


def notebook(port: int, source: str, dependencies: list[str] | None = None) -> tuple[str, str]:
    """Run a notebook as a serverless job: its result state and its traceback."""
    content = base64.b64encode(source.encode()).decode()
    call(port, "2.0/workspace/import", {"path": "/Shared/it", "content": content})
    task = {"task_key": "it", "notebook_task": {"notebook_path": "/Shared/it"}}
    spec = {**ENVIRONMENT["spec"], "dependencies": dependencies or []}
    asked = {
        "tasks": [{**task, "environment_key": "cdp"}],
        "environments": [{"environment_key": "cdp", "spec": spec}],
    }
    run_id = call(port, "2.2/jobs/runs/submit", asked)["run_id"]
    state = call(port, f"2.2/jobs/runs/get?run_id={run_id}")["state"]
    output = call(port, f"2.2/jobs/runs/get-output?run_id={run_id}")
    return state["result_state"], output.get("error_trace", "")


def test_who_fetches_delta_lake_does_so_alone_and_others_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    version = spark.DELTA.rpartition(":")[2]
    names = ("io.delta_delta-spark_2.13", "io.delta_delta-storage")
    jars = [spark.cache() / "jars" / f"{name}-{version}.jar" for name in names]

    def found() -> dict[str, str]:
        with spark.delta() as where:
            return where

    with ThreadPoolExecutor(1) as others:
        with spark.delta() as fetching:
            other = others.submit(found)
            jars[0].parent.mkdir()
            for jar in jars:
                jar.write_bytes(b"PK\x03\x04")
            with pytest.raises(TimeoutError):
                other.result(0.2)
        assert "spark.jars.packages" in fetching
        assert "spark.jars.packages" in other.result()
        for jar in jars:
            zipfile.ZipFile(jar, "w").close()
        assert found() == {"spark.jars": ",".join(map(str, jars))}


def test_values_of_every_type_arrive_as_they_are(cursor: Any) -> None:
    ((row),) = rows(
        cursor,
        "select 1 as i, cast(2 as bigint), 1.5e0, cast(2.50 as decimal(9, 2)), 'é', true, "
        "timestamp_ntz '2026-01-02 03:04:05.678901', cast(null as string), binary('ab')",
    )
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901)
    assert row == (1, 2, 1.5, Decimal("2.50"), "é", True, moment, None, b"ab")


def test_a_session_is_in_the_time_zone_it_asks_for_and_in_utc_where_it_asks_for_none(
    port: int, cursor: Any
) -> None:
    asked = "select current_timezone(), cast(timestamp '2026-01-02 00:00:00Z' as timestamp_ntz)"
    assert rows(cursor, asked) == [("UTC", datetime(2026, 1, 2))]
    with sql.connect(
        server_hostname="127.0.0.1", http_path="/sql/1.0/warehouses/standin", access_token="none",
        _connection_uri=f"http://127.0.0.1:{port}/thrift", enable_telemetry=False,
        session_configuration={"timezone": "Asia/Tokyo"},
    ) as connection, connection.cursor() as elsewhere:  # fmt: skip
        assert rows(elsewhere, asked) == [("Asia/Tokyo", datetime(2026, 1, 2, 9))]


def test_tables_are_deltas_and_go_by_the_catalogs_name(cursor: Any) -> None:
    cursor.execute("create or replace table `main`.`lab`.`a` using delta as select 1 as x")
    cursor.execute(
        "merge into main.lab.a as d using (select 2 as x) as s on d.x = s.x "
        "when not matched then insert *"
    )
    cursor.execute(
        "create or replace view main.lab.v as select x, 'main.lab' as said from main.lab.a"
    )
    assert rows(cursor, "select * from main.lab.v order by x") == [(1, "main.lab"), (2, "main.lab")]
    assert rows(cursor, "select current_catalog() /* main.x */") == [("main",)]
    with pytest.raises(Error, match="CATALOG_NOT_FOUND"):
        cursor.execute("use catalog other")


def test_unity_catalog_knows_what_is_there(cursor: Any) -> None:
    cursor.execute("create or replace table main.lab.b (x decimal(9, 2), y array<struct<z: int>>)")
    found = rows(
        cursor,
        "select table_schema, table_type, data_source_format from "
        "`system`.`information_schema`.`tables` where table_catalog = 'main' and table_name = 'b'",
    )
    assert found == [("lab", "MANAGED", "DELTA")]
    ((described,),) = rows(cursor, "describe table extended main.lab.b as json")
    kinds = [column["type"] for column in json.loads(described)["columns"]]
    struct = {
        "name": "struct",
        "fields": [{"name": "z", "type": {"name": "int"}, "nullable": True}],
    }
    assert kinds == [
        {"name": "decimal", "precision": 9, "scale": 2},
        {"name": "array", "element_type": struct},
    ]


def test_grants_are_remembered(cursor: Any) -> None:
    cursor.execute("grant select on table main.lab.a to `census@example.com`")
    shown = rows(cursor, "show grants on table main.lab.a")
    assert shown == [("census@example.com", "SELECT", "TABLE", "main.lab.a")]
    cursor.execute("revoke select on table main.lab.a from `census@example.com`")
    assert rows(cursor, "show grants on table main.lab.a") == []


def test_files_of_a_volume_are_put_listed_got_and_removed(cursor: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(Error, match="VOLUME_NOT_FOUND"):
        cursor.execute(f"put '{tmp_path}/a.txt' into '/Volumes/main/lab/none/a.txt' overwrite")
    cursor.execute("create volume if not exists main.lab.files")
    cursor.execute(f"put '{tmp_path}/a.txt' into '/Volumes/main/lab/files/in/a.txt' overwrite")
    assert rows(cursor, "list '/Volumes/main/lab/files/in'")[0][:3] == (
        "/Volumes/main/lab/files/in/a.txt", "a.txt", "5",
    )  # fmt: skip
    cursor.execute(f"get '/Volumes/main/lab/files/in/a.txt' to '{tmp_path}/b.txt'")
    assert (tmp_path / "b.txt").read_text() == "hello"
    cursor.execute("remove '/Volumes/main/lab/files/in/a.txt'")
    assert rows(cursor, "list '/Volumes/main/lab/files/in'") == []


def test_what_java_unpacks_goes_with_the_stand_in(cursor: Any) -> None:
    asked = "select reflect('java.lang.System', 'getProperty', 'java.io.tmpdir')"
    ((folder,),) = rows(cursor, asked)
    assert Path(folder).parent.name.startswith("databricks_")


def test_a_statement_that_fails_says_why(cursor: Any) -> None:
    with pytest.raises(Error, match="TABLE_OR_VIEW_NOT_FOUND"):
        cursor.execute("select * from main.lab.nothing")


def test_a_notebook_imports_what_it_declares_and_nothing_else(
    port: int, cursor: Any, tmp_path: Path
) -> None:
    cursor.execute("create volume if not exists main.lab.code")
    contents = {"pyproject.toml": PROJECT, "backend.py": BACKEND, "told.py": "WHO = 'me'\n"}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        to = f"/Volumes/main/lab/code/told/{name}"
        cursor.execute(f"put '{tmp_path}/{name}' into '{to}' overwrite")
    source = (
        "import scipy, told\n"
        "def tell(frames):\n"
        "    import told\n"
        "    return (frame.assign(who=told.WHO) for frame in frames)\n"
        "told_by = spark.range(3).mapInPandas(tell, 'id bigint, who string')\n"
        "told_by.write.mode('overwrite').saveAsTable('`main`.`lab`.`told`')\n"
        "assert spark.table('main.lab.told').count() == 3\n"
        "assert spark.sql('select * from main.lab.told').count() == 3\n"
    )
    assert notebook(port, source, ["/Volumes/main/lab/code/told"]) == ("SUCCESS", "")
    assert rows(cursor, "select distinct who from main.lab.told") == [("me",)]
    for name in ("told", "sklearn", "ml", "duckdb"):
        state, trace = notebook(port, f"import {name}")
        assert (state, f"No module named '{name}'" in trace) == ("FAILED", True), name
    state, trace = notebook(port, "import scipy", ["no-such-thing"])
    assert "No matching distribution found for no-such-thing" in trace
    state, trace = notebook(port, "import told", ["/Volumes/main/lab/code/other"])
    assert "ERROR: /Volumes/main/lab/code/other cannot be installed" in trace


def test_functions_that_spark_runs_import_what_the_session_declares(port: int) -> None:
    source = (
        "def tell(frames):\n"
        "    import importlib.util, pandas\n"
        "    asked = ['ml', 'sklearn', 'duckdb', 'scipy', 'json']\n"
        "    for frame in frames:\n"
        "        found = [name for name in asked if importlib.util.find_spec(name)]\n"
        "        yield pandas.DataFrame({'name': found})\n"
        "rows = spark.range(1).mapInPandas(tell, 'name string').collect()\n"
        "assert {row.name for row in rows} == {'scipy', 'json'}, rows\n"
    )
    assert notebook(port, source, ["scipy"]) == ("SUCCESS", "")


def test_the_command_api_runs_cells_that_install_what_they_need(port: int) -> None:
    cell = "%pip install -q scipy\n\n# COMMAND ----------\n\ndbutils.library.restartPython()\n"
    asked = {"clusterId": "c", "contextId": "1", "command": f"{cell}import scipy\nprint('done')"}
    started = call(port, "1.2/commands/execute", asked)["id"]
    ended = call(port, f"1.2/commands/status?clusterId=c&contextId=1&commandId={started}")
    assert ended["results"] == {"resultType": "text", "data": "done\n"}
    started = call(port, "1.2/commands/execute", {**asked, "command": "1 / 0"})["id"]
    ended = call(port, f"1.2/commands/status?clusterId=c&contextId=1&commandId={started}")
    assert "ZeroDivisionError: division by zero" in ended["results"]["cause"]


def test_a_call_that_cannot_be_served_is_answered_all_the_same(port: int) -> None:
    with pytest.raises(HTTPError) as raised:
        call(port, "2.1/clusters/get")
    assert raised.value.code == 400
    assert json.load(raised.value)["message"].endswith("KeyError: 'cluster_id'")
    for method in ("GET", "PUT", "DELETE"):
        address = f"http://127.0.0.1:{port}/staging/Volumes/main/lab/none/a.txt"
        with pytest.raises(HTTPError) as raised:
            urlopen(Request(address, data=b"a" if method == "PUT" else None, method=method))
        assert raised.value.code == 404
        assert b"Volume 'main.lab.none' does not exist" in raised.value.read()


def test_serverless_tasks_take_their_libraries_from_the_environment(port: int) -> None:
    task = {"task_key": "it", "notebook_task": {"notebook_path": "/Shared/it"}}
    libraries = [{"pypi": {"package": "numpy"}}]
    with pytest.raises(HTTPError) as raised:
        call(port, "2.2/jobs/runs/submit", {"tasks": [{**task, "libraries": libraries}]})
    assert "not supported for serverless" in json.load(raised.value)["message"]
