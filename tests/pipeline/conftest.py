from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A warehouse of the test's own."""
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A warehouse that the tests of a module share."""
    return Project(tmp_path_factory.mktemp("project"))
