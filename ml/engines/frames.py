"""Between a warehouse engine's frames and pandas: DuckDB, Snowpark and Spark.

Everything else in `ml` sees pandas frames with lower-case columns, whichever engine runs it.
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, Literal, cast

import pandas as pd
import pyarrow as pa

Engine = Literal["duckdb", "snowflake", "spark"]
# Name -> one of the keys below; what a table of ours has, in order.
Types = dict[str, str]

_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "binary": pa.binary(),
}
_SNOWFLAKE = {
    **{name: name for name in _ARROW},
    "text": "varchar",
    "timestamp": "timestamp_ntz(6)",
}
_SPARK = {**{name: name for name in _ARROW}, "text": "string", "timestamp": "timestamp_ntz"}
BATCH_ROWS = 50_000


def engine_of(session: object) -> Engine:
    """Tell the engine by the session that dbt hands to a Python model.

    Raises
    ------
    TypeError
        Not a session of DuckDB, Snowpark or Spark.
    """
    home = type(session).__module__
    if home.startswith("snowflake."):
        return "snowflake"
    if home.startswith("pyspark."):
        return "spark"
    if "duckdb" in home:
        return "duckdb"
    msg = f"{home}.{type(session).__name__} is not a session of DuckDB, Snowpark or Spark"
    raise TypeError(msg)


def threads_of(relation: object) -> int | None:
    """Say how many threads a function of a relation's batches may use; None: all.

    It is one on Spark, whose workers run a task on each core.
    """
    return 1 if type(relation).__module__.startswith("pyspark.") else None


def read(relation: Any, columns: Iterable[str] | None = None, where: str = "") -> pd.DataFrame:  # noqa: ANN401 - three engines' own types
    """Read what `dbt.ref` returned, on any engine, into pandas.

    Parameters
    ----------
    relation
        A DuckDB relation, or a Snowpark or Spark DataFrame.
    columns
        Only these.
    where
        Only rows for which this SQL condition holds.

    Returns
    -------
    DataFrame
        Lower-case columns.
    """
    out = relation.filter(where) if where else relation
    if columns is not None:
        names = list(columns)
        home = type(relation).__module__
        out = out.project(", ".join(names)) if "duckdb" in home else out.select(*names)
    return _lower(_to_pandas(out))


def write(frame: pd.DataFrame, types: Types, session: Any) -> Any:  # noqa: ANN401
    """Hand a frame back to dbt, with the table's types even if the frame is empty.

    Parameters
    ----------
    frame
        Has the columns of `types`, in any order; others are dropped.
    types
        Column -> text, double, bigint, boolean, timestamp or binary.
    session
        The second argument of dbt's `model(dbt, session)`.

    Returns
    -------
    pyarrow.Table, or Snowpark or Spark DataFrame

    Raises
    ------
    ValueError
        A column is absent.
    """
    table = to_arrow(frame, types)
    engine = engine_of(session)
    if engine == "duckdb":
        return table
    if engine == "spark":
        return session.createDataFrame(table, schema=_spark_ddl(types))
    return _SnowflakeTable(types, session).append(table).read()


def map_many(
    jobs: Sequence[tuple[Any, Callable[[pd.DataFrame], pd.DataFrame]]],
    types: Types,
    session: Any,  # noqa: ANN401
    batch_rows: int = BATCH_ROWS,
) -> Any:  # noqa: ANN401
    """Apply functions to large relations, one after the other, without holding them in memory.

    DuckDB streams Arrow batches; Spark runs the function on its workers (`mapInPandas`), at
    most `spark.sql.execution.arrow.maxRecordsPerBatch` (10,000) rows at a time; Snowpark
    reads pandas batches and appends each result to a temporary table.

    Parameters
    ----------
    jobs
        Pairs of what `dbt.ref` returned and the function for it, which takes and returns a
        frame of lower-case columns; no pair gives no row.
    types
        What the functions return.
    session
        The second argument of dbt's `model(dbt, session)`.
    batch_rows
        Rows a batch holds at most, on DuckDB.

    Returns
    -------
    What dbt materialises on that engine.
    """
    engine = engine_of(session)
    if not jobs:
        return write(empty(types), types, session)
    if engine == "duckdb":
        results = (
            batch
            for relation, function in jobs
            for frame in _arrow_reader(relation, batch_rows)
            for batch in to_arrow(function(_lower(frame.to_pandas())), types).to_batches()
        )
        return pa.RecordBatchReader.from_batches(arrow_schema(types), results)
    if engine == "spark":
        ddl = _spark_ddl(types)

        def mapped(
            function: Callable[[pd.DataFrame], pd.DataFrame],
        ) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
            return lambda frames: (_to_spark(function(_lower(f)), types) for f in frames)

        parts = [relation.mapInPandas(mapped(function), schema=ddl) for relation, function in jobs]
        return reduce(lambda left, right: left.unionByName(right), parts)
    out = _SnowflakeTable(types, session)
    for relation, function in jobs:
        for frame in relation.to_pandas_batches():
            out.append(to_arrow(function(_lower(frame)), types))
    return out.read()


def _arrow_reader(relation: Any, batch_rows: int) -> pa.RecordBatchReader:  # noqa: ANN401
    """Open a reader only when it is needed: a DuckDB connection has one open result at a time."""
    if hasattr(relation, "to_arrow_reader"):
        return relation.to_arrow_reader(batch_rows)
    return relation.fetch_record_batch(batch_rows)


def to_arrow(frame: pd.DataFrame, types: Types) -> pa.Table:
    """Convert to Arrow with exactly these columns and types, missing values as null."""
    absent = [name for name in types if name not in frame.columns]
    if absent:
        msg = f"columns {absent} are absent from the frame to write"
        raise ValueError(msg)
    columns = [pa.Array.from_pandas(frame[name], type=_ARROW[kind]) for name, kind in types.items()]
    return pa.Table.from_arrays(
        [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns],
        schema=arrow_schema(types),
    )


def arrow_schema(types: Types) -> pa.Schema:
    """Arrow schema of a table of ours."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in types.items()])


