from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from ml.engines import frames
from ml.scoring.score import SCORES


def test_an_empty_table_has_its_types() -> None:
    session = duckdb.connect()
    table = frames.write(frames.empty(SCORES), SCORES, session)
    session.register("scores", table)
    types = session.query("describe scores").fetchall()
    assert {row[0]: row[1] for row in types} == {
        name: {"text": "VARCHAR", "double": "DOUBLE", "timestamp": "TIMESTAMP"}.get(kind, "BOOLEAN")
        for name, kind in SCORES.items()
    }


def test_relations_are_read_by_column_and_condition_in_lower_case() -> None:
    session = duckdb.connect()
    relation = session.query('select range as "N", \'x\' as "T" from range(5)')
    frame = frames.read(relation, ["n"], where="n >= 3")
    assert frame.to_dict("list") == {"n": [3, 4]}


def test_a_missing_column_is_named_before_it_is_written() -> None:
    with pytest.raises(ValueError, match=r"columns \['b'\] are absent"):
        frames.to_arrow(pd.DataFrame({"a": [1]}), {"a": "bigint", "b": "text"})


def test_other_sessions_are_refused() -> None:
    with pytest.raises(TypeError, match="not a session of DuckDB, Snowpark or Spark"):
        frames.engine_of(object())
