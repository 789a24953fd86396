"""The 20 visitor features and the live target: ours against three peers and the floor.

Same file, same machine, each in a process of its own; staged events are loaded first and not
timed. Prints wall and CPU seconds, peak memory, and how many times our time each peer takes.

    python bench/features.py [--events 100000 1200000] [--bots 20000 200000] [--large]
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import feature_peers  # noqa: E402
from bench.feature_events import write_events  # noqa: E402
from tools.rendering import Macros, visitor_definitions  # noqa: E402

WAYS = ["ours", "ours_portable", "polars", "native_windows", "self_join", "floor"]
# The first columns of the YAML: those that the peers compute too.
N_FEATURES = 20
HEAVIEST = {
    "self_join": 25_000,
    "native_windows": 25_000,
    "polars": 25_000,
    "ours_portable": 25_000,
}
CHECKED = [
    "num_sessions_l7d", "num_apps_l30d", "num_pricing_views_l30d", "num_engaged_campaigns_l30d",
]  # fmt: skip


def our_statements(*, portable: bool, count: int = 0) -> str:
    """Write the two tables, features and targets, as dbt does from `count` staged events."""
    macros = Macros("duckdb")
    definitions = dict(list(visitor_definitions().items())[:N_FEATURES])
    features = macros.features(definitions, "seen_events", portable=portable)
    targets = macros.targets("PT1H", "seen_events", "as_of", None, portable=portable)
    part = macros.visitor_part(count // macros.var("events_per_part") + 1)
    seen = f"seen_events as not materialized ({macros.subject_events('events')} and {part})"
    statements = ["set preserve_insertion_order = false"]
    for table, sql in (("told", features), ("targets", targets)):
        verb = f"create table {table} as"
        for select in macros.select_by_parts(f"with {seen}, made as ({sql}) from made"):
            statements.append(f"{verb} {select}")
            verb = f"insert into {table}"
    return "; ".join(statements)


def work(way: str, path: str) -> dict[str, float | list[float]]:
    """Do it one way in this process."""
    connection = duckdb.connect()
    connection.execute("set threads = 2; set asof_loop_join_threshold = 0")
    act: Callable[[], object]
    if way == "polars":
        act = feature_peers.polars_rolling(path)
    else:
        connection.execute(f"create table events as select * from '{path}'")
        connection.execute(
            "create table as_of as select max(event_tstamp) + interval 1 microsecond"
            " as as_of_tstamp from events"
        )
        if way.startswith("ours"):
            ((count,),) = connection.execute("select count(*) from events").fetchall()
            statements = our_statements(portable=way == "ours_portable", count=count)

            def act() -> object:
                return connection.execute(statements)
        else:

            def act() -> object:
                return getattr(feature_peers, way)(connection)

    usage = resource.getrusage(resource.RUSAGE_SELF)
    wall, cpu = time.perf_counter(), usage.ru_utime + usage.ru_stime
    told = act()
    wall = time.perf_counter() - wall
    usage = resource.getrusage(resource.RUSAGE_SELF)
    checks: list[float] = []
    if way == "polars":
        checks = [float(told[name].sum()) for name in CHECKED]  # pyright: ignore
    elif way != "floor":
        sums = ", ".join(f"sum({name})::double" for name in CHECKED)
        checks = list(connection.execute(f"select {sums} from told").fetchall()[0])
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime - cpu,
        "gb": usage.ru_maxrss / 1e6,
        "checks": checks,
    }


def measure(path: Path, ways: list[str]) -> dict[str, dict]:
    """Every way on one file; a way that fails is reported with its exit code."""
    results = {}
    for way in ways:
        done = subprocess.run(
            [sys.executable, __file__, "--work", way, str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(f"  {way:15} failed ({done.returncode}): {done.stderr.strip()[-200:]}")
            continue
        results[way] = json.loads(done.stdout)
        mine, one = results.get("ours"), results[way]
        ratio = f"{one['wall'] / mine['wall']:6.2f} x ours" if mine else ""
        print(
            f"  {way:15} {one['wall']:8.2f} s {one['cpu']:8.2f} s CPU {one['gb']:6.2f} GB  {ratio}",
            flush=True,
        )
        if mine and one["checks"] and one["checks"] != mine["checks"]:
            raise SystemExit(f"{way} disagrees: {one['checks']} against {mine['checks']}")
    return results


def lines_of_sql(count: int, *, portable: bool) -> int:
    """Lines generated for so many features: the project's own, then the same over other days."""
    own = visitor_definitions()
    wanted = own | {
        f"{name}_of_2w": definition | {"period": "P2W"}
        for name, definition in own.items()
        if "period" in definition
    }
    asked = dict(list(wanted.items())[:count])
    return Macros("duckdb").features(asked, "events", portable=portable).count("\n")


def lines_of_yaml() -> int:
    """Lines a user adds for one more feature: the median column, and its alias."""
    document = (ROOT / "models/features/feat_visitor.yml").read_text()
    columns = re.split(r"\n      - &", document.split("\n  - name: feat_visitor__asof_day")[0])[1:]
    return int(statistics.median(column.count("\n") + 1 for column in columns)) + 1


def report_lengths() -> None:
    """Print how long the generated SQL is, and what a feature costs its author."""
    for portable in (False, True):
        short, long = (lines_of_sql(count, portable=portable) for count in (20, 40))
        body = "running frames, every engine" if portable else "running totals, DuckDB"
        print(f"{body}: {short} lines of SQL for 20 features, {long} for 40")
    print(f"one more feature: {lines_of_yaml()} lines of YAML, no SQL")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=[100_000, 1_200_000])
    parser.add_argument("--bots", type=int, nargs="*", default=[20_000, 200_000])
    parser.add_argument("--large", action="store_true", help="also ten million events")
    parser.add_argument("--ways", nargs="*", default=WAYS)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        print(json.dumps(work(*arguments.work)))
        return
    report_lengths()
    cases: list[tuple[str, int, tuple[int, ...]]] = [
        (f"{count:,} events", count, ()) for count in arguments.events
    ]
    for bot in arguments.bots:
        if bot <= 25_000 and arguments.events:
            count = max(arguments.events)
            cases.append((f"{count:,} events and a visitor of {bot:,}", count, (bot,)))
        cases.append((f"a visitor of {bot:,} alone", 0, (bot,)))
    if arguments.large:
        cases.append(("10,000,000 events", 10_000_000, ()))
    with tempfile.TemporaryDirectory() as folder:
        for title, count, bots in cases:
            path = Path(folder) / "events.parquet"
            write_events(path, count, bots)
            print(title)
            ways = [
                way
                for way in arguments.ways
                if max((*bots, 0)) <= HEAVIEST.get(way, max((*bots, 0)))
                and (count < 5_000_000 or way in ("ours", "ours_portable", "polars", "floor"))
            ]
            measure(path, ways)


if __name__ == "__main__":
    main()
