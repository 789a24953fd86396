"""The Snowflake stand-in, by the unmodified connector."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from tests.emulators.snowflake.privileges import Privileges
from tools.stand_ins import running

PROCEDURE = """
with probe as procedure ()
returns string language python runtime_version = '3.11'
packages = ({packages}) {imports}
handler = 'main' execute as caller
as $$
{body}
$$
call probe()
"""


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Open a session of a role; of the administrator where it is empty."""

    @contextmanager
    def opened(role: str) -> Iterator[Any]:
        connection = snowflake.connector.connect(
            account="local", user="test", password="none", host="127.0.0.1", port=port,
            protocol="http", database="DEV", schema="CDP", role=role, warehouse="wh",
            socket_timeout=3,
        )  # fmt: skip
        with connection, connection.cursor() as cursor:
            yield cursor

    log = tmp_path_factory.mktemp("server") / "log"
    with running("snowflake", log, "--answer-within", "0.5") as port:
        yield opened


@pytest.fixture(scope="module")
def cursor(connect: Callable[[str], Any]) -> Iterator[Any]:
    with connect("") as opened:
        yield opened


def call(cursor: Any, body: str, packages: str = "'pandas'", imports: str = "") -> str:
    sql = PROCEDURE.format(body=body, packages=packages, imports=imports)
    return cursor.execute(sql).fetchone()[0]


def test_merge_updates_and_inserts(cursor: Any) -> None:
    cursor.execute("create or replace table kept (id int, name varchar)")
    cursor.execute("insert into kept values (1, 'old'), (2, 'same')")
    cursor.execute("create or replace temporary table DEV.CDP.new (id int, name varchar)")
    cursor.execute("insert into new values (1, 'new'), (3, 'more')")
    cursor.execute("""
        merge into DEV.CDP.kept as DBT_INTERNAL_DEST using DEV.CDP.new as DBT_INTERNAL_SOURCE
            on DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id
        when matched then update set name = DBT_INTERNAL_SOURCE.name
        when not matched then insert (id, name) values (id, name)
    """)
    cursor.execute("select id, name from kept order by id")
    assert cursor.fetchall() == [(1, "new"), (2, "same"), (3, "more")]


def test_a_temporary_table_ends_with_its_session(
    cursor: Any, connect: Callable[[str], Any]
) -> None:
    body = """
def main(session):
    session.sql("create or replace temporary table DEV.CDP.passing as select 2 as n").collect()
"""
    with connect("") as other:
        other.execute("create temporary table DEV.CDP.first as select 1 as n")
        other.execute("create or replace temporary table DEV.CDP.later as select 1 as n")
        other.execute("create or replace table DEV.CDP.later as select 3 as n")
        # A procedure works in its caller's session.
        call(other, body, packages="'snowflake-snowpark-python'")
        assert other.execute("select n from DEV.CDP.passing").fetchall() == [(2,)]
        with pytest.raises(ProgrammingError, match="would hide a permanent one"):
            other.execute("create temporary table DEV.CDP.later as select 4 as n")
    assert cursor.execute("select n from DEV.CDP.later").fetchall() == [(3,)]
    for name in ("first", "passing"):
        with pytest.raises(ProgrammingError, match="does not exist"):
            cursor.execute(f"select n from DEV.CDP.{name}")


def test_grants_are_shown_until_they_are_revoked(cursor: Any) -> None:
    cursor.execute("create or replace view audience as select 1 as one")
    cursor.execute("grant select on DEV.CDP.audience to census")
    cursor.execute("grant usage on schema DEV.CDP to role census")
    shown = cursor.execute("show grants on DEV.CDP.audience").fetchall()
    assert [(row[0], row[4]) for row in shown] == [("SELECT", "CENSUS")]
    assert len(cursor.execute("show grants to role census").fetchall()) == 2
    cursor.execute("revoke select on DEV.CDP.audience from census")
    assert cursor.execute("show grants on DEV.CDP.audience").fetchall() == []


