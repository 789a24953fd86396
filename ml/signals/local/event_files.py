"""Taken events as Parquet files, in the columns that the project reads."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from ml.data.atomic import ATOMIC
from ml.signals.local.properties import Row

SMALL_FILES = 100
"""So many files become one, so that a day of visits does not leave thousands."""
_NAME = re.compile(r"events-(\d+)-(\d+)\.parquet")
_ENTITY = ("contexts_", "unstruct_event_")


_MONEY = [name for name, kind in ATOMIC.items() if pa.types.is_decimal(kind)]
_CENT = decimal.Decimal("0.01")


def _as_json(row: Row) -> Row:
    """Write what Arrow reads from JSON: entities and event fields as text, money as text."""
    entities = {
        name: msgspec.json.encode(value).decode()
        for name, value in row.items()
        if name.startswith(_ENTITY)
    }
    money = {
        name: str(decimal.Decimal(str(row[name])).quantize(_CENT)) for name in _MONEY if name in row
    }
    return {**row, **entities, **money}


def events_table(rows: Sequence[Row]) -> pa.Table:
    """Put rows into the columns of atomic events; entities and event fields become JSON text.

    Examples
    --------
    >>> table = events_table([{"event_id": "a", "contexts_com_example_page_1": [{"id": 1}]}])
    >>> table["contexts_com_example_page_1"].to_pylist()
    ['[{"id":1}]']
    """
    entities = sorted({name for row in rows for name in row if name.startswith(_ENTITY)})
    schema = pa.schema([*ATOMIC.items(), *((name, pa.string()) for name in entities)])
    data = msgspec.json.Encoder().encode_lines([_as_json(row) for row in rows])
    # Arrow's reader of JSON, since pyarrow.array imports pandas, which takes seconds.
    return pyarrow.json.read_json(
        pa.BufferReader(data),
        read_options=pyarrow.json.ReadOptions(block_size=len(data) + 1, use_threads=False),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )


class EventFiles:
    """Files of events in one folder. Each is named after the numbers of its first and last event.

    Parameters
    ----------
    folder : pathlib.Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".*.parquet"):
            left.unlink()
        self._drop_merged()

    def files(self) -> list[tuple[int, int, Path]]:
        """List the files: number of the first and of the last event, and the path."""
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted((int(m[1]), int(m[2]), path) for m, path in found if m)

    def last(self) -> int:
        """Tell the number of the last event that is in a file; 0 if there is none."""
        return max((last for _, last, _ in self.files()), default=0)

    def write(self, rows: Sequence[Row], first: int) -> None:
        """Write rows, the first of which has the number `first`, as one file."""
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        table = events_table([{**row, "load_tstamp": now} for row in rows])
        self._put(table, first, first + len(rows) - 1)
        if len(small := self.files()) > SMALL_FILES:
            self._merge([entry for entry in small if entry[2].stat().st_size < 5_000_000])

    def _put(self, table: pa.Table, first: int, last: int) -> None:
        name = f"events-{first:012}-{last:012}.parquet"
        hidden = self.folder / f".{name}"
        pq.write_table(table, hidden, compression="zstd")
        hidden.replace(self.folder / name)

    def _merge(self, files: list[tuple[int, int, Path]]) -> None:
        if len(files) < 2:
            return
        tables = [pq.ParquetFile(path).read() for _, _, path in files]
        merged = pa.concat_tables(tables, promote_options="default")
        self._put(merged, files[0][0], files[-1][1])
        self._drop_merged()

    def _drop_merged(self) -> None:
        """Remove files whose events are in a larger one, too."""
        files = self.files()
        for first, last, path in files:
            for other_first, other_last, other in files:
                if other != path and other_first <= first and last <= other_last:
                    path.unlink(missing_ok=True)
