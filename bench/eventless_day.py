"""A day on which nothing happens: what Census would send again, and why.

Simulates events, builds as of their end, and once more as of a day later with the same events.
Compares aud_people row by row: each person's row is sent to every tool that they are synced to
if any column changes. Prints how many rows changed, by a label, by a step of a score, or by
something else, and which columns; how many people left because the lookback went by them; and
beside it how many exact scores and deciles moved. Fails if more than a tenth of the rows
changed or left, or one changed by neither a step nor a label.

    python bench/eventless_day.py [--events 100000] [--days 120] [--seed 1] [--churn P14D]
        [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.project import WIDE, Project  # noqa: E402

START = date(2026, 5, 1)
MOST = 0.1


def moved(connection: duckdb.DuckDBPyConnection, before: str, after: str) -> dict[str, Any]:
    """Compare two states of an audience.

    Parameters
    ----------
    connection
        To a database that holds both.
    before, after
        Tables with the columns of `aud_people`, of the day before and of the day.

    Returns
    -------
    dict
        `rows` before, `left` and `joined`, `changed` of those in both; of the changed `by_label`
        (of any model; a score that is no longer asked for loses its label), `by_step` (a
        score, and no label) and `otherwise`; `columns`, name -> rows in which it changed.
    """
    names = [name for name, *_ in connection.execute(f"describe {before}").fetchall()]
    labels = [name for name in names if name.endswith("_label")]
    scores = [name for name in names if name.endswith("_score")]

    def differs(columns: list[str]) -> str:
        return " or ".join(f"b.{name} is distinct from a.{name}" for name in columns)

    both = f"from {before} as b join {after} as a using (audience_key)"

    def count(sql: str) -> int:
        return connection.execute(f"select count(*) {sql}").fetchall()[0][0]

    values = [name for name in names if name != "audience_key"]
    by_label = f"({differs(labels)})"
    by_step = f"not {by_label} and ({differs(scores)})"
    columns = {name: count(f"{both} where {differs([name])}") for name in values}
    return {
        "rows": count(f"from {before}"),
        "left": count(f"from {before} as b anti join {after} as a using (audience_key)"),
        "joined": count(f"from {after} as a anti join {before} as b using (audience_key)"),
        "changed": count(f"{both} where {differs(values)}"),
        "by_label": count(f"{both} where {by_label}"),
        "by_step": count(f"{both} where {by_step}"),
        "otherwise": count(
            f"{both} where ({differs(values)}) and not {by_label} and not ({by_step})"
        ),
        "columns": {name: n for name, n in columns.items() if n},
    }


def measure(
    folder: Path, *, events: int, days: int, seed: int, churn_horizon: str | None
) -> dict[str, Any]:
    """Build twice and compare; adds `exact_scores` and `exact_deciles` that moved."""
    settings: dict[str, Any] = {**WIDE, "churn_horizon": churn_horizon}
    cdp = Path(sys.executable).parent / "cdp"
    size = ["--events", str(events), "--days", str(days), "--seed", str(seed)]
    command = [str(cdp), "simulate", "--out", str(folder), *size, "--start", str(START), "--quiet"]
    subprocess.run(command, check=True)
    project = Project(folder / "project")
    for number in range(2):
        as_of = START + timedelta(days=days + number)
        done = project.dbt("run", events=folder / "events", as_of=str(as_of), **settings)
        if done.returncode:
            raise SystemExit(done.stdout)
        with duckdb.connect(str(project.database)) as connection:
            for table in ("aud_people", "propensity_scores"):
                connection.execute(f"create table {table}_{number} as from {table}")
    with duckdb.connect(str(project.database), read_only=True) as connection:
        told = moved(connection, "aud_people_0", "aud_people_1")
        exact = "select count(*) filter ({}) from propensity_scores_0 as b join "
        exact += "propensity_scores_1 as a using (model_name, version, subject_id)"
        for name, differ in (
            ("exact_scores", "round(b.score, 4) <> round(a.score, 4)"),
            ("exact_deciles", "b.decile <> a.decile"),
        ):
            told[name] = connection.execute(exact.format(f"where {differ}")).fetchall()[0][0]
    return told


def main() -> None:
    """Measure, print, and fail where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--churn", help="a churn_horizon, whose scores are compared, too")
    parser.add_argument("--keep", type=Path, help="a new folder to leave everything in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(
            asked.keep or Path(folder),
            events=asked.events,
            days=asked.days,
            seed=asked.seed,
            churn_horizon=asked.churn,
        )
    rows = told["rows"]
    for name, value in told.items():
        share = f" ({value / rows:.1%})" if isinstance(value, int) and name != "rows" else ""
        print(f"{name:>14} {value}{share}")
    if told["changed"] + told["left"] > MOST * rows or told["otherwise"] or told["joined"]:
        raise SystemExit("More changed than a day without an event may change.")


if __name__ == "__main__":
    main()
