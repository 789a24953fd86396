from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ml.simulation.generate import Simulation, simulate

DAYS = 40
EVENTS = 40_000


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """A small simulation, shared by tests that only read it."""
    out = tmp_path_factory.mktemp("site")
    simulate(Simulation(out, events=EVENTS, days=DAYS, seed=11))
    return out


@pytest.fixture(scope="session")
def sql(site):
    """Run a query over the views `events`, `live` and `daily` of the small simulation."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, files in (
        ("events", "events/*/*.parquet"),
        ("live", "truth/live/*/*.parquet"),
        ("daily", "truth/daily/*/*.parquet"),
    ):
        connection.execute(f"create view {name} as select * from '{site / files}'")

    def run(query: str) -> list[tuple]:
        return connection.execute(query).fetchall()

    yield run
    connection.close()
