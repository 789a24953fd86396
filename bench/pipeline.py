"""From simulated events to the audience: time, memory, and how near the models come.

Simulates events, builds twice on a new DuckDB warehouse as of two weeks before their end, and
compares the champions on the days after that with the truth file's exact filter, which knows
how the site works and sees the same history. No model reads the truth; only this script does.

    python bench/pipeline.py [--events N] [--seed S] [--days D] [--once] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

from bench.environment import environment
from ml.model import artefact

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def run(command: list[str | Path], **settings: str) -> tuple[float, float]:
    """Run a command; returns seconds and its peak memory in GB."""
    before = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment(**settings))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return time.perf_counter() - before, usage.ru_maxrss / 1e6


def stages(run_results: Path) -> dict[str, float]:
    """Seconds of dbt's nodes: models by name, tests together."""
    seconds: dict[str, float] = defaultdict(float)
    for result in json.loads(run_results.read_text())["results"]:
        kind, *_, name = result["unique_id"].split(".")
        if kind in ("test", "unit_test"):
            name = f"all {kind}s"
        seconds[name] += result["execution_time"]
    return dict(seconds)


def champion(connection: duckdb.DuckDBPyConnection, name: str) -> artefact.PropensityModel | None:
    """Load the champion of a model, if there is one."""
    found = connection.execute(
        "select artefact, artefact_sha256 from propensity_models "
        "join propensity_champions using (model_name, version) where model_name = ?",
        [name],
    ).fetchone()
    return artefact.from_bytes(bytes(found[0]), found[1]) if found else None


def compare(name: str, rows: pd.DataFrame) -> dict[str, object]:
    """Model and filter on the same rows, against the same outcomes."""
    y = rows["target"].to_numpy(dtype=float)
    base = np.full(len(y), y.mean())
    losses = {
        key: log_loss(y, p)
        for key, p in {
            "model": rows["score"],
            "filter": rows["p_given_history"],
            "base": base,
        }.items()
    }
    auc = {
        key: roc_auc_score(y, rows[column])
        for key, column in {"model": "score", "filter": "p_given_history"}.items()
    }
    return {
        "model": name,
        "rows": len(rows),
        "subjects": rows["domain_userid"].nunique(),
        "base_rate": y.mean(),
        "mean_score": rows["score"].mean(),
        "auc_model": auc["model"],
        "auc_filter": auc["filter"],
        "auc_share": (auc["model"] - 0.5) / (auc["filter"] - 0.5),
        "log_loss_model": losses["model"],
        "log_loss_filter": losses["filter"],
        "log_loss_base": losses["base"],
        "gain_share": (losses["base"] - losses["model"]) / (losses["base"] - losses["filter"]),
    }


# Days at the end that no model sees: the week of outcomes of a week of midnights.
JUDGING_DAYS = 14

HELD_OUT = """
    select f.*, t.p_given_history, t.target,
        p.first_seen_tstamp >= m.as_of_tstamp as is_new
    from {features} as f
    join read_parquet('{truth}/**/*.parquet') as t using ({key})
    join tgt_visitor__first_conversion as p on p.domain_userid = f.domain_userid
    join propensity_models as m on m.model_name = '{name}' and m.decision = 'champion'
    where t.target is not null
        and (p.first_conversion_tstamp is null or f.as_of_tstamp < p.first_conversion_tstamp)
        and f.as_of_tstamp >= m.as_of_tstamp
"""


def held_out(connection: duckdb.DuckDBPyConnection, truth: Path, name: str) -> pd.DataFrame:
    """Rows of the days after training, of everyone who has not converted."""
    live = name == "live"
    query = HELD_OUT.format(
        features="feat_visitor__asof_event" if live else "feat_visitor__asof_day",
        key="event_id" if live else "domain_userid, as_of_tstamp",
        truth=truth / name,
        name=name,
    )
    return connection.execute(query).df()


