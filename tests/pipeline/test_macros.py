"""Each macro is described where it lies: its arguments, their types, and what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tools.project import ROOT

MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\((.*?)\)\s*-?%\}", re.DOTALL)
# dbt finds these by the engine's name; the macro that is called is described.
OF_AN_ENGINE = re.compile(r"(default|duckdb|snowflake|databricks|spark)__")
FOLDERS = sorted({path.parent for path in (ROOT / "macros").rglob("*.sql")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_macros_yml_describes_the_macros_of_its_folder(folder: Path) -> None:
    written = {
        name: re.findall(r"(?:^|,)\s*(\w+)", re.sub(r'"[^"]*"', "", arguments))
        for path in folder.glob("*.sql")
        for name, arguments in MACRO.findall(path.read_text())
    }
    described = {
        macro["name"]: [argument["name"] for argument in macro.get("arguments", [])]
        for macro in yaml.safe_load((folder / "macros.yml").read_text())["macros"]
        if macro["description"].strip()
    }
    assert {name: written.get(name) for name in described} == described
    assert not {name for name in written if not OF_AN_ENGINE.match(name)} - described.keys()
