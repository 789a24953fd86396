"""SQL as it comes: what Unity Catalog and Volumes would answer, and the rest by Spark."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from tests.emulators.comments import LEADING, TRAILING
from tests.emulators.databricks.information_schema import InformationSchema
from tests.emulators.databricks.privileges import Privileges
from tests.emulators.databricks.volumes import Volumes

# Strings, and comments, are left as they are; backticks quote names.
_PARTS = re.compile(
    r"(?P<kept>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/)", re.DOTALL
)


@dataclass(frozen=True)
class Answer:
    """A statement's result.

    Parameters
    ----------
    table : pyarrow.Table
        All rows.
    types : list of str
        Spark's name of each column's type.
    is_staging : bool
        Whether the client is to move a file, as the row says.
    """

    table: pa.Table
    types: list[str]
    is_staging: bool = False


def texts(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Answer:
    """Answer rows of text."""
    values = [
        pa.array([None if row[n] is None else str(row[n]) for row in rows], pa.string())
        for n in range(len(columns))
    ]
    return Answer(pa.Table.from_arrays(values, names=list(columns)), ["string"] * len(columns))


class Statements:
    """Runs statements.

    Parameters
    ----------
    catalog : str
        What Spark's catalog is called here, as a Unity Catalog.
    volumes : Volumes
        Files.
    """

    def __init__(self, catalog: str, volumes: Volumes) -> None:
        self.catalog = catalog
        self.history: deque[dict[str, Any]] = deque(maxlen=10_000)
        self.volumes = volumes
        self.privileges = Privileges()
        self._information = InformationSchema(catalog)
        name = re.escape(catalog)
        self._qualified = re.compile(rf"(?<![.\w`])`?{name}`?(?=\s*\.)", re.IGNORECASE)
        self._bare = re.compile(
            rf"\b(?P<before>(?:in|from|catalog|use)\s+)`?{name}`?(?![\w.`])", re.IGNORECASE
        )
        self._answers: list[tuple[re.Pattern[str], Callable[..., Answer]]] = [
            (_statement(r"use\s+catalog\s+(?P<name>\S+)"), self._use_catalog),
            (
                _statement(r"desc(?:ribe)?\s+table\s+extended\s+(?P<name>\S+)\s+as\s+json"),
                self._describe,
            ),
            (
                _statement(
                    r"put\s+'(?P<source>[^']+)'\s+into\s+'(?P<path>[^']+)'(?:\s+overwrite)?"
                ),
                self._put,
            ),
            (_statement(r"get\s+'(?P<path>[^']+)'\s+to\s+'(?P<target>[^']+)'"), self._get),
            (_statement(r"remove\s+'(?P<path>[^']+)'"), self._remove),
            (_statement(r"list\s+'(?P<path>[^']+)'"), self._list),
            (
                _statement(
                    r"create\s+volume\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.`]+)(?:\s.*)?"
                ),
                self._create_volume,
            ),
            (_statement(r"show\s+volumes\s+in\s+(?P<name>[\w.`]+)(?:\s.*)?"), self._show_volumes),
        ]

    def run(self, session: SparkSession, sql: str) -> Answer:
        """Run one statement in a connection's session."""
        started = time.monotonic()
        try:
            return self._answered(session, sql)
        finally:
            self.history.append({"sql": sql, "seconds": time.monotonic() - started})

    def _answered(self, session: SparkSession, sql: str) -> Answer:
        for pattern, answer in self._answers:
            if found := pattern.match(sql):
                return answer(session, **found.groupdict())
        if self.privileges.apply(sql):
            return Answer(pa.table({}), [])
        granted = self.privileges.show(sql)
        if granted is not None:
            return texts(("Principal", "ActionType", "ObjectType", "ObjectKey"), granted)
        frame = session.sql(self.translate(session, sql))
        types = [field.dataType.simpleString() for field in frame.schema.fields]
        return Answer(frame.toArrow() if types else pa.table({}), types)

    def translate(self, session: SparkSession, sql: str) -> str:
        """Spell a statement so that Spark takes it: its one catalog is called `spark_catalog`."""
        code = "".join(part for part, kept in _parts(sql) if not kept)
        short = re.match(rf"{LEADING}(?:show|use|set)\b", code, re.IGNORECASE | re.DOTALL)

        def renamed(part: str) -> str:
            part = self._information.replace(session, part)
            part = self._qualified.sub("spark_catalog", part)
            part = re.sub(r"\bcurrent_catalog\(\)", f"'{self.catalog}'", part, flags=re.IGNORECASE)
            return self._bare.sub(r"\g<before>spark_catalog", part) if short else part

        return "".join(part if kept else renamed(part) for part, kept in _parts(sql))

    def _use_catalog(self, session: SparkSession, name: str) -> Answer:
        if name.strip("`;").lower() != self.catalog.lower():
            raise ValueError(f"[CATALOG_NOT_FOUND] The catalog {name} not found. SQLSTATE: 42P08")
        session.sql("set catalog spark_catalog")
        return Answer(pa.table({}), [])

    def _describe(self, session: SparkSession, name: str) -> Answer:
        """Spark 4.0 has no DESCRIBE AS JSON for Delta tables."""
        table = self.translate(session, name)
        described = self._information.described(session, table)
        return texts(("json_metadata",), [(json.dumps(described),)])

    def _put(self, session: SparkSession, source: str, path: str) -> Answer:
        return self._staging("PUT", path, source)

    def _get(self, session: SparkSession, path: str, target: str) -> Answer:
        return self._staging("GET", path, target)

    def _remove(self, session: SparkSession, path: str) -> Answer:
        return self._staging("REMOVE", path, None)

    def _staging(self, operation: str, path: str, local: str | None) -> Answer:
        self.volumes.locate(path)  # or says that there is no such volume
        row = (operation, self.volumes.url(path), "{}", local)
        columns = ("operation", "presignedUrl", "headers", "localFile")
        answer = texts(columns, [row])
        return Answer(answer.table, answer.types, is_staging=True)

    def _list(self, session: SparkSession, path: str) -> Answer:
        return texts(("path", "name", "size", "modification_time"), self.volumes.listed(path))

    def _create_volume(self, session: SparkSession, name: str) -> Answer:
        schema = name.replace("`", "").split(".")[-2]
        session.sql(f"describe schema `{schema}`")
        self.volumes.create(name)
        return Answer(pa.table({}), [])

    def _show_volumes(self, session: SparkSession, name: str) -> Answer:
        return texts(("database", "volume_name"), self.volumes.named(name))


def _statement(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{LEADING}{text}{TRAILING}", re.DOTALL | re.IGNORECASE)


def _parts(sql: str) -> Iterator[tuple[str, bool]]:
    """Split into code and what is kept: strings and comments."""
    at = 0
    for found in _PARTS.finditer(sql):
        yield sql[at : found.start()], False
        yield found[0], True
        at = found.end()
    yield sql[at:], False