def test_a_query_tag_holds_until_it_is_unset(cursor: Any) -> None:
    cursor.execute("alter session set query_tag = 'it''s ours'")
    shown = cursor.execute("show parameters like 'query_tag' in session").fetchall()
    assert [row[1] for row in shown] == ["it's ours"]
    cursor.execute("alter session unset query_tag")
    assert cursor.execute("show parameters like 'query_tag'").fetchone()[1] == ""


def test_a_procedure_imports_what_it_declares_and_nothing_else(cursor: Any) -> None:
    body = "def main(session):\n    import pandas, numpy\n    return pandas.__name__"
    assert call(cursor, body) == "pandas"
    for name in ("xgboost", "duckdb", "ml"):
        with pytest.raises(ProgrammingError, match=f"No module named '{name}'"):
            call(cursor, f"def main(session):\n    import {name}")
    with pytest.raises(ProgrammingError, match="package 'no-such-thing' is not available"):
        call(cursor, body, packages="'no-such-thing'")


def test_a_procedure_imports_staged_files(cursor: Any, tmp_path: Path) -> None:
    (tmp_path / "staged.py").write_text("NUMBER = 41\n")
    cursor.execute("create stage if not exists code")
    cursor.execute(f"put 'file://{tmp_path}/*.py' @code/lib/ auto_compress = false")
    body = "import staged\ndef main(session):\n    return staged.NUMBER + 1"
    assert call(cursor, body, imports="imports = ('@DEV.CDP.code/lib/staged.py')") == "42"
    with pytest.raises(ProgrammingError, match=r"Remote file '@code/absent.py' was not found"):
        call(cursor, body, imports="imports = ('@code/absent.py')")


def test_nothing_stays_of_a_procedures_files(cursor: Any) -> None:
    body = """
import tempfile
from pathlib import Path
def main(session):
    file = Path(tempfile.mkdtemp()) / "file"
    file.write_text("x")
    return file
"""
    assert not Path(call(cursor, body)).exists()


def test_a_procedure_fails_with_its_traceback(cursor: Any) -> None:
    with pytest.raises(ProgrammingError, match=r"(?s)line \d+, in main.*ZeroDivisionError"):
        call(cursor, "def main(session):\n    return 1 / 0")


def test_a_procedure_asks_for_a_python_that_this_project_runs_on(cursor: Any) -> None:
    def ask(version: str) -> str:
        sql = PROCEDURE.replace("'3.11'", version).format(
            body="def main(session):\n    return 'ran'", packages="'pandas'", imports=""
        )
        return cursor.execute(sql).fetchone()[0]

    assert [ask("3.11"), ask("'3.13'")] == ["ran", "ran"]
    with pytest.raises(ProgrammingError, match=r"Python 3\.10 is asked for; this stand-in runs"):
        ask("'3.10'")


def test_frames_do_not_fill_binary_columns(cursor: Any) -> None:
    cursor.execute("create or replace table raws (n int, raw binary)")
    body = """
import pandas
def main(session):
    session.write_pandas(pandas.DataFrame({"N": [1]}), "RAWS")
    session.write_pandas(pandas.DataFrame({"N": [2], "RAW": [b"\\x00"]}), "RAWS")
"""
    with pytest.raises(ProgrammingError, match=r"expecting BINARY.* got VARIANT for column RAW"):
        call(cursor, body)
    assert cursor.execute("select n, raw from raws").fetchall() == [(1, None)]


def test_frames_keep_their_types_and_lower_case_columns_are_refused(cursor: Any) -> None:
    cursor.execute("create or replace table frames (n int, arrived timestamp_ntz(6), raw varchar)")
    body = """
import pandas
def main(session):
    frame = pandas.DataFrame({"N": [1, None], "ARRIVED": pandas.to_datetime(["2026-01-02", None])})
    frame["RAW"] = ["AAE=", None]
    session.write_pandas(frame.astype({"N": "Int64"}), "FRAMES")
    session.write_pandas(frame.rename(columns=str.lower), "FRAMES")
"""
    with pytest.raises(ProgrammingError, match="would become case-sensitive: use upper case"):
        call(cursor, body)
    cursor.execute("select n, arrived::varchar, raw from frames order by n nulls last")
    assert cursor.fetchall() == [(1, "2026-01-02 00:00:00", "AAE="), (None, None, None)]


