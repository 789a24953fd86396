"""The day after: what one more day costs the feature tables, beside building them anew.

Also after a visitor was erased, and after a day of half the time ago was lost and found.
dbt as users run it, on a database of its own. Prints dbt's seconds a model, and fails where
the day that was added differs from the whole in any row.

    python bench/increment.py [--events 1200000] [--days 60]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.feature_events import START_US, write_events  # noqa: E402
from tools.project import Project  # noqa: E402

TABLES = ["feat_visitor__asof_event", "feat_visitor__asof_day", "feat_visitor__current"]


def write_atomic(path: Path, count: int, days: int) -> None:
    """Write the benchmark's events as a collector's: they arrive when they happen."""
    staged = path.with_name("staged.parquet")
    write_events(staged, count, days=days)
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    * exclude (event_tstamp, device_class, has_media_player),
                    event_tstamp as derived_tstamp,
                    event_tstamp as collector_tstamp,
                    '[{{"deviceClass":"' || device_class || '"}}]'
                        as contexts_nl_basjes_yauaa_context_1
                from '{staged}'
            ) to '{path}' (format parquet)
            """
        )


def fresh_copy(events: Path) -> Path:
    """Copy the events to where they stay as they are."""
    return Path(shutil.copy(events, events.with_name("every.parquet")))


def rewrite(events: Path, query: str) -> None:
    """Make the events what a query says."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{events}' (format parquet)")


def build(project: Project, events: Path, as_of: datetime, *flags: str) -> dict[str, float]:
    """Seconds of each feature table's model."""
    select = ["--select", *(f"+{name}" for name in TABLES), "--threads", "1"]
    at = f"{as_of:%Y-%m-%d %H:%M:%S}"
    done = project.dbt("run", *select, *flags, events=events, manifest=True, as_of=at)
    if done.returncode:
        raise SystemExit(done.stdout)
    results = json.loads((project.folder / "target/run_results.json").read_text())["results"]
    seconds = {one["unique_id"].split(".")[-1]: one["execution_time"] for one in results}
    return {name: seconds[name] for name in TABLES}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--days", type=int, default=60)
    arguments = parser.parse_args()
    last = datetime.fromtimestamp(START_US / 1e6, UTC) + timedelta(days=arguments.days)
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet"
        write_atomic(events, arguments.events, arguments.days)
        project = Project(Path(folder) / "project")
        build(project, events, last - timedelta(days=1))
        added = build(project, events, last)
        rows = {name: project.fingerprint(name) for name in TABLES}
        every = fresh_copy(events)
        rewrite(
            events,
            f"from '{every}' where domain_userid <> (select min(domain_userid) from '{every}')",
        )
        erased = build(project, events, last)
        middle = last - timedelta(days=arguments.days // 2)
        rewrite(events, f"from '{every}' where derived_tstamp::date <> date '{middle:%Y-%m-%d}'")
        build(project, events, last)
        rewrite(events, f"from '{every}'")
        found = build(project, events, last)
        if rows != {name: project.fingerprint(name) for name in TABLES}:
            raise SystemExit("History that came back differs from what was built of it before.")
        whole = build(project, events, last, "--full-refresh")
        if rows != {name: project.fingerprint(name) for name in TABLES}:
            raise SystemExit("The day that was added differs from the whole.")
    print(f"{arguments.events:,} events in {arguments.days} days, the same rows either way")
    for name in TABLES:
        print(f"  {name}")
        print(f"    all days {whole[name]:6.2f} s, one more day {added[name]:6.2f} s")
        print(f"    a visitor erased {erased[name]:6.2f} s, an old day found {found[name]:6.2f} s")


if __name__ == "__main__":
    main()
