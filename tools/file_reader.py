"""The project's reader of files on DuckDB, without a dbt run: its macros, and a connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import duckdb

from tools.rendering import Macros


class _Current:
    """The reader that reads at present: macros, once compiled, keep the names that they know."""

    reader: FileReader
    graph: ClassVar[dict[str, Any]] = {}


@cache
def all_macros() -> Macros:
    """The macros, compiled once for all readers."""
    return Macros("duckdb").knowing(
        run_query=lambda query: _Current.reader.run(query), graph=_Current.graph
    )


class FileReader:
    """Reads files as events are read, or as a table of which some columns are wanted.

    Parameters
    ----------
    wanted : sequence of str, optional
        The columns that a header may name; those of events where not given.
    """

    def __init__(self, wanted: Sequence[str] | None = None) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'; set threads = 2")
        self.queries: list[str] = []
        self._graph: dict[str, Any] = {}
        self.macros = all_macros()
        self.wanted = list(wanted or self.macros.wanted_event_columns())

    def source(self, path: Path | str) -> dict[str, Any]:
        """What `read_files` returns for a file, folder or glob."""
        _Current.reader = self
        _Current.graph.clear()
        _Current.graph.update(self._graph)
        files = self.macros.data_files(str(path))
        source = self.macros.read_files(files, str(path), self.wanted)
        self._graph = dict(_Current.graph)
        return source

    def rows(self, path: Path | str, columns: str, order: str = "1") -> list[tuple[Any, ...]]:
        """Columns of all rows, in the order of the first column or another."""
        query = f"select {columns} from {self.source(path)['relation']} order by {order}"
        return self.connection.execute(query).fetchall()

    def types(self, path: Path | str) -> dict[str, str]:
        """The types of the columns."""
        return {name: c["type"] for name, c in self.source(path)["columns"].items()}

    def run(self, query: str) -> SimpleNamespace:
        """What `run_query` returns."""
        self.queries.append(query)
        return SimpleNamespace(rows=self.connection.execute(query).fetchall())
