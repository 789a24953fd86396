"""Whether two states of the project build the same tables from the same events.

For changes that must not change a number: another layout, other names. Simulates events, builds
both checkouts on a DuckDB warehouse each, and compares every table and view value by value, as
sets of rows. Prints the rows and values compared, and fails where a table differs or is missing.
Names that changed are given as OLD=NEW; they are replaced wherever they stand in the names of
tables and columns, and in text.

    git worktree add ../before HEAD~1 && make -C ../before .venv/.dev
    python bench/same_tables.py ../before . [--renamed OLD=NEW ...] [--events 100000]
        [--expected TABLE.COLUMN ...] [--added TABLE.COLUMN ...]

A column after --expected may differ, e.g. a hash of names; its table's other columns may not. One
after --added is new.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

BIN = Path(sys.executable).parent
VARS = "{training_window: [85, 10], min_training_subjects: 50, min_converting_subjects: 3}"


def simulate(folder: Path, events: int) -> Path:
    """Write events of 90 days."""
    out = folder / "simulated"
    command = [BIN / "cdp", "simulate", "--out", out, "--events", str(events), "--days", "90"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out / "events"


def build(checkout: Path, database: Path, events: Path) -> None:
    """Build all models of a checkout by its own environment, without tests."""
    folder = database.parent / f"of_{database.stem}"
    folder.mkdir()
    profiles = (checkout / "profiles.example.yml").read_text()
    (folder / "profiles.yml").write_text(profiles)
    environment = os.environ | {
        "CDP_TARGET": "duckdb",
        "CDP_DUCKDB": str(database),
        "CDP_EVENTS": str(events),
        "CDP_WEB": "none",
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    dbt = checkout.resolve() / ".venv" / "bin" / "dbt"
    subprocess.run(
        [dbt, "--quiet", "run", "--vars", VARS], cwd=checkout, env=environment, check=True
    )


def relations(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Tables and views of an attached database: the bare name, and how to read it."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = ?",
        [name],
    ).fetchall()
    return {table: f'"{name}"."{schema}"."{table}"' for schema, table in sorted(rows)}


def renamed(text: str, names: list[tuple[str, str]]) -> str:
    """Text in the new names."""
    for old, new in names:
        text = text.replace(old, new)
    return text


def columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Name -> type."""
    rows = connection.execute(f"describe select * from {relation}").fetchall()
    return {row[0]: row[1] for row in rows}


def in_new_names(column: str, kind: str, names: list[tuple[str, str]]) -> str:
    """Return SQL of a column of the state before, its text in the new names."""
    sql = f'"{column}"'
    if kind == "VARCHAR":
        for old, new in names:
            sql = f"replace({sql}, '{old}', '{new}')"
    return f'{sql} as "{renamed(column, names)}"'


def unlike(connection: duckdb.DuckDBPyConnection, one: str, other: str, names: list[str]) -> int:
    """How many rows of either, by these columns, the other does not have."""
    chosen = ", ".join(f'"{name}"' for name in names)
    query = "select count(*) from (select {0} from {1} except all select {0} from {2})"
    total = 0
    for left, right in ((one, other), (other, one)):
        found = connection.execute(query.format(chosen, left, right)).fetchone()
        total += found[0] if found else 0
    return total


def compare(
    connection: duckdb.DuckDBPyConnection,
    names: list[tuple[str, str]],
    expected: set[str],
    added: set[str],
) -> list[str]:
    """Compare the databases `before` and `after`; what differs, in words."""
    before = {renamed(name, names): path for name, path in relations(connection, "before").items()}
    after = relations(connection, "after")
    wrong = [
        f"{name}: {'before' if name in before else 'after'} only"
        for name in before.keys() ^ after.keys()
    ]
    total = {"tables": 0, "rows": 0, "values": 0}
    for table in sorted(before.keys() & after.keys()):
        old = columns(connection, before[table])
        chosen = ", ".join(in_new_names(name, kind, names) for name, kind in old.items())
        one, other = f"(select {chosen} from {before[table]})", after[table]
        found = {
            name: kind
            for name, kind in columns(connection, other).items()
            if f"{table}.{name}" not in added
        }
        if [(renamed(name, names), kind) for name, kind in old.items()] != list(found.items()):
            wrong.append(f"{table}: other columns, types or their order")
            continue
        asked = [name for name in found if f"{table}.{name}" not in expected]
        if unlike(connection, one, other, asked):
            by = [name for name in asked if unlike(connection, one, other, [name])]
            wrong.append(f"{table}: rows differ, by {', '.join(by) or 'their combination'}")
        rows = connection.execute(f"select count(*) from {other}").fetchall()[0][0]
        total["tables"] += 1
        total["rows"] += rows
        total["values"] += rows * len(asked)
    print("compared: " + ", ".join(f"{count:,} {what}" for what, count in total.items()))
    return wrong


def main() -> None:
    """Build both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--renamed", nargs="*", default=[], metavar="OLD=NEW")
    parser.add_argument("--expected", nargs="*", default=[], metavar="TABLE.COLUMN")
    parser.add_argument("--added", nargs="*", default=[], metavar="TABLE.COLUMN")
    parser.add_argument("--events", type=int, default=100_000)
    given = parser.parse_args()
    names = [(old, new) for old, _, new in (pair.partition("=") for pair in given.renamed)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        events = simulate(folder, given.events)
        connection = duckdb.connect()
        for name in ("before", "after"):
            database = folder / f"{name}.duckdb"
            build(getattr(given, name), database, events)
            connection.execute(f"attach '{database}' as {name} (read_only)")
        wrong = compare(connection, names, set(given.expected), set(given.added))
    print("\n".join(wrong) or "equal")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