def _spark_ddl(types: Types) -> str:
    return ", ".join(f"{name} {_SPARK[kind]}" for name, kind in types.items())


def empty(types: Types) -> pd.DataFrame:
    """Return a frame with these columns and no row."""
    return pd.DataFrame({name: pd.Series([], dtype=object) for name in types})


def say(message: str) -> None:
    """Log one line: to dbt's terminal and log where dbt runs us in its process, else print."""
    _log(message, "INFO")


def warn(message: str) -> None:
    """Log one line as a warning, in the same places."""
    _log(message, "WARN")


def _log(message: str, level: str) -> None:
    try:
        from dbt_common.events.base_types import EventLevel
        from dbt_common.events.functions import fire_event
        from dbt_common.events.types import Note
    except ImportError:
        print(message)
    else:
        fire_event(Note(msg=message), EventLevel[level])


def _to_pandas(relation: Any) -> pd.DataFrame:  # noqa: ANN401
    if hasattr(relation, "toArrow"):  # Spark
        return _without_zones(relation.toArrow()).to_pandas()
    for method in ("df", "to_pandas"):
        if hasattr(relation, method):
            return cast(pd.DataFrame, getattr(relation, method)())
    msg = f"{type(relation).__name__} is no relation of DuckDB, Snowpark or Spark"
    raise TypeError(msg)


def _without_zones(table: pa.Table) -> pa.Table:
    """Timestamps are UTC without saying so, as on the other engines."""
    fields = [
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _to_spark(frame: pd.DataFrame, types: Types) -> pd.DataFrame:
    """Texts as objects: pandas may keep them in several pieces, which Spark does not take."""
    texts = [name for name, kind in types.items() if kind == "text"]
    return frame[list(types)].astype(dict.fromkeys(texts, object))


def _lower(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=str.lower)


class _SnowflakeTable:
    """A temporary table that pandas frames are appended to, as staged Parquet files.

    Rows in a statement's text, as `create_dataframe` sends them, may not exceed 1 MB, and an
    artefact is larger. Binary goes as base64: what `write_pandas` copies out of Parquet is
    VARIANT, which becomes any type but BINARY.
    """

    def __init__(self, types: Types, session: Any) -> None:  # noqa: ANN401
        self._session = session
        self._types = types
        self._name = f"CDP_{uuid.uuid4().hex.upper()}"
        kept = {**_SNOWFLAKE, "binary": _SNOWFLAKE["text"]}
        columns = ", ".join(f"{name} {kept[kind]}" for name, kind in types.items())
        session.sql(f"create temporary table {self._name} ({columns})").collect()

    def append(self, table: pa.Table) -> _SnowflakeTable:
        if table.num_rows:
            # Nulls stay nulls with Arrow's types: whole numbers would become floats.
            frame = _with_base64(table).to_pandas(types_mapper=pd.ArrowDtype)
            # Upper case: Snowflake would quote lower-case names for ever after.
            frame.columns = [name.upper() for name in frame.columns]
            self._session.write_pandas(frame, self._name, use_logical_type=True)
        return self

    def read(self) -> Any:  # noqa: ANN401
        columns = [
            f"to_binary({name}, 'BASE64') as {name}" if kind == "binary" else name
            for name, kind in self._types.items()
        ]
        return self._session.sql(f"select {', '.join(columns)} from {self._name}")


def _with_base64(table: pa.Table) -> pa.Table:
    for number, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            values = table.column(number).to_pylist()
            text = [None if value is None else b64encode(value).decode() for value in values]
            table = table.set_column(number, field.name, pa.array(text, pa.string()))
    return table
