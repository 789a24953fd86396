"""Engines that run rendered SQL on small tables of events, and return rows as dicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

import duckdb

from tests.pipeline import local_spark
from tools.reference import PROPERTIES, Event, Moment

TYPES = {"has_media_player": "boolean", "se_value": "double"}
US = "epoch_us_of_row"


class Engine(Protocol):
    """Runs SQL in one dialect."""

    name: str
    dialect: str
    portable: bool

    def load(self, events: Sequence[Event], moments: Sequence[Moment], as_of_us: int) -> None:
        """Make the tables events, moments and as_of."""
        ...

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows by column name, decimals and timestamps left out or made numbers."""
        ...


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _tables(
    events: Sequence[Event], moments: Sequence[Moment], as_of_us: int, timestamp: str, text: str
) -> Iterator[str]:
    """Statements that make the three tables from literals; `timestamp` is a format of `US`."""
    casts = ", ".join(f"cast({name} as {TYPES.get(name, text)}) as {name}" for name in PROPERTIES)
    values = ", ".join(
        "(" + ", ".join(_literal(getattr(event, name)) for name in [*PROPERTIES, "us"]) + ")"
        for event in events
    )
    yield (
        f"create or replace table events as select {casts}, {timestamp.format(US)} as event_tstamp"
        f" from (values {values}) as given ({', '.join(PROPERTIES)}, {US})"
    )
    values = ", ".join(f"({_literal(m.domain_userid)}, {m.us})" for m in moments)
    yield (
        f"create or replace table moments as select cast(domain_userid as {text}) as domain_userid,"
        f" {timestamp.format(US)} as as_of_tstamp"
        f" from (values {values}) as given (domain_userid, {US})"
    )
    yield f"create or replace table as_of as select {timestamp.format(as_of_us)} as as_of_tstamp"


def plain(value: Any) -> Any:
    """A value as Python's own type, whatever the engine's client made of it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


class DuckDB:
    """DuckDB, by its own way or by the portable one."""

    dialect = "duckdb"

    def __init__(self, *, portable: bool) -> None:
        self.name = "duckdb, portable" if portable else "duckdb"
        self.portable = portable
        self._connection = duckdb.connect()
        self._connection.execute("set asof_loop_join_threshold = 0")

    def load(self, events: Sequence[Event], moments: Sequence[Moment], as_of_us: int) -> None:
        for statement in _tables(events, moments, as_of_us, "make_timestamp({})", "varchar"):
            self._connection.execute(statement)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        done = self._connection.execute(sql)
        names = [column[0] for column in done.description or []]
        return [dict(zip(names, map(plain, row), strict=True)) for row in done.fetchall()]


class Spark:
    """OSS Spark, which Databricks builds on."""

    name = "spark"
    dialect = "databricks"
    portable = False

    def __init__(self, session: Any) -> None:
        self._session = session

    def load(self, events: Sequence[Event], moments: Sequence[Moment], as_of_us: int) -> None:
        def stamped(rows: list[tuple[Any, ...]], schema: str, view: str, column: str) -> None:
            frame = self._session.createDataFrame(rows, schema)
            stamp = f"cast(timestamp_micros({US}) as timestamp_ntz) as {column}"
            frame.selectExpr("*", stamp).drop(US).createOrReplaceTempView(view)

        kinds = ", ".join(f"{name} {TYPES.get(name, 'string')}" for name in PROPERTIES)
        rows = [tuple(getattr(event, name) for name in [*PROPERTIES, "us"]) for event in events]
        stamped(rows, f"{kinds}, {US} long", "events", "event_tstamp")
        rows = [(moment.domain_userid, moment.us) for moment in moments]
        stamped(rows, f"domain_userid string, {US} long", "moments", "as_of_tstamp")
        stamped([(as_of_us,)], f"{US} long", "as_of", "as_of_tstamp")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return [
            {name: plain(value) for name, value in row.asDict().items()}
            for row in self._session.sql(sql).collect()
        ]


class Snowflake:
    """fakesnow, in process: Snowflake's dialect on DuckDB."""

    name = "fakesnow"
    dialect = "snowflake"
    portable = False

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def load(self, events: Sequence[Event], moments: Sequence[Moment], as_of_us: int) -> None:
        with self._connection.cursor() as cursor:
            for statement in _tables(
                events, moments, as_of_us, "to_timestamp_ntz({}, 6)", "varchar"
            ):
                cursor.execute(statement)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name.lower() for column in cursor.description]
            return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]


@contextmanager
def spark() -> Iterator[Spark]:
    """A local Spark session whose time zone is UTC."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        # The tables are tiny: compiling a plan takes far longer than interpreting it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .getOrCreate()
    )
    try:
        yield Spark(session)
    finally:
        local_spark.stop(session)


@contextmanager
def snowflake() -> Iterator[Snowflake]:
    """A database and schema on fakesnow."""
    import fakesnow
    import snowflake.connector

    with fakesnow.patch():
        connection = snowflake.connector.connect(database="cdp", schema="main")
        yield Snowflake(connection)
        connection.close()
