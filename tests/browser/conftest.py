from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from ml.cli import main
from tests.unit.report.warehouse import two_versions, write_warehouse

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
]


@pytest.fixture(scope="session")
def registry() -> pd.DataFrame:
    return two_versions()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, registry: pd.DataFrame) -> Path:
    """The folder that `cdp report --version all` wrote."""
    folder = tmp_path_factory.mktemp("pages")
    warehouse = folder / "warehouse.duckdb"
    write_warehouse(warehouse, registry)
    arguments = ["report", "--warehouse", str(warehouse), "--version", "all", "--out", str(folder)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((found for name in names if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    assert chromium, "chromium is not installed; make test-browser does it"
    assert driver, "chromedriver is not installed; make test-browser does it"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome
