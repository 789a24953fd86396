"""dbt's unit tests override macros by name, and dbt says nothing of a name that no macro has."""

from __future__ import annotations

import re

import yaml

from tools.project import ROOT

OF_DBT = {"is_incremental"}


def test_unit_tests_override_macros_that_there_are() -> None:
    macros = "".join(path.read_text() for path in (ROOT / "macros").rglob("*.sql"))
    known = set(re.findall(r"{%-? macro (\w+)\(", macros)) | OF_DBT
    overridden = {
        (path.name, macro)
        for path in (ROOT / "models").rglob("*.yml")
        for test in yaml.safe_load(path.read_text()).get("unit_tests") or []
        for macro in test.get("overrides", {}).get("macros", {})
    }
    assert ("published_scores.yml", "own_rows_before") in overridden
    assert [one for one in sorted(overridden) if one[1] not in known] == []
