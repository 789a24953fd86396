"""Random histories of a source, each change followed by an incremental build of the features.

At the end the tables have to equal a fresh build to the row. dbt runs in this process, on DuckDB
without transactions, so that a stopped run leaves what it leaves on a warehouse.

    python -m tools.histories FOLDER FIRST_SEED NUMBER_OF_SEQUENCES
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from tools.project import copy_of_root

TABLES = ["feat_visitor__asof_event", "feat_visitor__asof_day"]
START = datetime(2026, 1, 1)
DAYS = 45
CHANGES = ["added", "added", "older_file", "corrected", "deleted", "erased", "repeated"]
CHANGES += ["as_of", "as_of"]
STOPS = ["marked", "deleted", "built"]
PROFILE = """
cdp:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('CDP_DUCKDB') }}"
      threads: 1
      disable_transactions: true
      settings: {TimeZone: UTC, threads: 1}
"""
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ["event_id", "event_name", "domain_userid"]),
        *((name, pa.string()) for name in ["domain_sessionid", "app_id", "page_url"]),
        *((name, pa.string()) for name in ["page_urlpath", "mkt_campaign", "refr_medium"]),
        *((name, pa.timestamp("us")) for name in ["derived_tstamp", "collector_tstamp"]),
    ]
)
Event = dict[str, Any]


def stoppable(folder: Path) -> Path:
    """Copy the dbt project; its feature tables stop where the variable STOP_AT says."""
    root = copy_of_root(folder)
    asked = "env_var('STOP_AT', '')"
    for name in TABLES:
        stops = {
            place: f"{{{{ 'select no_column' if {asked} == '{name} {place}' }}}}" for place in STOPS
        }
        hooks = {
            'mark_what_is_rebuilt() }}"': f', "{stops["marked"]}"',
            'forget_rebuilt_moments() }}"': f', "{stops["deleted"]}"',
        }
        path = root / "models" / "features" / f"{name}.sql"
        text = path.read_text()
        for hook, stop in hooks.items():
            assert text.count(hook) == 1, hook
            text = text.replace(hook, hook + stop)
        last = 'post_hook="{{ remember_what_was_built() }}"'
        assert text.count(last) == 1
        text = text.replace(
            last, f'post_hook=["{stops["built"]}", {last.removeprefix("post_hook=")}]'
        )
        path.write_text(text)
    # Every fifth feature: planning all of them is most of what a build takes.
    for name, (old, new) in {
        "macros/point_in_time/definitions/feature_columns.sql": (
            "{% do definitions.update({name: column.config.meta.feature}) %}",
            "{% if loop.index0 % 5 == 0 %}"
            "{% do definitions.update({name: column.config.meta.feature}) %}{% endif %}",
        ),
        "models/features/feat_visitor.yml": ("{enforced: true}", "{enforced: false}"),
    }.items():
        text = (root / name).read_text()
        assert old in text, name
        (root / name).write_text(text.replace(old, new))
    (root / "profiles.yml").write_text(PROFILE)
    return root


def random_event(rng: random.Random, number: int) -> Event:
    """Make an event; some arrive hours or days late."""
    happened = START + timedelta(microseconds=rng.randrange(DAYS * 86_400_000_000))
    if rng.random() < 0.1:
        happened = happened.replace(hour=0, minute=0, second=0, microsecond=0)
    delay = rng.choice([0, 0, 0, 1, 60, 7200, 80_000, 90_000, 400_000])
    visitor = rng.choice([None, *"abcdefgh"]) if rng.random() < 0.9 else f"rare{number}"
    return {
        "event_id": f"e{number}",
        "event_name": rng.choice(["page_view", "page_ping", "submit_form", "link_click"]),
        "domain_userid": visitor,
        "domain_sessionid": f"{visitor}{rng.randrange(4)}",
        "app_id": rng.choice(["site", "shop", None]),
        "page_url": rng.choice(["https://a.example/pricing", "https://a.example/"]),
        "page_urlpath": rng.choice(["/pricing", "/"]),
        "mkt_campaign": rng.choice(["spring", None]),
        "refr_medium": rng.choice(["search", None]),
        "derived_tstamp": happened if rng.random() < 0.95 else None,
        "collector_tstamp": happened + timedelta(seconds=delay),
    }


@dataclass
class History:
    """What is in the source, and how it is built."""

    rng: random.Random
    source: list[Event] = field(default_factory=list)
    waiting: list[Event] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)

    def change(self) -> str:
        """Change something, and say what."""
        rng, source = self.rng, self.source
        kind = rng.choice(CHANGES)
        if kind in ("added", "older_file") or not source:
            if kind == "older_file":
                self.waiting.sort(key=lambda event: event["collector_tstamp"], reverse=True)
            number = rng.randint(1, 12)
            source += [self.waiting.pop() for _ in range(min(number, len(self.waiting)))]
        elif kind == "corrected":
            for event in rng.sample(source, min(len(source), rng.randint(1, 3))):
                other = random_event(rng, 0)
                keys = rng.choice([["event_name"], ["app_id"], ["domain_userid"], [*other][6:]])
                event |= {key: other[key] for key in keys if key != "event_id"}
        elif kind == "deleted":
            for event in rng.sample(source, min(len(source), rng.randint(1, 3))):
                source.remove(event)
        elif kind == "erased":
            visitor = rng.choice(source)["domain_userid"]
            source[:] = [event for event in source if event["domain_userid"] != visitor]
        elif kind == "as_of":
            moment = START + timedelta(hours=rng.randint(24, DAYS * 24 + 48))
            self.variables["as_of"] = rng.choice([None, f"{moment:%Y-%m-%d %H:%M:%S}"])
        elif kind == "repeated":
            event = rng.choice(source)
            later = event["collector_tstamp"] + timedelta(days=rng.choice([-1, 1]))
            source.append(event | {"collector_tstamp": later})
        rng.shuffle(source)
        return kind


class Runner:
    """Runs dbt in this process."""

    def __init__(self, folder: Path) -> None:
        self.root = stoppable(folder / "root")
        self.folder = folder
        self.events = folder / "events.parquet"
        self.database = folder / "warehouse.duckdb"
        self.manifest: Manifest | None = None
        os.environ |= {"CDP_EVENTS": str(self.events), "CDP_DUCKDB": str(self.database)}
        os.environ |= {"CDP_WEB": "none"}
        self.builds: Counter[str] = Counter()

    def dbt(self, *arguments: str) -> Any:
        options = ["--project-dir", str(self.root), "--profiles-dir", str(self.root), "--quiet"]
        options += ["--no-write-json", "--target-path", str(self.folder / "target")]
        options += ["--log-path", str(self.folder / "logs")]
        return dbtRunner(manifest=self.manifest).invoke([*arguments, *options])

    def build(self, history: History, *flags: str, stop_at: str = "") -> bool:
        """Build the feature tables from the source as it is."""
        if self.manifest is None:
            self.manifest = cast(Manifest, self.dbt("parse").result)
        pq.write_table(pa.Table.from_pylist(history.source, SCHEMA), self.events)
        os.environ["STOP_AT"] = stop_at
        variables: dict[str, Any] = {"stale_events": "ignore", "exclude_bots": False}
        variables |= history.variables
        select = ["--select", *(f"+{name}" for name in TABLES)]
        done = self.dbt("run", *select, *flags, "--vars", json.dumps(variables))
        if stop_at:
            self.builds["stopped"] += not done.success
        elif not done.success:
            failed = [one.message for one in getattr(done.result, "results", []) if one.message]
            raise SystemExit(f"dbt failed: {done.exception or failed}")
        else:
            path = self.folder / "target/compiled/cdp/models/features" / f"{TABLES[1]}.sql"
            added = "as_of_tstamp >= make_timestamp" in path.read_text()
            self.builds["increments" if added and not flags else "whole builds"] += 1
        return done.success

    def contents(self) -> dict[str, list[Any]]:
        """All rows, ordered."""
        self.close()
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return {
                name: connection.execute(f"from {name} order by all").fetchall() for name in TABLES
            }

    @staticmethod
    def close() -> None:
        environment = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        DuckDBConnectionManager._ENV = None


def compare(runner: Runner, seed: int) -> str:
    """Run one sequence; what differs from a fresh build, or nothing."""
    rng = random.Random(seed)
    runner.close()
    runner.database.unlink(missing_ok=True)
    history = History(rng, waiting=[random_event(rng, number) for number in range(60)])
    rng.shuffle(history.waiting)
    history.source = [history.waiting.pop() for _ in range(rng.randint(1, 40))]
    runner.build(history)
    steps = []
    for _ in range(rng.randint(3, 6)):
        steps.append(history.change())
        if not history.source:
            history.source.append(random_event(rng, 1000))
        if rng.random() < 0.3:
            stop_at = f"{rng.choice(TABLES)} {rng.choice(STOPS)}"
            runner.build(history, stop_at=stop_at)
            steps.append(f"stopped ({stop_at})")
            if rng.random() < 0.5:
                continue
        runner.build(history)
    if steps[-1].startswith("stopped"):
        runner.build(history)
    built = runner.contents()
    runner.build(history, "--full-refresh")
    fresh = runner.contents()
    for name in TABLES:
        if built[name] != fresh[name]:
            return (
                f"seed {seed}, {', '.join(steps)}: {name} has {len(built[name])} rows, a fresh "
                f"build {len(fresh[name])}; not in it {len({*built[name]} - {*fresh[name]})}"
            )
    return ""


def main() -> None:
    """Compare sequences, and print counts and faults."""
    folder, first, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    runner = Runner(folder)
    faults = []
    for seed in range(first, first + number):
        fault = compare(runner, seed)
        faults += [fault] if fault else []
        print(f"seed {seed}: {fault or 'equal'}; so far {dict(runner.builds)}", file=sys.stderr)
    print(json.dumps({"sequences": number, **runner.builds, "faults": faults}))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
