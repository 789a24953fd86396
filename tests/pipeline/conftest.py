from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.running import running
from tests.pipeline import warehouses
from tests.pipeline.project import WIDE, Project
from tests.pipeline.warehouses import DatabricksProject, SnowflakeProject


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A warehouse of the test's own."""
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse that the tests of a module share."""
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of simulated events."""
    folder = tmp_path_factory.mktemp("simulated")
    cdp = Path(sys.executable).with_name("cdp")
    command = [cdp, "simulate", "--out", folder, "--events", "100000", "--days", "90"]
    subprocess.run([*map(str, command), "--seed", "7"], check=True, capture_output=True)
    return folder / "events"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, simulated: Path) -> Project:
    """The warehouse that a whole build of them left; tests that change it take a copy."""
    project = Project(tmp_path_factory.mktemp("built"))
    project.build(events=simulated, unit_tests=True, **WIDE)
    return project


# The same 100,000 events on every engine, built once each. The tests of a warehouse share its
# build: one that leaves tables changed builds into a schema of its own.


@pytest.fixture(scope="session")
def json_events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same events as `simulated`, entities as JSON text."""
    folder = tmp_path_factory.mktemp("json_events")
    warehouses.simulated(folder, "json", 100_000)
    return folder / "events"


@pytest.fixture(scope="session")
def duckdb_built(tmp_path_factory: pytest.TempPathFactory, simulated: Path) -> Project:
    """A whole build of them on DuckDB."""
    project = Project(tmp_path_factory.mktemp("duckdb"))
    project.build(events=simulated, **WIDE)
    return project


@pytest.fixture(scope="session")
def snowflake(
    tmp_path_factory: pytest.TempPathFactory, json_events: Path
) -> Iterator[SnowflakeProject]:
    """The Snowflake stand-in with these events in atomic.events."""
    folder = tmp_path_factory.mktemp("snowflake")
    with running("snowflake", folder / "server.log") as port:
        project = SnowflakeProject(folder / "project", port=port)
        project.load_events(f"{json_events}/**/*.parquet")
        yield project


@pytest.fixture(scope="session")
def snowflake_built(snowflake: SnowflakeProject) -> SnowflakeProject:
    """A whole build of them there."""
    snowflake.run("build", "--exclude-resource-type", "unit_test", **WIDE)
    return snowflake


@pytest.fixture(scope="session")
def databricks(
    tmp_path_factory: pytest.TempPathFactory, simulated: Path
) -> Iterator[DatabricksProject]:
    """The Databricks stand-in with these events in atomic.events."""
    folder = tmp_path_factory.mktemp("databricks")
    with running("databricks", folder / "server.log", seconds=180) as port:
        project = DatabricksProject(folder / "project", port=port)
        project.load_events(f"{simulated}/**/*.parquet")
        yield project


@pytest.fixture(scope="session")
def databricks_built(databricks: DatabricksProject) -> DatabricksProject:
    """A whole build of them there."""
    databricks.run("build", "--exclude-resource-type", "unit_test", **WIDE)
    return databricks
