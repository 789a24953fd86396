"""How many bytes a daily build reads, and how that grows from 1 M events to 10 B.

Builds once, compiles the day after, and asks DuckDB for the plan of every model and data test:
which columns of which table it scans, and from when on. Columns weigh what they do as compressed
Parquet; the source's, what they do in its files. A warehouse that stores by column reads about
that. What is read twice, spilled, shuffled or written is not in it.

    python bench/bytes_scanned.py [--events 1000000] [--keep FOLDER] [--kept-days 365]
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import yaml

from bench.environment import environment

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.rendering import Macros  # noqa: E402

BIN = Path(sys.executable).parent
GROWTH = [10**6, 10**7, 10**8, 10**9, 10**10]
SOURCE = "the source"
LEAKS = "tests of leaks"
# As large as a month of events, however many years of them there are.
OF_A_MONTH = re.compile(r"feat_visitor__current|propensity_scores|visitor_profiles|person_pro")
CAPPED = re.compile(r"trn_(?!readiness)")  # by max_training_rows
OF_VERSIONS = re.compile(r"propensity_(models|evaluation|curves|importance|effects)|feature_cat")
# What Snowplow's own packages build instead, by increments: var web_tables.
WEB = re.compile(r"stg_snowplow__(page_views|sessions|user_mapping)$")
TRAINING = "propensity_models"  # reads its tables on days when a model is due
SINCE = re.compile(r"(?:event|as_of)_tstamp\s*>=?\s*'([^']+)'::TIMESTAMP")


@dataclass
class Scan:
    """A scan of some columns of a table.

    Parameters
    ----------
    layer, node
        Who reads.
    table
        What is read.
    size
        Bytes of these columns, all rows.
    days
        How far back rows are read; none: all are.
    """

    layer: str
    node: str
    table: str
    size: float
    days: float | None


@dataclass
class Measured:
    """What was built: events, the days they span, rows by table, bytes by table and column."""

    events: int
    days: float
    rows: dict[str, int]
    columns: dict[str, dict[str, int]]

    def size(self, scan: Scan, events: float, kept_days: float) -> float:
        """Bytes that a scan reads in a day, where `events` lie in `kept_days`."""
        growth = events / self.events
        rate = growth * self.days / kept_days  # of events a day
        if OF_VERSIONS.match(scan.table):
            factor = 1.0
        elif CAPPED.match(scan.table):
            factor = min(growth, max_training_rows() / max(1, self.rows[scan.table]))
        elif OF_A_MONTH.match(scan.table):
            factor = rate
        elif scan.days is None:
            factor = growth
        else:
            factor = growth * min(1.0, scan.days / kept_days)
        return scan.size * factor / (7 if scan.node == TRAINING else 1)


def max_training_rows() -> int:
    """Read the var's default."""
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["max_training_rows"]


def build(folder: Path, events: int) -> None:
    """Simulate, run, and compile what the next run would do."""
    data = folder / "data"
    simulate = [BIN / "cdp", "simulate", "--out", data, "--events", events, "--quiet", "--force"]
    subprocess.run([str(part) for part in simulate], cwd=ROOT, check=True)
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    dbt(folder, "run")


def dbt(folder: Path, command: str) -> None:
    """Run dbt on the folder's warehouse."""
    own = environment(
        CDP_EVENTS=folder / "data/events",
        CDP_DUCKDB=folder / "warehouse.duckdb",
        MLFLOW_TRACKING_URI=(folder / "mlruns").as_uri(),
    )
    options = ["--profiles-dir", folder, "--target-path", folder / "target"]
    options += ["--log-path", folder / "logs"]
    line = [str(part) for part in [BIN / "dbt", "--quiet", command, *options]]
    subprocess.run(line, cwd=ROOT, env=own, check=True)


def column_sizes(connection: duckdb.DuckDBPyConnection, files: str) -> dict[str, int]:
    """Compressed bytes of each column of Parquet files."""
    found = connection.execute(
        "select split_part(path_in_schema, ', ', 1), sum(total_compressed_size)::bigint "
        f"from parquet_metadata('{files}') group by 1"
    ).fetchall()
    return dict(found)


