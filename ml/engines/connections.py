"""A warehouse opened outside a dbt run: a DuckDB file, or a target of a profile."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import click
import pandas as pd
import pyarrow as pa


class WarehouseError(ValueError):
    """The warehouse cannot be opened, or lacks what is asked for; the message says what to do."""


class Cursor(Protocol):
    """What is used of a DB-API cursor."""

    @property
    def description(self) -> Any: ...  # noqa: ANN401, D102

    def execute(self, operation: str, /) -> Any: ...  # noqa: ANN401, D102

    def fetchall(self) -> Any: ...  # noqa: ANN401, D102


class Connection(Protocol):
    """What is used of a DB-API connection."""

    def cursor(self) -> Any: ...  # noqa: ANN401, D102

    def close(self) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Reader:
    """Reads tables that dbt built.

    Parameters
    ----------
    connection
        Open.
    name
        What it reads, for messages.
    qualified
        Name of a table of ours -> as the warehouse's SQL spells it.
    engine
        dbt's type of the target: `duckdb`, `snowflake` or `databricks`.
    """

    connection: Connection
    name: str
    qualified: Callable[[str], str] = str
    engine: str = "duckdb"

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def columns(self, table: str) -> list[str]:
        """Column names in lower case; none if there is no such table."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(f"select * from {self.qualified(table)} where 1 = 0")
        except Exception as error:  # every driver has its own
            if not _is_absent(error):
                raise
            return []
        return [str(column[0]).lower() for column in cursor.description]

    def table(self, name: str, leave_out: tuple[str, ...] = ()) -> pd.DataFrame:
        """Read a table, apart from some columns; an empty frame if there is none.

        Returns
        -------
        DataFrame
            Of Python's own values, nulls as None.
        """
        columns = [column for column in self.columns(name) if column not in leave_out]
        if not columns:
            return pd.DataFrame()
        rows = self._rows(name, columns)
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def rows(
        self, name: str, columns: list[str], *, where: str = "", order: str = "", limit: int = 0
    ) -> pd.DataFrame:
        """Read rows of a table, with the types that `ml` is given of them inside a dbt run.

        Parameters
        ----------
        name
            The table.
        columns
            Which, in lower case.
        where, order
            SQL; none by default.
        limit
            Rows at most; 0: all.
        """
        clauses = [f"where {where}"] * bool(where) + [f"order by {order}"] * bool(order)
        clauses += [f"limit {limit}"] * bool(limit)
        rows = self._rows(name, columns, " ".join(clauses))
        values = zip(*rows, strict=True) if rows else ([] for _ in columns)
        arrays = [pa.array(list(column)) for column in values]
        return pa.Table.from_arrays(arrays, names=columns).to_pandas()

    def _rows(self, name: str, columns: list[str], clauses: str = "") -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.execute(f"select {', '.join(columns)} from {self.qualified(name)} {clauses}")
        return [tuple(map(_plain, row)) for row in cursor.fetchall()]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which warehouse it reads; `opened` takes them."""
    for option in reversed(
        (
            click.option(
                "--warehouse",
                envvar="CDP_DUCKDB",
                show_envvar=True,
                type=click.Path(path_type=Path),
                help="DuckDB file that dbt build has filled; by default warehouse.duckdb.",
            ),
            click.option(
                "--target",
                envvar="CDP_TARGET",
                show_envvar=True,
                help="Instead of a file: a target of profiles.yml, e.g. snowflake.",
            ),
            click.option(
                "--profiles-dir",
                envvar="DBT_PROFILES_DIR",
                default=".",
                show_default=True,
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder of profiles.yml.",
            ),
            click.option(
                "--project-dir",
                envvar="DBT_PROJECT_DIR",
                default=".",
                show_default=True,
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder of dbt_project.yml.",
            ),
        )
    ):
        command = option(command)
    return command


def opened(
    warehouse: Path | None,
    target: str | None,
    profiles_dir: Path,
    project_dir: Path,
    *,
    read_only: bool = True,
) -> Reader:
    """Open what `options` ask for: a target if one is named, else a file.

    Parameters
    ----------
    warehouse, target, profiles_dir, project_dir
        Of `options`.
    read_only
        As of `open_duckdb`.

    Raises
    ------
    WarehouseError
        As of `open_target` and `open_duckdb`.
    """
    given = click.get_current_context().get_parameter_source("warehouse")
    if target and given is not click.core.ParameterSource.COMMANDLINE:
        return open_target(target, profiles_dir, project_dir, read_only=read_only)
    return open_duckdb(warehouse or Path("warehouse.duckdb"), read_only=read_only)


def open_duckdb(path: Path, *, read_only: bool = True) -> Reader:
    """Open a DuckDB file.

    Parameters
    ----------
    path
        The file.
    read_only
        Else no other process may have it open.

    Raises
    ------
    WarehouseError
        No such file, or another process writes to it.
    """
    try:
        import duckdb
    except ImportError as error:
        msg = "DuckDB is not installed; pip install 'cdp-propensity[duckdb]'."
        raise WarehouseError(msg) from error
    if not path.exists():
        msg = (
            f"{path}: no such file. Run `dbt build` first, or name another with --warehouse, or "
            "a target of profiles.yml with --target."
        )
        raise WarehouseError(msg)
    try:
        return Reader(duckdb.connect(str(path), read_only=read_only), str(path))
    except duckdb.Error as error:
        how = "read" if read_only else "written to"
        msg = f"{path} cannot be {how} ({str(error).splitlines()[0]}). Is a build running on it?"
        raise WarehouseError(msg) from error


def open_target(
    target: str, profiles_dir: Path, project_dir: Path, *, read_only: bool = True
) -> Reader:
    """Open what dbt would build into, by dbt's own adapter.

    Parameters
    ----------
    target
        One of the project's profile.
    profiles_dir, project_dir
        Where `profiles.yml` and `dbt_project.yml` are.
    read_only
        As of `open_duckdb`; adapters' connections can do what their role may.

    Raises
    ------
    WarehouseError
        dbt or the adapter is not installed, the profile has no such target, or the warehouse
        refuses the connection.
    """
    try:
        from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
        from dbt.config.runtime import RuntimeConfig, load_profile, load_project
        from dbt.flags import set_from_args
        from dbt.mp_context import get_mp_context
        from dbt_common.context import set_invocation_context
        from dbt_common.events.event_manager_client import cleanup_event_logger
        from dbt_common.exceptions import DbtBaseException
    except ImportError as error:
        msg = f"dbt is not installed; pip install 'cdp-propensity[{target}]'."
        raise WarehouseError(msg) from error

    root = str(project_dir.resolve())
    asked = Namespace(
        profiles_dir=str(profiles_dir.resolve()), project_dir=root, target=target, profile=None,
        vars={}, threads=1, which="show", send_anonymous_usage_stats=False,
    )  # fmt: skip
    try:
        cleanup_event_logger()  # errors are told below
        set_invocation_context(os.environ)
        set_from_args(asked, None)
        profile = load_profile(root, {}, None, target)
        if profile.credentials.type == "duckdb":
            path = project_dir / str(getattr(profile.credentials, "path", ""))
            return open_duckdb(path, read_only=read_only)
        project = load_project(root, False, profile, {})
        config = RuntimeConfig.from_parts(project, profile, asked)
        reset_adapters()
        register_adapter(config, get_mp_context())
        adapter: Any = get_adapter(config)
        connection = _Adapter(adapter)
        connection.cursor().execute("select 1 as one")
    except DbtBaseException as error:
        msg = f"target {target} cannot be opened: {str(error).strip()}"
        raise WarehouseError(msg) from error

    credentials = profile.credentials

    def qualified(table: str) -> str:
        relation = adapter.Relation.create(
            database=credentials.database, schema=credentials.schema, identifier=table,
            quote_policy=config.quoting,
        )  # fmt: skip
        return relation.render()

    return Reader(connection, f"target {target}", qualified, credentials.type)


class _Adapter:
    """A connection of dbt's adapter, as a DB-API one."""

    def __init__(self, adapter: Any) -> None:  # noqa: ANN401 - of any of dbt's
        self._connections = adapter.connections
        self._connections.set_connection_name("cdp")

    def cursor(self) -> _AdapterCursor:
        return _AdapterCursor(self._connections)

    def close(self) -> None:
        self._connections.cleanup_all()


class _AdapterCursor:
    def __init__(self, connections: Any) -> None:  # noqa: ANN401
        self._connections = connections
        self._cursor: Any = None

    @property
    def description(self) -> Any:  # noqa: ANN401
        return self._cursor.description

    def execute(self, operation: str) -> None:
        _, self._cursor = self._connections.add_query(operation, auto_begin=False)

    def fetchall(self) -> Any:  # noqa: ANN401
        return self._cursor.fetchall()


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any driver
    """Numbers as Python's own; moments in UTC, without saying so."""
    if isinstance(value, Decimal):
        return float(value) if value.as_tuple().exponent else int(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _is_absent(error: Exception) -> bool:
    text = str(error).lower()
    return any(
        words in text for words in ("does not exist", "not found", "not_found", "cannot be found")
    )
