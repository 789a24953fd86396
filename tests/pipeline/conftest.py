from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import warehouses
from tools.project import WIDE, Project
from tools.stand_ins import running
from tools.warehouses import (
    EVERYTHING,
    DatabricksProject,
    SnowflakeProject,
    Warehouse,
    with_orders,
)

RUNNER = "TRANSFORMER"
# It does its work when it is imported, which is for the process that others are forked from.
collect_ignore = ["parsed.py"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A warehouse of the test's own."""
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse that the tests of a module share."""
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder of a name, filled by whichever process of the tests needs it first."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (base / f"{name}.done").exists():
                fill(base / name)
                (base / f"{name}.done").touch()
        return base / name

    return made


@pytest.fixture(scope="session")
def simulated(once: Callable[..., Path]) -> Path:
    """A folder of 40,000 simulated events."""
    folder = once("simulated", lambda path: warehouses.simulated(path, "struct", 40_000))
    return folder / "events"


@pytest.fixture(scope="session")
def built(
    once: Callable[..., Path], simulated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The warehouse that a whole build of them left; tests that change it take a copy."""
    folder = once(
        "built", lambda path: Project(path).build(events=simulated, unit_tests=True, **WIDE)
    )
    return Project(shutil.copytree(folder, tmp_path_factory.mktemp("built") / "project"))


# The same events, and orders, on every engine, built once each with everything asked for.


@pytest.fixture(scope="session")
def orders(once: Callable[..., Path], simulated: Path) -> Path:
    """The events with orders."""

    def fill(folder: Path) -> None:
        folder.mkdir()
        with_orders(f"{simulated}/**/*.parquet", folder / "events.parquet")

    return once("orders", fill) / "events.parquet"


@pytest.fixture(scope="session")
def json_orders(once: Callable[..., Path]) -> Path:
    """The same, entities as JSON text."""

    def fill(folder: Path) -> None:
        with_orders(warehouses.simulated(folder, "json", 40_000), folder / "events.parquet")

    return once("json_orders", fill) / "events.parquet"


@pytest.fixture(scope="session")
def duckdb_built(once: Callable[..., Path], orders: Path) -> Project:
    """A whole build of them on DuckDB, to read from."""
    return Project(
        once(
            "duckdb_built",
            lambda path: Project(path).build(events=orders, manifest=True, **EVERYTHING),
        )
    )


@pytest.fixture(scope="session")
def snowflake_built(
    tmp_path_factory: pytest.TempPathFactory, json_orders: Path
) -> Iterator[SnowflakeProject]:
    """A whole build of them on the Snowflake stand-in.

    By a role that has what `grant_runner` says, and nothing else.
    """
    folder = tmp_path_factory.mktemp("snowflake")
    with running("snowflake", folder / "server.log") as port:
        project = SnowflakeProject(folder / "project", port=port, role=RUNNER)
        project.load_events(str(json_orders))
        asked = f"{{role: {RUNNER}, warehouse: COMPUTE}}"
        said = project.run("run-operation", "grant_runner", "--args", asked, **EVERYTHING)
        project.administer(said.stdout)
        asked = ("build", "--exclude-resource-type", "unit_test")
        project.run(*asked, manifest=True, **EVERYTHING)
        yield project


@pytest.fixture(scope="session")
def databricks_built(
    tmp_path_factory: pytest.TempPathFactory, orders: Path
) -> Iterator[DatabricksProject]:
    """A whole build of them on the Databricks stand-in."""
    folder = tmp_path_factory.mktemp("databricks")
    with running("databricks", folder / "server.log") as port:
        project = DatabricksProject(folder / "project", port=port)
        project.load_events(str(orders))
        # These two hold where the values are those of DuckDB, on which they ran, and take a minute.
        compared = ("--exclude", "test_name:not_null", "test_name:unique")
        asked = ("build", "--exclude-resource-type", "unit_test", *compared)
        project.run(*asked, manifest=True, **EVERYTHING)
        yield project


@pytest.fixture(params=["snowflake", "databricks"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each warehouse; what runs on one of them runs in the process that has its build."""
    return request.param


@pytest.fixture
def warehouse(engine: str, request: pytest.FixtureRequest) -> Warehouse:
    """The build of `engine`."""
    return request.getfixturevalue(f"{engine}_built")
