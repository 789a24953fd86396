from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml.cli import main


def run(*arguments: object, **env: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["report", *map(str, arguments)], env=env)
    return result.exit_code, result.output


def test_a_page_for_what_scores_and_for_what_could_not_be_trained(
    path: Path, tmp_path: Path, registry: pd.DataFrame
) -> None:
    code, output = run("--out", tmp_path, CDP_DUCKDB=str(path))
    assert code == 0
    champion, rejected = registry["version"]
    written = {f"daily-{champion}.html", "live-not-trained.html", "index.html"}
    assert {page.name for page in tmp_path.iterdir()} == written
    assert output.splitlines()[-1] == f"Open {tmp_path / 'index.html'}"
    run("--warehouse", path, "--out", tmp_path, "--version", "all")
    assert {page.name for page in tmp_path.iterdir()} == {*written, f"daily-{rejected}.html"}


def test_one_model_only(path: Path, tmp_path: Path) -> None:
    run("--warehouse", path, "--out", tmp_path, "--model", "live")
    assert {page.name for page in tmp_path.iterdir()} == {"live-not-trained.html", "index.html"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--warehouse", "nowhere.duckdb"), "nowhere.duckdb: no such file"),
        (("--model", "weekly"), "--model weekly: no such model"),
        (("--version", "v9"), "--version v9: no such version"),
        (("--threshold", "5"), "--threshold 5.0: give a probability"),
    ],
)
def test_errors_name_the_option_and_write_nothing(
    path: Path, tmp_path: Path, arguments: tuple[str, str], error: str
) -> None:
    out = tmp_path / "out"
    code, output = run(*arguments, "--out", out, CDP_DUCKDB=str(path))
    assert code == 1
    assert error in output
    assert not out.exists()
