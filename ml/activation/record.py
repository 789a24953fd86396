"""The table `census_sync_runs`: what became of each sync, only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ml.engines.connections import Reader

TABLE = "census_sync_runs"
# Column -> type: text, timestamp, integer, float, boolean.
COLUMNS = {
    "activation_id": "text",
    "recorded_tstamp": "timestamp",
    "sync_id": "integer",
    "sync_run_id": "integer",
    "audiences": "text",
    "outcome": "text",
    "reason": "text",
    "was_in_doubt": "boolean",
    "status": "text",
    "is_canceled": "boolean",
    "is_full_sync": "boolean",
    "error_code": "text",
    "num_source": "integer",
    "num_processed": "integer",
    "num_updated": "integer",
    "num_failed": "integer",
    "num_invalid": "integer",
    "failed_share": "float",
    "created_tstamp": "timestamp",
    "completed_tstamp": "timestamp",
    "api_version": "text",
    "dbt_invocation_id": "text",
}
# As macros/cross_db/column_type.sql has them.
_TYPES = {
    "duckdb": {"text": "varchar", "timestamp": "timestamp"},
    "snowflake": {"text": "varchar", "timestamp": "timestamp_ntz(6)"},
    "databricks": {"text": "string", "timestamp": "timestamp_ntz"},
}
_SHARED = {"integer": "bigint", "float": "double", "boolean": "boolean"}


def record(warehouse: Reader, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to the table, which is created if it is absent.

    Parameters
    ----------
    warehouse
        Open for writing.
    rows
        Values by column.
    """
    cursor = warehouse.connection.cursor()
    for statement in statements(warehouse.engine, warehouse.qualified(TABLE), rows):
        cursor.execute(statement)


def statements(engine: str, table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Write the SQL of `record`: one statement for all rows, so that all or none are added.

    Parameters
    ----------
    engine
        `duckdb`, `snowflake` or `databricks`.
    table
        As the engine spells it.
    rows
        Values by column.
    """
    columns = ", ".join(f"{name} {_type(engine, kind)}" for name, kind in COLUMNS.items())
    selects = [
        "select " + ", ".join(literal(engine, kind, row[name]) for name, kind in COLUMNS.items())
        for row in rows
    ]
    return [
        f"create table if not exists {table} ({columns})",
        f"insert into {table} ({', '.join(COLUMNS)}) {' union all '.join(selects)}",
    ]


def literal(engine: str, kind: str, value: Any) -> str:  # noqa: ANN401 - of a kind
    """Write a value as SQL of its column's type. Nothing of a text is read as SQL.

    Examples
    --------
    >>> print(literal("duckdb", "text", "it's over"))
    cast('it''s over' as varchar)
    >>> print(literal("databricks", "integer", 3))
    cast(3 as bigint)
    """
    if value is None:
        text = "null"
    elif kind == "text":
        text = _quoted(engine, str(value))
    elif kind == "timestamp":
        text = f"'{datetime.isoformat(value, ' ', 'microseconds')}'"
    elif kind == "boolean":
        text = "true" if value else "false"
    elif kind == "integer":
        text = str(int(value))
    else:
        text = repr(float(value))
    return f"cast({text} as {_type(engine, kind)})"


def _quoted(engine: str, text: str) -> str:
    """As macros/cross_db/sql_literal.sql: all but DuckDB read a backslash as an escape."""
    text = "".join(c if c.isprintable() else " " for c in text)
    if engine == "duckdb":
        return "'" + text.replace("'", "''") + "'"
    text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "\\'" if engine == "databricks" else "''") + "'"


def _type(engine: str, kind: str) -> str:
    return _SHARED.get(kind) or _TYPES[engine][kind]
