from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ml.engines.connections import Reader, open_duckdb
from ml.report.reader import Version, read_versions
from tests.unit.report.warehouse import two_versions, write_warehouse


@pytest.fixture(scope="package")
def registry() -> pd.DataFrame:
    return two_versions()


@pytest.fixture(scope="package")
def path(tmp_path_factory: pytest.TempPathFactory, registry: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("report") / "warehouse.duckdb"
    write_warehouse(path, registry)
    return path


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    reader = open_duckdb(path)
    yield reader
    reader.connection.close()


@pytest.fixture
def champion(reader: Reader) -> Version:
    return read_versions(reader)[0]


@pytest.fixture
def rejected(reader: Reader) -> Version:
    return read_versions(reader, version="all")[0]
