"""How long text files take to be read: by the project's reader, and by one that guesses types.

Simulates events, writes them as CSV and NDJSON, and makes a table of the columns that staging
reads. The guessing reader is read_csv(header = true, all_varchar = true) and read_json(), which
look at 20,480 rows.

    python bench/reading_files.py [--events 1000000]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.file_reader import FileReader  # noqa: E402

GUESSING = {"csv": "read_csv('{}', header = true, all_varchar = true)", "ndjson": "read_json('{}')"}


def write_files(folder: Path, events: int) -> None:
    """Write simulated events as events.csv and events.ndjson."""
    cdp = Path(sys.executable).parent / "cdp"
    simulated = folder / "simulated"
    command = [cdp, "simulate", "--out", simulated, "--events", str(events), "--quiet"]
    subprocess.run([*command, "--entity-format", "json"], check=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = f"read_parquet('{simulated}/events/**/*.parquet')"
        names = [row[0] for row in connection.execute(f"describe from {rows}").fetchall()]
        nested = [name for name in names if name.startswith(("contexts_", "unstruct_"))]
        parsed = ", ".join(f"{name}::json as {name}" for name in nested)
        connection.execute(f"copy (from {rows}) to '{folder}/events.csv' (header)")
        connection.execute(
            f"copy (select * replace ({parsed}) from {rows}) to '{folder}/events.ndjson'"
        )


def table_in_seconds(reader: FileReader, relation: str) -> float:
    """Make a table of the known columns of a relation; returns how long that took."""
    known = [name for name in reader.macros.event_columns() if name != "event_name"]
    columns = ", ".join([*known, "contexts_nl_basjes_yauaa_context_1"])
    start = time.perf_counter()
    reader.connection.execute(f"create or replace table events as select {columns} from {relation}")
    return time.perf_counter() - start


def main() -> None:
    """Print the seconds of both readers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, given.events)
        for ending, guessing in GUESSING.items():
            path = folder / f"events.{ending}"
            reader = FileReader()
            try:
                guessed = f"{table_in_seconds(reader, guessing.format(path)):.1f} s"
            except duckdb.Error as error:
                guessed = f"fails ({type(error).__name__})"
            start = time.perf_counter()
            relation = reader.source(path)["relation"]
            looked = time.perf_counter() - start
            read = table_in_seconds(reader, relation)
            print(f"{ending}: guessing {guessed}; all rows {looked:.1f} s, reading {read:.1f} s")


if __name__ == "__main__":
    main()
