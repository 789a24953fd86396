"""Build times and peak memory of staging and the web tables.

    python bench/web.py [--events N] [--days D] [--entity-format struct|json]
                        [--keep FOLDER [--reuse]]

Simulates events, builds the models up to page views, sessions and users on a new DuckDB
warehouse, and prints seconds a model, peak memory, and the tables' rows.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
from pipeline import BIN, ROOT, run, stages

TABLES = ("page_views", "sessions", "users", "user_mapping")


def main() -> None:
    """Simulate, build, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--entity-format", default="struct", choices=["struct", "json"])
    parser.add_argument("--keep", type=Path, help="work here and leave everything in place")
    parser.add_argument("--reuse", action="store_true", help="take the events kept there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        if not given.reuse:
            simulated(folder / "data", given.events, given.days, given.entity_format)
        built(folder)


def simulated(data: Path, events: int, days: int, entity_format: str) -> None:
    """Simulate events and print what that took."""
    command = [BIN / "cdp", "simulate", "--out", data, "--events", str(events), "--force"]
    command += ["--days", str(days), "--entity-format", entity_format]
    seconds, memory = run(command)
    print(f"simulate: {seconds:.1f} s, peak {memory:.2f} GB", flush=True)


def built(folder: Path) -> None:
    """Build the tables anew from the folder's events and print what that took."""
    database = folder / "warehouse.duckdb"
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    database.unlink(missing_ok=True)
    command = [BIN / "dbt", "--quiet", "run", "--select"]
    command += [f"+stg_snowplow__{table}" for table in TABLES]
    command += ["--profiles-dir", folder, "--target-path", folder / "target"]
    command += ["--log-path", folder / "logs"]
    seconds, memory = run(
        command, CDP_EVENTS=str(folder / "data" / "events"), CDP_DUCKDB=str(database)
    )
    size = database.stat().st_size / 1e6
    print(f"dbt run: {seconds:.1f} s, peak {memory:.2f} GB, {size:,.0f} MB of warehouse")
    with duckdb.connect(str(database), read_only=True) as connection:
        for name, taken in stages(folder / "target" / "run_results.json").items():
            if name.startswith("stg_"):
                (rows,) = connection.execute(f"select count(*) from {name}").fetchone() or (0,)
                print(f"  {taken:7.2f} s  {rows:>12,} rows  {name}")


if __name__ == "__main__":
    main()
