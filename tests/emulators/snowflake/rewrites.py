"""Statements that Snowflake takes and fakesnow does not, spelt so that it does."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from tests.emulators.comments import LEADING

_NEEDED = re.compile(
    rf"^{LEADING}(?:merge\b|create\s+(?:or\s+replace\s+)?(?:scoped\s+)?temp)"
    r"|\bfrom\s+values\b|\bto_binary\s*\(",
    re.IGNORECASE,
)
_MERGE = re.compile(rf"^{LEADING}merge\b", re.IGNORECASE)


def is_merge(sql: str) -> bool:
    """Tell a MERGE."""
    return _MERGE.match(sql) is not None


def rewrite(sql: str) -> str:
    """Spell a statement the way fakesnow takes it; unchanged where it does already.

    - A temporary table or view with a schema in its name becomes an ordinary one: DuckDB keeps
      temporary ones in a schema of their own. `temporaries` drops it with its session.
    - `select $1 from values (…)`, as Snowpark sends it, names the columns.
    - `to_binary(…, 'BASE64')` is DuckDB's: fakesnow does not find it in CREATE TABLE AS.
    - In MERGE, a bare column of the insert's values is the source's.
    """
    if not _NEEDED.search(sql):
        return sql
    statement = sqlglot.parse_one(sql, read="snowflake")
    _make_permanent(statement)
    _name_values(statement)
    _read_base64(statement)
    if isinstance(statement, exp.Merge):
        _qualify_inserts(statement)
    return statement.sql(dialect="snowflake")


def _make_permanent(statement: exp.Expr) -> None:
    for create in statement.find_all(exp.Create):
        properties, table = create.args.get("properties"), create.find(exp.Table)
        if create.kind in ("TABLE", "VIEW") and properties and table and table.db:
            kept = [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)]
            properties.set("expressions", kept)


def _name_values(statement: exp.Expr) -> None:
    for select in statement.find_all(exp.Select):
        source = select.args.get("from_")
        if source and isinstance(source.this, exp.Values):
            for parameter in list(select.find_all(exp.Parameter)):
                parameter.replace(exp.column(f"COLUMN{parameter.name}", quoted=True))


def _read_base64(statement: exp.Expr) -> None:
    for call in list(statement.find_all(exp.ToBinary)):
        if call.text("format").upper() == "BASE64":
            call.replace(exp.Anonymous(this="FROM_BASE64", expressions=[call.this]))


def _qualify_inserts(merge: exp.Merge) -> None:
    source = exp.to_identifier(merge.args["using"].alias_or_name)
    for when in merge.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            for column in then.expression.find_all(exp.Column):
                if not column.table:
                    column.set("table", source.copy())
