"""`dbt build` twice on each engine: nodes that passed, and seconds.

Snowflake and Databricks are the stand-ins of tests/emulators on this machine: their seconds say
what a test run costs, and nothing of a warehouse.

    python bench/engines.py [--events 100000] [duckdb snowflake databricks]
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.project import WIDE, Project
from tools.stand_ins import running
from tools.warehouses import DatabricksProject, SnowflakeProject, simulated

STAND_INS = {"snowflake": (SnowflakeProject, "json"), "databricks": (DatabricksProject, "struct")}


@contextmanager
def loaded(engine: str, folder: Path, events: int) -> Iterator[tuple[Project, str | None]]:
    """Load events into a warehouse; DuckDB reads them where they are."""
    if engine == "duckdb":
        simulated(folder / "simulated", "struct", events)
        yield Project(folder / "project"), str(folder / "simulated" / "events")
        return
    kind, entities = STAND_INS[engine]
    with running(engine, folder / "server.log") as port:
        project = kind(folder / "project", port=port)
        project.load_events(simulated(folder / "simulated", entities, events))
        yield project, None


def main() -> None:
    """Build, and print a line for each build; exit code 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=["duckdb", *STAND_INS])
    parser.add_argument("--events", type=int, default=100_000)
    given = parser.parse_args()
    failed = False
    for engine in given.engines:
        with (
            tempfile.TemporaryDirectory() as folder,
            loaded(engine, Path(folder), given.events) as (project, events),
        ):
            for build in ("first", "second"):
                started = time.monotonic()
                done = project.dbt("build", events=events, **WIDE)
                seconds = time.monotonic() - started
                summary = re.search(r"Done\. (.*)", done.stdout)
                said = summary[1] if summary else done.stdout[-2000:]
                print(f"{engine:11} {build:7} {seconds:6.1f} s  {said}", flush=True)
                failed = failed or done.returncode != 0
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
