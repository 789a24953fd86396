from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.project import WIDE, Project


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