def by_recency(connection: duckdb.DuckDBPyConnection, rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score of `daily` against what came true, by days since the visitor was last seen."""
    connection.register(
        "scored", rows[["domain_userid", "as_of_tstamp", "score", "target", "p_given_history"]]
    )
    return connection.execute("""
        with seen as (
            select s.*, max(e.event_tstamp) as seen_tstamp
            from scored as s join stg_snowplow__events as e
                on e.domain_userid = s.domain_userid and e.event_tstamp < s.as_of_tstamp
                and e.event_tstamp >= s.as_of_tstamp - interval 31 days
            group by all
        ), banded as (
            select *, epoch(as_of_tstamp - seen_tstamp) / 86400 as days from seen
        )
        select case when days < 1 then '0 to 1' when days < 3 then '1 to 3'
                when days < 7 then '3 to 7' when days < 14 then '7 to 14' else '14 to 30' end
                as days_since_seen,
            count(*) as rows, avg(score) as mean_score, avg(target::int) as realised_rate,
            avg(p_given_history) as mean_filter
        from banded group by 1 order by min(days)
    """).df()


def main() -> None:
    """Run it and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--once", action="store_true", help="leave the second build out")
    parser.add_argument("--keep", type=Path, help="work here and leave everything in place")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, given.events, given.seed, given.days, once=given.once)


def measure(folder: Path, events: int, seed: int, days: int, *, once: bool) -> None:
    """Simulate, build, compare; print as it goes."""
    data = folder / "data"
    seconds, memory = run(
        [
            BIN / "cdp",
            "simulate",
            "--out",
            data,
            "--events",
            str(events),
            "--days",
            str(days),
            "--seed",
            str(seed),
            "--force",
        ]
    )
    print(f"\nsimulate: {seconds:.1f} s, {events / seconds:,.0f} events/s, peak {memory:.2f} GB")
    (folder / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    database = folder / "warehouse.duckdb"
    database.unlink(missing_ok=True)
    settings = {
        "CDP_EVENTS": str(data / "events"),
        "CDP_DUCKDB": str(database),
        "MLFLOW_TRACKING_URI": (folder / "mlruns").as_uri(),
    }
    paths = ["--profiles-dir", folder, "--target-path", folder / "target"]
    paths += ["--log-path", folder / "logs"]
    last = max(path.name.removeprefix("load_date=") for path in (data / "events").iterdir())
    as_of = pd.Timestamp(last) + pd.Timedelta(days=1 - JUDGING_DAYS)
    build = [BIN / "dbt", "--quiet", "build", *paths]
    build += ["--vars", json.dumps({"as_of": f"{as_of:%Y-%m-%d}"})]
    for number in ("first",) if once else ("first", "second"):
        seconds, memory = run(build, **settings)
        print(f"\n{number} dbt build: {seconds:.1f} s, peak {memory:.2f} GB")
        timed = stages(folder / "target" / "run_results.json")
        for name, taken in sorted(timed.items(), key=lambda item: -item[1])[:14]:
            print(f"  {taken:7.2f} s  {name}")
    later = ["+feat_visitor__asof_event", "+feat_visitor__asof_day"]
    later += ["+tgt_visitor__first_conversion"]
    run([BIN / "dbt", "--quiet", "run", *paths, "--select", *later], **settings)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set threads = 2")
        report(connection, data / "truth")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\n(this comparison itself: peak {peak:.2f} GB)")


def report(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Models beside the filter, on the days after training."""
    pd.set_option("display.width", 200, "display.max_columns", 30)
    lines, recency = [], None
    for name in ("live", "daily"):
        model = champion(connection, name)
        if model is None:
            print(f"{name}: no champion")
            continue
        rows = held_out(connection, truth, name)
        rows["score"] = model.predict_proba(rows)
        lines.append(compare(name, rows))
        lines.append(compare(f"{name}, new visitors", rows[rows["is_new"]]))
        if name == "daily":
            recency = by_recency(connection, rows)
    print("\nThe days after training, model beside the exact filter")
    print(pd.DataFrame(lines).set_index("model").T.to_string(float_format="{:.4f}".format))
    if recency is not None:
        print("\ndaily by recency\n" + recency.to_string(index=False, float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
