"""A project that was built, a local Census, and the command against both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from ml.cli import main
from tests.activation.census import TOKEN, Census, serving

QUICK = [
    "--poll-interval", "0.02", "--settle", "0.2", "--retry-wait", "0.01", "--request-timeout",
    "0.3", "--timeout", "20",
]  # fmt: skip


@dataclass
class Done:
    """What the command said and did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


class Project:
    """A folder as `dbt build` leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        duckdb.connect(str(self.warehouse)).close()
        self.built()

    def built(
        self,
        status: dict[str, str] | None = None,
        *,
        syncs: dict[str, Any] | None = None,
        hours_ago: float = 0.1,
        **args: Any,
    ) -> None:
        """Write dbt's files. `syncs`: audience -> what its exposure's meta says."""
        syncs = {"aud_high_propensity": [52]} if syncs is None else syncs
        names = sorted({"aud_prospects", "aud_high_propensity", *syncs})
        status = status or {f"model.cdp.{name}": "success" for name in names}
        ended = datetime.now(UTC) - timedelta(hours=hours_ago)
        which = {"which": "build", "invocation_command": "dbt build", "select": []}
        self._write(
            "run_results.json",
            {
                "metadata": {
                    "generated_at": ended.isoformat().replace("+00:00", "Z"),
                    "invocation_id": "2dfabc69",
                },
                "args": which | args,
                "results": [{"unique_id": name, "status": said} for name, said in status.items()],
            },
        )
        self._write(
            "manifest.json",
            {
                "nodes": {
                    f"model.cdp.{name}": {
                        "name": name, "resource_type": "model", "tags": ["audiences", "census"],
                        "original_file_path": "models/audiences/aud.yml", "config": {"meta": {}},
                    }
                    for name in names
                },
                "exposures": {
                    f"exposure.cdp.census_{name}": {
                        "name": f"census_{name}", "resource_type": "exposure",
                        "original_file_path": "models/audiences/_exposures.yml",
                        "config": {"meta": {"census_sync_ids": ids}},
                        "depends_on": {"nodes": [f"model.cdp.{name}"]},
                    }
                    for name, ids in syncs.items()
                },
            },
        )  # fmt: skip

    def _write(self, name: str, told: Any) -> None:
        (self.folder / "target").mkdir(exist_ok=True)
        (self.folder / "target" / name).write_text(json.dumps(told))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        return self.query(
            f"select {columns} from census_sync_runs order by recorded_tstamp, sync_id"
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()


class Commands:
    """The command, as people run it. All that it ever said is kept, to look for the token."""

    def __init__(self, census: Census, project: Project) -> None:
        self._census = census
        self._project = project
        self.warehouse = project.warehouse
        self.said: list[str] = []

    def __call__(self, *words: str, **environment: str) -> Done:
        """Run it in this process."""
        unset = dict.fromkeys(k for k in os.environ if k.startswith(("CDP_", "DBT_", "CENSUS")))
        env: dict[str, str | None] = unset | self._environment() | environment
        done = CliRunner().invoke(main, ["activate", *QUICK, *words], env=env)
        self.said += [done.stdout, done.stderr]
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            self.said.append(with_locals(done.exception))
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        return {
            "CENSUS_API_TOKEN": TOKEN, "CENSUS_API_URL": self._census.url,
            "NO_PROXY": "127.0.0.1", "DBT_PROJECT_DIR": str(self._project.folder),
            "CDP_DUCKDB": str(self._project.warehouse),
        }  # fmt: skip

    @contextmanager
    def begun(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start it in a process of its own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CDP_", "DBT_", "CENSUS"))}
        env = kept | self._environment()
        command = [str(Path(sys.executable).with_name("cdp")), "activate", *QUICK, *words]
        with subprocess.Popen(
            command, cwd=self._project.folder, env=env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            yield process

    def ended(self, process: subprocess.Popen[str], out: str, err: str) -> Done:
        self.said += [out, err]
        return Done(process.returncode, out, err)

    def interrupted(self, *words: str, once: Callable[[], bool]) -> Done:
        """Start the command, and press Ctrl-C once something holds."""
        with self.begun(*words) as process:
            until = time.monotonic() + 120
            while not once() and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        return self.ended(process, out, err)


def with_locals(error: BaseException) -> str:
    """A traceback as error trackers keep it: with the variables of our frames."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in told.stack if "/ml/activation/" in frame.filename]
    told.stack = traceback.StackSummary.from_list(ours)
    return "".join(told.format())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def census() -> Iterator[Census]:
    with serving() as census:
        yield census


@pytest.fixture
def activate(census: Census, project: Project) -> Iterator[Commands]:
    commands = Commands(census, project)
    yield commands
    for said in commands.said:
        assert TOKEN not in said
