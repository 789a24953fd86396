"""dbt as its users run it: its command, an ordinary profile, a warehouse of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from tools import forked

ROOT = Path(__file__).resolve().parents[1]
# Makes the small simulations of these tests trainable.
WIDE = {
    "training_window": [85, 10],
    "min_training_subjects": 50,
    "min_converting_subjects": 3,
}


def copy_of_root(folder: Path, *, whole: bool = False) -> Path:
    """Copy the dbt project to a folder, for a test that changes its code; or all that git has."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        left_out = not whole and name.startswith(("tests/pipeline", "bench/", "tools/"))
        if (ROOT / name).is_file() and not left_out:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def with_failing_scores(folder: Path) -> Path:
    """Copy the dbt project, with a Python model that fails in its function for each batch."""
    path = copy_of_root(folder) / "python_models" / "propensity_scores__candidate.py"
    last = "    return frames.map_many(jobs"
    failing = """
    def failing(frame):
        return frame["no_such_column"]

    jobs = [(relation, failing) for relation in subjects.values()]
"""
    assert last in path.read_text()
    path.write_text(path.read_text().replace(last, failing + last))
    return folder


def own_environment() -> dict[str, str]:
    """The environment without the settings of whoever runs the tests, and without data/."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CDP_", "DBT_"))}
    return kept | {
        "CDP_EVENTS": "none",
        "CDP_WEB": "none",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONWARNINGS": "ignore",
    }


@dataclass
class Project:
    """One warehouse, and dbt commands against it.

    Parameters
    ----------
    folder : pathlib.Path
        Where the profile, the database and dbt's artefacts of this warehouse are.
    root : pathlib.Path
        Where the dbt project is.
    """

    folder: Path
    root: Path = ROOT

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        profile = (ROOT / "profiles.example.yml").read_text()
        (self.folder / "profiles.yml").write_text(profile)

    def copy(self, folder: Path, root: Path | None = None) -> Project:
        """Another warehouse with the same contents, for a test that changes them."""
        other = Project(folder, self.root if root is None else root)
        shutil.copy(self.database, other.database)
        return other

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / "warehouse.duckdb"

    def dbt(
        self,
        *arguments: str,
        events: str | Path | None = None,
        web: str | Path | None = None,
        manifest: bool = False,
        **variables: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt; its output is in `.stdout` whether it succeeds or not.

        Its JSON files, which take as long as a small run, are only written with `manifest`.
        """
        command = ["--no-use-colors", "--write-json" if manifest else "--no-write-json", *arguments]
        command += ["--project-dir", str(self.root), "--profiles-dir", str(self.folder)]
        command += ["--target-path", str(self.folder / "target")]
        command += ["--log-path", str(self.folder / "logs")]
        # What is simulated is old by now; on DuckDB that is no error by itself.
        variables = {"stale_events": "ignore"} | variables
        command += ["--vars", yaml.safe_dump(variables)]
        environment = own_environment() | {
            "CDP_DUCKDB": str(self.database),
            "CDP_EVENTS": "none" if events is None else str(events),
            "CDP_WEB": "none" if web is None else str(web),
            "MLFLOW_TRACKING_URI": (self.folder / "mlruns").as_uri(),
            "PYTHONWARNINGS": "ignore",
        }
        return forked.dbt(command, environment, self.root)

    def many(
        self, runs: list[tuple[list[str], dict[str, str]]], parse_once: bool = False
    ) -> list[str]:
        """Run dbt with each of the arguments and environments; returns their errors.

        `parse_once` reads the project once, for runs whose vars and sources are the same.
        """
        options = ["--project-dir", str(self.root), "--profiles-dir", str(self.folder), "--quiet"]
        options += ["--target-path", str(self.folder / "target")]
        options += ["--log-path", str(self.folder / "logs")]
        given = [{"arguments": run[0], "environment": run[1]} for run in runs]
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "many_runs.py")],
            input=json.dumps({"options": options, "parse_once": parse_once, "runs": given}),
            env=own_environment() | {"CDP_DUCKDB": str(self.database)},
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def build(
        self, *arguments: str, events: str | Path, unit_tests: bool = False, **variables: Any
    ) -> str:
        """`dbt build` that has to succeed; returns what it printed.

        dbt's unit tests need no data, so one build of all runs them.
        """
        if not unit_tests:
            arguments += ("--exclude-resource-type", "unit_test")
        done = self.dbt("build", *arguments, events=events, **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def table(self, name: str) -> pa.Table:
        """All of a table, as the engine's client gives it in Arrow."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.sql(f"select * from {name}").to_arrow_table()

    def value(self, query: str) -> Any:
        """The one value of a query."""
        ((value,),) = self.rows(query)
        return value

    def fingerprint(self, relation: str) -> tuple[int, int]:
        """Row count and an order-free hash of all rows, wherever their events came from."""
        ((count, digest),) = self.rows(
            "select count(*), coalesce(sum(hash(t)::hugeint), 0) from ("
            f"select columns(lambda name: name <> 'definitions_hash') from {relation}) as t"
        )
        return count, digest
