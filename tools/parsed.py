"""Importing this reads the dbt project once, in the process that those of `forked` come from.

They inherit what dbt keeps of it: Jinja's trees of all macros and models, by dbt's own caches for
tests, the macros as Jinja compiled them, and the JSON schemas of its configurations. A dbt command
then reads the project in a third of the time, and a small run takes two thirds of it. Nothing of a
warehouse is opened, and nothing of a result is shared.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from unittest.mock import patch

from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache
from dbt_common.tests import enable_test_caching

ROOT = Path(__file__).resolve().parents[1]


def parse(folder: Path) -> None:
    """Read the project; what dbt writes goes to `folder`."""
    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    places = {"project-dir": ROOT, "profiles-dir": folder, "target-path": folder / "target"}
    command = ["--quiet", "parse", "--log-path", str(folder / "logs")]
    # dbt's static parser starts threads, which a forked process waits for and does not have.
    command += ["--no-static-parser", "--no-partial-parse"]
    command += [part for name, path in places.items() for part in (f"--{name}", str(path))]
    settings = {"CDP_DUCKDB": str(folder / "unused.duckdb")} | dict.fromkeys(
        ("CDP_EVENTS", "CDP_WEB"), "none"
    )
    with patch.dict(os.environ, settings):
        done = dbtRunner().invoke(command)
    assert done.success, done.exception
    assert not (folder / "unused.duckdb").exists()
    for macro in cast(Manifest, done.result).macros.values():
        template_cache.get_node_template(macro)
    reset_adapters()


enable_test_caching()
with TemporaryDirectory() as scratch:
    parse(Path(scratch))
