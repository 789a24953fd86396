"""The gateway: takes each statement before fakesnow's server does."""

from __future__ import annotations

import gzip
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import fakesnow.server
import sqlglot.errors
from fakesnow.dialect import parse_one
from snowflake.connector.errors import Error, ProgrammingError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.emulators.snowflake import (
    enforcement,
    privileges,
    procedures,
    rewrites,
    stages,
    statements,
)
from tests.emulators.snowflake.temporaries import Temporaries

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOGIN = "/session/v1/login-request"
QUERIES = "/queries/v1/query-request"
SESSION = "/session"
# Not Snowflake's: what was run, for tests to look at.
HISTORY = "/emulator/history"
_LOAD = re.compile(
    r"^-- load\n(?P<verb>CREATE OR REPLACE TABLE|INSERT INTO) (?P<relation>.+)"
    r" FROM '(?P<files>.+)'$"
)


class Gateway:
    """An ASGI application in front of `fakesnow.server.app`.

    Parameters
    ----------
    port : int
        Where it is served, for the sessions of procedures.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.history: deque[dict[str, str]] = deque(maxlen=10_000)
        self._procedures: dict[str, statements.Procedure] = {}
        self._privileges = privileges.Privileges()
        self._temporaries = Temporaries()
        self._tags: dict[str, str] = {}
        # Role and warehouse of each session.
        self._asked_for: dict[str, tuple[str, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == HISTORY:
            await JSONResponse(list(self.history))(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == QUERIES:
            await self._query(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == LOGIN:
            await self._login(scope, receive, send)
        else:
            if scope["type"] == "http" and scope["path"] == SESSION:
                await run_in_threadpool(self._end, Request(scope))
            await fakesnow.server.app(scope, receive, send)

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the role and the warehouse that a session asks for; fakesnow knows of neither."""
        answered = bytearray()

        async def keep(message: MutableMapping[str, Any]) -> None:
            answered.extend(message.get("body", b""))

        await fakesnow.server.app(scope, receive, keep)
        answer = json.loads(answered)
        asked = parse_qs(scope["query_string"].decode())
        token = answer["data"]["token"]
        role, warehouse = (asked.get(name, [""])[0] for name in ("roleName", "warehouse"))
        self._asked_for[token] = (privileges.kept(role), privileges.kept(warehouse))
        # Without one, the connector does not say that it closes a session.
        answer["data"]["masterToken"] = token
        await JSONResponse(answer)(scope, receive, send)

    def _end(self, request: Request) -> None:
        """Forget a session that is closed, and drop what is temporary."""
        if not request.query_params.get("delete"):
            return
        token = fakesnow.server.to_token(request)
        if token in fakesnow.server.sessions:
            for name in self._temporaries.end(token, fakesnow.server.to_conn(token)):
                self._privileges.dropped(name)
        self._tags.pop(token, None)
        self._asked_for.pop(token, None)

    def _session(self, token: str) -> enforcement.Session:
        role, warehouse = self._asked_for.get(token, ("", ""))
        session = fakesnow.server.to_conn(token)
        return enforcement.Session(role, warehouse, session.database or "", session.schema or "")

    async def _query(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        asked = json.loads(body)
        try:
            token = fakesnow.server.to_token(request)
            session = self._session(token)
            plain = statements.without_query_comment(asked["sqlText"])
            await run_in_threadpool(enforcement.check, plain, session, self._privileges)
            moved = stages.transfer(plain, session.database, session.schema)
            if moved:
                await JSONResponse({"data": moved, "success": True})(scope, receive, send)
                return
            asked["sqlText"] = await run_in_threadpool(
                self.translate, asked["sqlText"], token, bool(asked.get("describeOnly"))
            )
        # Whatever it is, it is answered: the connector repeats a request that is not, for minutes.
        except Exception as error:
            await _failed(error)(scope, receive, send)
            return
        await fakesnow.server.app(*_forwarded(scope, asked, send))

    def translate(self, sql: str, token: str, describe_only: bool = False) -> str:
        """Do what fakesnow cannot, and return the statement that it is to run.

        Parameters
        ----------
        sql
            As the client sent it.
        token
            Of the client's session.
        describe_only
            Whether the client asks for the columns of the result only.
        """
        plain = statements.without_query_comment(sql)
        if describe_only:
            return rewrites.rewrite(plain)
        self.history.append({"query_tag": self._tags.get(token, ""), "sql": sql})
        answered = self._answered(plain, token)
        if answered is not None:
            return answered
        try:
            return rewrites.rewrite(plain)
        except sqlglot.errors.ParseError:
            return plain  # fakesnow says what is wrong with it

    def _answered(self, sql: str, token: str) -> str | None:
        tag = statements.read_query_tag(sql)
        if tag is not None:
            self._tags[token] = tag
            return _said("Statement executed successfully.")
        if statements.shows_query_tag(sql):
            value = self._tags.get(token, "").replace("'", "''")
            return f"""select 'QUERY_TAG' as "key", '{value}' as "value", '' as "default" """
        session = self._session(token)
        rows = self._privileges.show(sql, session.database, session.schema)
        if rows is not None:
            return privileges.as_select(rows)
        if self._privileges.apply(sql, session.database, session.schema):
            return _said("Statement executed successfully.")
        self._keep_track(sql, token, session)
        changed = stages.change(sql, session.database, session.schema)
        if changed is not None:
            return " union all ".join(_said(name) for name in changed) or _said("")
        if rewrites.is_merge(sql):
            return self._merge(sql, token)
        if loaded := _LOAD.match(sql):
            return self._load(loaded["verb"], loaded["relation"], loaded["files"], token)
        return self._procedure(sql, token)

    def _keep_track(self, sql: str, token: str, session: enforcement.Session) -> None:
        temporary, dropped = enforcement.made_and_dropped(sql, session)
        if temporary:
            self._temporaries.note(*temporary, token, fakesnow.server.to_conn(token))
        if dropped:
            self._temporaries.forget(dropped)
        enforcement.remember(sql, session, self._privileges)

    def _procedure(self, sql: str, token: str) -> str | None:
        defined = statements.read_procedure(sql)
        if defined:
            if defined.name:
                self._procedures[defined.name] = defined
            if not defined.called:
                return _said(f"Function {defined.name} successfully created.")
        called = statements.read_call(sql)
        if called:
            defined = self._procedures.get(called)
            if defined is None:
                raise ProgrammingError(
                    msg=f"SQL compilation error:\nUnknown function {called}.",
                    errno=2140,
                    sqlstate="42601",
                )
        if defined:
            caller = self._session(token)
            return _said(procedures.run(defined, port=self.port, token=token, caller=caller))
        dropped = statements.read_drop(sql)
        if dropped:
            self._procedures.pop(dropped, None)
            return _said(f"{dropped} successfully dropped.")
        return None

    def _merge(self, sql: str, token: str) -> str:
        """Run a MERGE as DuckDB's own; fakesnow takes it apart, and trips over dbt's."""
        with fakesnow.server.to_conn(token).cursor() as cursor:
            statement = cursor._transform(parse_one(rewrites.rewrite(sql)), None)
            done = cursor._duck_conn.execute(statement.sql(dialect="duckdb")).fetchone()
        changed = done[0] if done else 0
        return f'select {changed} as "number of rows inserted", 0 as "number of rows updated"'

    def _load(self, verb: str, relation: str, files: str, token: str) -> str:
        """Make or extend a table from Parquet files; entity columns become VARIANT."""
        session = fakesnow.server.to_conn(token)
        with session.cursor() as cursor:
            duckdb = cursor._duck_conn
            described = duckdb.execute(f"describe select * from '{files}'").fetchall()
            columns = []
            for name, *_ in described:
                entity = name.lower().startswith(("contexts_", "unstruct_"))
                value = f'cast("{name}" as json)' if entity else f'"{name}"'
                columns.append(f'{value} as "{name.upper()}"')
            if verb == "INSERT INTO":
                _refuse_binary(duckdb.execute(f"describe {relation}").fetchall(), columns)
            made = " by name" if verb == "INSERT INTO" else " as"
            duckdb.execute(f"{verb} {relation}{made} select {', '.join(columns)} from '{files}'")
        return _said(f"Table {relation} successfully loaded.".replace('"', ""))


def _refuse_binary(described: list[tuple[str, ...]], columns: list[str]) -> None:
    """Refuse what COPY INTO does of Parquet: values are VARIANT, and no VARIANT becomes BINARY."""
    for name, kind, *_ in described:
        if kind == "BLOB" and any(column.endswith(f' as "{name}"') for column in columns):
            raise ProgrammingError(
                msg="SQL compilation error:\nExpression type does not match column data type, "
                f"expecting BINARY(8388608) but got VARIANT for column {name}",
                errno=2023,
                sqlstate="22000",
            )


def _said(text: str) -> str:
    return "select '" + text.replace("'", "''") + "' as status"


def _failed(error: Exception) -> JSONResponse:
    """Answer as Snowflake does for a statement that fails."""
    if not isinstance(error, Error):
        text = f"stand-in: {type(error).__name__}: {error}"
        error = ProgrammingError(msg=text, errno=1003, sqlstate="42000")
    code = f"{error.errno or 0:06d}"
    data = {"errorCode": code, "sqlState": error.sqlstate}
    return JSONResponse({"data": data, "code": code, "message": error.msg, "success": False})


def _forwarded(scope: Scope, asked: dict[str, Any], send: Send) -> tuple[Scope, Receive, Send]:
    """Make the request that fakesnow gets, and turn its crashes into failed statements.

    The connector retries a status of 500 for minutes, and dbt cannot make it stop.
    """
    body = json.dumps(asked).encode()
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-encoding", b"content-length")
    ]
    headers.append((b"content-length", str(len(body)).encode()))

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def answer(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 500:
            message = {**message, "status": 200}
        await send(message)

    return {**scope, "headers": headers}, receive, answer