def test_base64_becomes_binary_in_a_new_table_too(cursor: Any) -> None:
    read = "select to_binary(column1, 'BASE64') as raw from values ('AAE='), (null)"
    assert cursor.execute(read).fetchall() == [(b"\x00\x01",), (None,)]
    cursor.execute(f'create or replace table raws ("RAW" binary) as select * from ({read})')
    assert cursor.execute("select raw from raws").fetchall() == [(b"\x00\x01",), (None,)]


def test_a_statement_that_outlasts_the_clients_patience_runs_once(cursor: Any) -> None:
    cursor.execute("create or replace table ran (moment timestamp_ntz)")
    body = """
import time
def main(session):
    session.sql("insert into ran select current_timestamp").collect()
    time.sleep(4)
    return "done"
"""
    assert call(cursor, body) == "done"
    assert cursor.execute("select count(*) from ran").fetchone() == (1,)


def test_null_timestamps_stay_null_in_arrow_and_pandas(cursor: Any) -> None:
    asked = "select column1::timestamp_ntz(6) as at from values ('2026-01-02 03:04:05.6'), (null)"
    moments = [datetime(2026, 1, 2, 3, 4, 5, 600_000), None]
    assert [at for (at,) in cursor.execute(asked).fetchall()] == moments
    table = cursor.execute(asked).fetch_arrow_all()
    assert table["AT"].cast(pa.timestamp("us")).to_pylist() == moments
    frame = cursor.execute(asked).fetch_pandas_all()
    assert list(frame["AT"].isna()) == [False, True]


def test_files_go_to_a_stage_and_come_back(cursor: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "back").mkdir()
    cursor.execute("create stage if not exists moved")
    cursor.execute(f"put 'file://{tmp_path}/a.txt' @moved/in/ auto_compress = false")
    (tmp_path / "b.txt").write_text("two")
    cursor.execute(f"put 'file://{tmp_path}/b.txt' @moved/in/ auto_compress = false")
    cursor.execute("copy files into @moved/out/ from @moved/in/ files = ('a.txt', 'c.txt')")
    cursor.execute("remove @moved/in/b.txt")
    listed = [row[0] for row in cursor.execute("list @moved").fetchall()]
    assert sorted(listed) == ["moved/in/a.txt", "moved/out/a.txt"]
    cursor.execute(f"get @moved/out/ file://{tmp_path}/back")
    assert (tmp_path / "back" / "a.txt").read_text() == "one"
    cursor.execute("remove @moved/out")
    assert [row[0] for row in cursor.execute("list @moved").fetchall()] == ["moved/in/a.txt"]


def test_a_statement_that_fails_fails_at_once(cursor: Any) -> None:
    with pytest.raises(ProgrammingError, match="does not exist"):
        cursor.execute("select * from DEV.CDP.nowhere")
    with pytest.raises(ProgrammingError):
        cursor.execute("select asof_join_of_no_such_function(1)")