def measure(connection: duckdb.DuckDBPyConnection, folder: Path) -> Measured:
    """Weigh every column of the source and of each table."""
    source = f"{folder}/data/events/**/*.parquet"
    rows: dict[str, int] = {}
    columns = {SOURCE: column_sizes(connection, source)}
    counted = "select count(*), max(collector_tstamp) - min(collector_tstamp) from '{}'"
    ((events, span),) = connection.execute(counted.format(source)).fetchall()
    tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    with tempfile.TemporaryDirectory() as scratch:
        for (table,) in tables:
            path = f"{scratch}/{table}.parquet"
            connection.execute(f"copy {table} to '{path}' (compression zstd)")
            columns[table] = column_sizes(connection, path)
            ((rows[table],),) = connection.execute(f"select count(*) from {table}").fetchall()
            Path(path).unlink()
    return Measured(events, span.total_seconds() / 86400, rows, columns)


def nodes(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield layer, name and queries of each model and data test that a build runs."""
    manifest = json.loads((folder / "target/manifest.json").read_text())["nodes"]
    for node in manifest.values():
        kind, name = node["resource_type"], node["name"]
        if kind == "test":
            layer = LEAKS if "leak" in node["tags"] else "other data tests"
            yield layer, name, [node["compiled_code"]]
        elif kind == "model" and node["language"] == "python":
            read = columns_read(node["raw_code"]).items()
            yield "python_models", name, [f"select {names} from {one}" for one, names in read]
        elif kind == "model" and node["config"]["materialized"] != "view":
            yield Path(node["original_file_path"]).parts[1], name, [node["compiled_code"]]
    macros = Macros("duckdb").knowing(graph=SimpleNamespace(nodes=manifest))
    yield "staging", "events by day", [macros.event_days_sql("stg_snowplow__events")]


def columns_read(code: str) -> dict[str, str]:
    """List what a Python model reads of each table it refers to: columns, or `*`.

    A registry reads a few columns of itself besides, of a row per version; they are left out.
    """
    tree = ast.parse(code)
    every = list(ast.walk(tree))
    variables = {
        node.targets[0].id: node.value
        for node in every
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _referred(node.value)
    }
    bound = {id(value) for value in variables.values()}
    tables = {
        id(node): _referred(variables.get(node.id) if isinstance(node, ast.Name) else node)
        for node in every
        if id(node) not in bound and not isinstance(getattr(node, "ctx", None), ast.Store)
    }
    found: dict[str, list[str]] = defaultdict(list)
    for node in every:
        if isinstance(node, ast.Call) and node.args and tables[id(node.args[0])]:
            columns = _columns(node)
            if columns:
                found[tables.pop(id(node.args[0]))] += columns
    whole = dict.fromkeys(sorted(filter(None, tables.values())), "*")
    return {table: ", ".join(dict.fromkeys(names)) for table, names in found.items()} | whole


def _referred(node: ast.AST | None) -> str:
    """Name the table of `dbt.ref("table")`; empty for anything else."""
    called = isinstance(node, ast.Call) and ast.unparse(node.func) == "dbt.ref"
    return ast.literal_eval(node.args[0]) if called else ""  # pyright: ignore


def _columns(call: ast.Call) -> list[str]:
    """List the columns that a call reads of its first argument; none: all, or it reads none."""
    function = ast.unparse(call.func)
    if function == "find_artefact":
        return ["artefact", "artefact_sha256"]
    if function == "frames.read" and len(call.args) > 1:
        return list(ast.literal_eval(call.args[1]))
    return []


def refuse_other_files(codes: Iterable[str], events: Path) -> None:
    """Stop where SQL reads files that are not the events: a plan does not tell them apart."""
    for code in codes:
        for call in re.findall(r"\bread_\w+\((.*?)\)", code, re.DOTALL):
            other = [
                path for path in re.findall("'([^']+)'", call) if not path.startswith(f"{events}/")
            ]
            if other:
                sys.exit(f"{other[0]} is read besides {events}: build without it, or weigh it too")


def texts(value: str | list[str] | None) -> list[str]:
    """List a plan's detail, which is one text or several."""
    return [value] if isinstance(value, str) else list(value or [])


def scans(
    plan: dict[str, Any], layer: str, node: str, measured: Measured, as_of: datetime
) -> Iterator[Scan]:
    """Yield the scans of a plan."""
    info = plan.get("extra_info", {})
    table = info.get("Table", "").split(".")[-1]
    if plan["name"].strip().startswith("READ_"):
        table = SOURCE
    if table in measured.columns:
        known = measured.columns[table]
        filters = " ".join(texts(info.get("Filters")))
        read = set(texts(info.get("Projections"))) | set(re.findall(r"\w+", filters))
        since = SINCE.search(filters)
        days = (as_of - datetime.fromisoformat(since[1])).total_seconds() / 86400 if since else None
        size = sum(size for column, size in known.items() if column in read)
        yield Scan(layer, node, table, size, days)
    for child in plan.get("children", []):
        yield from scans(child, layer, node, measured, as_of)


def all_scans(
    connection: duckdb.DuckDBPyConnection, folder: Path, measured: Measured
) -> list[Scan]:
    """All scans of a daily build."""
    ((as_of,),) = connection.execute("select as_of_tstamp from as_of").fetchall()
    manifest = json.loads((folder / "target/manifest.json").read_text())["nodes"].values()
    refuse_other_files(
        (node.get("compiled_code") or "" for node in manifest), folder / "data/events"
    )
    found = []
    for layer, name, queries in nodes(folder):
        for query in queries:
            ((_, plan),) = connection.execute(f"explain (format json) {query}").fetchall()
            for root in json.loads(plan):
                found += scans(root, layer, name, measured, as_of)
    return found


def amount(size: float) -> str:
    """Write bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB" if size < 999.5 else f"{size:,.0f} TB"


def print_groups(title: str, measured: Measured, groups: dict[str, list[Scan]]) -> None:
    """Print bytes of a day by group, largest first."""
    totals = {
        name: sum(measured.size(scan, measured.events, measured.days) for scan in group)
        for name, group in groups.items()
    }
    print(f"\n{title}")
    for name, size in sorted(totals.items(), key=lambda item: -item[1])[:14]:
        print(f"  {amount(size):>8}  {size / sum(totals.values()):4.0%}  {name}")
    print(f"  {amount(sum(totals.values())):>8}        in all")


def report(measured: Measured, found: list[Scan], kept_days: float, least_days: float) -> None:
    """Print what is read, and how it grows."""
    source = sum(measured.columns[SOURCE].values())
    staged = sum(measured.columns["stg_snowplow__events"].values())
    print(f"{measured.events:,} events in {measured.days:.0f} days, compressed bytes an event:")
    print(f"  {source / measured.events:6.1f}  {SOURCE}, all columns")
    print(f"  {staged / measured.events:6.1f}  stg_snowplow__events")
    for title, key in [("by layer", "layer"), ("by model", "node"), ("by table read", "table")]:
        groups: dict[str, list[Scan]] = defaultdict(list)
        for scan in found:
            groups[getattr(scan, key)].append(scan)
        print_groups(f"Read in a daily build, {title}", measured, groups)
    cases: list[tuple[str, float, Callable[[Scan], float]]] = [
        ("all", kept_days, lambda _: 1),
        ("of the source", kept_days, lambda scan: scan.table == SOURCE),
        (f"{least_days:g} days kept", least_days, lambda _: 1),
        ("+ web_tables", least_days, lambda scan: not WEB.match(scan.node)),
        ("+ leaks weekly", least_days, weekly_leaks),
    ]
    print(f"\nRead in a daily build, where so many events lie in {kept_days:g} days")
    print("".join(f"{title:>16}" for title in ["events", "a day", *(case[0] for case in cases)]))
    for events in GROWTH:
        print(f"{events:16,}{events / kept_days:16,.0f}", end="")
        for _, days, share in cases:
            kept = events * days / kept_days
            size = sum(share(scan) * measured.size(scan, kept, days) for scan in found)
            print(f"{amount(size):>16}", end="")
        print()


def weekly_leaks(scan: Scan) -> float:
    """Leave out the web tables, and the tests of leaks on six days of seven."""
    return 0 if WEB.match(scan.node) else 1 / 7 if scan.layer == LEAKS else 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="work here; what was built is used again")
    parser.add_argument("--kept-days", type=float, default=365, help="how long events are kept")
    parser.add_argument(
        "--least-days", type=float, default=120, help="kept where events_from is set to it"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.keep or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "warehouse.duckdb").exists():
            build(folder, given.events)
        dbt(folder, "compile")
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            measured = measure(connection, folder)
            found = all_scans(connection, folder, measured)
    report(measured, found, given.kept_days, given.least_days)


if __name__ == "__main__":
    main()
