from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from ml.engines import connections
from ml.engines.connections import Reader, WarehouseError

ROOT = Path(__file__).resolve().parents[3]


def filled(path: Path, says: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table propensity_models as select '{says}' as version")
    return path


def profile(folder: Path, database: Path) -> Path:
    text = f"cdp: {{target: prod, outputs: {{prod: {{type: duckdb, path: {database}}}}}}}"
    (folder / "profiles.yml").write_text(text)
    return folder


@click.command()
@connections.options
def version(**where: Any) -> None:
    try:
        with connections.opened(**where) as reader:
            click.echo(reader.table("propensity_models")["version"].iloc[0])
    except WarehouseError as error:
        raise click.ClickException(str(error)) from error


def test_a_file_or_a_target_of_the_profile(tmp_path: Path) -> None:
    target = filled(tmp_path / "target.duckdb", "of the target")
    file = filled(tmp_path / "file.duckdb", "of the file")
    folder = profile(tmp_path, target)

    def said(*arguments: str, **env: str) -> str:
        where = {"DBT_PROFILES_DIR": str(folder), "DBT_PROJECT_DIR": str(ROOT)}
        return CliRunner().invoke(version, arguments, env=where | env).output

    assert said("--warehouse", str(file)) == "of the file\n"
    assert said("--target", "prod") == "of the target\n"
    assert said(CDP_DUCKDB=str(file)) == "of the file\n"
    assert said(CDP_DUCKDB=str(file), CDP_TARGET="prod") == "of the target\n"
    assert said("--warehouse", str(file), CDP_TARGET="prod") == "of the file\n"
    assert "profile 'cdp' does not have a target named 'dev'" in said("--target", "dev")
    assert "No dbt_project.yml found" in said("--target", "prod", "--project-dir", str(tmp_path))


class Driver:
    """A connection whose driver has values of its own kinds."""

    description = (("ID",), ("N",), ("SHARE",), ("AT",), ("IS_OPEN",))

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows = rows

    def cursor(self) -> Driver:
        return self

    def close(self) -> None:
        pass

    def execute(self, operation: str) -> None:
        self.executed = operation

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows


def test_values_of_every_driver_become_those_of_a_dbt_run() -> None:
    at = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    driver = Driver(
        [("a", Decimal(3), Decimal("0.25"), at, True), ("b", None, None, at.astimezone(UTC), None)]
    )
    reader = Reader(driver, "driver", lambda table: f"db.{table}")
    columns = reader.columns("t")
    assert columns == ["id", "n", "share", "at", "is_open"]
    frame = reader.rows("t", columns, where="x = 1", order="id", limit=2)
    assert driver.executed == (
        "select id, n, share, at, is_open from db.t where x = 1 order by id limit 2"
    )
    moment = pd.Timestamp("2026-01-02 01:00:00")
    expected = pd.DataFrame(
        {
            "id": ["a", "b"],
            "n": [3.0, np.nan],
            "share": [0.25, np.nan],
            "at": pd.Series([moment, moment], dtype="datetime64[us]"),
            "is_open": pd.Series([True, None], dtype=object),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)
    assert reader.table("t")["n"].tolist() == [3, None]
    assert list(Reader(Driver([]), "driver").rows("t", columns).columns) == columns


def test_an_error_that_is_not_a_missing_table_is_raised() -> None:
    class Refusing(Driver):
        def execute(self, operation: str) -> None:
            raise PermissionError("no privilege")

    with pytest.raises(PermissionError):
        Reader(Refusing([]), "driver").columns("t")
