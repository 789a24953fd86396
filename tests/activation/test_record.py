"""`census_sync_runs`: every value comes back as it was.

tests/pipeline/test_engines_equal_builds.py has the other engines.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.activation.record import COLUMNS, record
from ml.engines import connections

NASTY = r"it's \'; drop table census_sync_runs; -- %s {{ x }} `a` \\ ü 😀 "
ROW: dict[str, Any] = {
    "activation_id": "a1", "recorded_tstamp": datetime(2026, 11, 28, 5, 30, 0, 123456),
    "sync_id": 52, "sync_run_id": 2**62, "audiences": "aud_prospects", "outcome": "failed",
    "reason": NASTY + "over", "was_in_doubt": True, "status": "completed", "is_canceled": False,
    "is_full_sync": None, "error_code": "", "num_source": 16, "num_processed": 14,
    "num_updated": 13, "num_failed": 1, "num_invalid": 2, "failed_share": 3 / 16,
    "created_tstamp": datetime(2026, 11, 28, 5, 29), "completed_tstamp": None,
    "api_version": "v2", "dbt_invocation_id": None,
}  # fmt: skip
EMPTY = dict.fromkeys(COLUMNS) | {"activation_id": "a2"}


def test_rows_are_added_and_read_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    another = ROW | {"activation_id": "a3"}
    with connections.open_duckdb(path, read_only=False) as warehouse:
        record(warehouse, [ROW])
        record(warehouse, [EMPTY, another])
        rows = warehouse.table("census_sync_runs").to_dict("records")
    assert rows == [ROW, EMPTY, another]


def test_a_table_of_other_columns_is_an_error_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table census_sync_runs as select 1 as sync_id")
    with (
        connections.open_duckdb(path, read_only=False) as warehouse,
        pytest.raises(duckdb.BinderException, match="activation_id"),
    ):
        record(warehouse, [ROW])
    with connections.open_duckdb(path) as warehouse:
        assert warehouse.table("census_sync_runs").to_dict("records") == [{"sync_id": 1}]
