"""Temporary tables and views with a schema in their names: ordinary ones, until a session ends.

DuckDB would keep them in a schema of their own. Other sessions see them while they last.
"""

from __future__ import annotations

from contextlib import suppress

from fakesnow.fakes import FakeSnowflakeConnection
from snowflake.connector.errors import ProgrammingError


class Temporaries:
    """Which session made what is dropped when it ends."""

    def __init__(self) -> None:
        # Qualified name -> kind, and the token of the session that made it last.
        self._made: dict[str, tuple[str, str]] = {}

    def note(self, kind: str, name: str, token: str, session: FakeSnowflakeConnection) -> None:
        """Remember what a session is about to make.

        Raises
        ------
        snowflake.connector.errors.ProgrammingError
            There is a permanent one by that name; Snowflake would hide it, and here it would go.
        """
        if name not in self._made and _is_there(name, session):
            raise ProgrammingError(
                msg=f"stand-in: temporary {kind} {name} would hide a permanent one: rename it",
                errno=2002,
                sqlstate="42710",
            )
        self._made[name] = (kind, token)

    def forget(self, name: str) -> None:
        """Leave alone what was dropped, or is permanent from now on."""
        self._made.pop(name, None)

    def end(self, token: str, session: FakeSnowflakeConnection) -> list[str]:
        """Drop what a session made, and name it."""
        ended = [(name, kind) for name, (kind, by) in list(self._made.items()) if by == token]
        with session.cursor() as cursor:
            for name, kind in ended:
                del self._made[name]
                with suppress(ProgrammingError):  # its schema is gone
                    cursor.execute(f"drop {kind} if exists {_quoted(name)}")
        return [name for name, _ in ended]


def _is_there(name: str, session: FakeSnowflakeConnection) -> bool:
    with session.cursor() as cursor:
        found = cursor._duck_conn.execute(
            "select count(*) from information_schema.tables "
            "where concat_ws('.', table_catalog, table_schema, table_name) = ?",
            [name],
        ).fetchone()
    return bool(found and found[0])


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))