def test_a_role_that_was_created_is_held_to_its_grants(
    cursor: Any, connect: Callable[[str], Any]
) -> None:
    for statement in (
        "create role reader",
        "create schema DEV.SHOWN",
        "create table DEV.SHOWN.base as select 7 as n",
        "create view DEV.SHOWN.one as select * from DEV.SHOWN.base",
        "grant usage on database DEV to role reader",
        "grant select on all views in schema DEV.SHOWN to role reader",
        "grant select on future views in schema DEV.SHOWN to role reader",
    ):
        cursor.execute(statement)
    with connect("reader") as reader:
        refused = pytest.raises(ProgrammingError, match="Insufficient privileges to operate on")
        for name, wanting in (("WAREHOUSE WH", "WH"), ("SCHEMA DEV.SHOWN", "DEV.SHOWN")):
            with refused as caught:
                reader.execute("select * from DEV.SHOWN.one")
            assert f"'{wanting}'" in str(caught.value)
            cursor.execute(f"grant usage on {name} to role reader")
        assert reader.execute("select * from DEV.SHOWN.one").fetchall() == [(7,)]
        cursor.execute("create or replace view DEV.SHOWN.one as select 8 as n")
        cursor.execute("create view DEV.SHOWN.two as select 9 as n")
        both = "with n as (select * from DEV.SHOWN.one, DEV.SHOWN.two) select * from n"
        assert reader.execute(both).fetchall() == [(8, 9)]
        for statement in (
            "select * from DEV.SHOWN.base",
            "select * from DEV.SHOWN.one where n in (select n from DEV.SHOWN.base)",
            "create view DEV.SHOWN.mine as select 1 as n",
            "create schema DEV.MINE",
            "delete from DEV.SHOWN.base",
            "drop view DEV.SHOWN.one",
            "grant select on DEV.SHOWN.one to role reader",
            "/* c */ create view DEV.SHOWN.mine as select 1 as n",
            "create secure view DEV.SHOWN.mine as select 1 as n",
            "-- c\ncreate schema DEV.MINE",
            "// c\ndrop view DEV.SHOWN.one",
            "/* grant */ revoke select on DEV.SHOWN.one from role reader",
            "grant select on all views in schema DEV.SHOWN to role reader",
            "revoke select on future views in schema DEV.SHOWN from role reader",
            "grant all privileges on database DEV to role reader",
        ):
            with refused:
                reader.execute(statement)
    cursor.execute("revoke select on DEV.SHOWN.one from role reader")
    cursor.execute("create or replace view DEV.SHOWN.two as select 9 as n")
    shown = cursor.execute("show grants to role reader").fetchall()
    assert [row[2] for row in shown if row[0] == "SELECT"] == ["DEV.SHOWN.TWO"]


def test_a_role_grants_on_all_views_of_a_schema_where_they_are_its_own(
    cursor: Any, connect: Callable[[str], Any]
) -> None:
    for statement in (
        "create role maker",
        "create schema DEV.MADE",
        "grant usage on database DEV to role maker",
        "grant usage, create view on schema DEV.MADE to role maker",
        "grant usage on warehouse WH to role maker",
    ):
        cursor.execute(statement)
    granting = "grant select on all views in schema DEV.MADE to role anybody"
    with connect("maker") as maker:
        maker.execute("create view DEV.MADE.own as select 1 as n")
        maker.execute(granting)
        cursor.execute("create view DEV.MADE.other as select 1 as n")
        with pytest.raises(ProgrammingError, match=r"operate on 'DEV\.MADE\.OTHER'"):
            maker.execute(granting)
    shown = cursor.execute("show grants to role anybody").fetchall()
    assert [row[2] for row in shown] == ["DEV.MADE.OWN"]


def test_grants_of_several_threads_are_all_kept() -> None:
    privileges, each = Privileges(), 300

    def build(thread: int) -> None:
        for n in range(each):
            privileges.created("VIEW", f"DEV.CDP.V{thread}_{n}", "MAKER")
            privileges.apply(f"grant select on view DEV.CDP.V{thread}_{n} to role READER")
            privileges.holds("READER", "SELECT", "DEV.CDP.NONE")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(build, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert len(privileges.show("show grants to role READER") or []) == 4 * each


def test_what_was_granted_on_an_object_goes_when_it_is_replaced(cursor: Any) -> None:
    cursor.execute("create or replace view DEV.CDP.passing as select 1 as one")
    cursor.execute("grant select on view DEV.CDP.passing to role anyone")
    assert len(cursor.execute("show grants on DEV.CDP.passing").fetchall()) == 1
    cursor.execute("create or replace view DEV.CDP.passing as select 1 as one")
    assert cursor.execute("show grants on DEV.CDP.passing").fetchall() == []
