"""Times are UTC, whatever zone a session or a column of the source is in."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml

from tools.project import ROOT
from tools.rendering import CompilationError, Macros


def check(dialect: str, zone: str, command: str = "build") -> None:
    macros = Macros(dialect, answers=[[zone]])
    macros.knowing(flags=SimpleNamespace(WHICH=command)).check_time_zone()


def test_databricks_is_refused_in_another_time_zone_with_the_mend() -> None:
    for zone in ("UTC", "Etc/UTC", "+00:00"):
        check("databricks", zone)
    for command in ("build", "run", "test"):
        with pytest.raises(CompilationError, match=r"is America/Lima, .*\{timezone: UTC\}` into"):
            check("databricks", "America/Lima", command)
    check("databricks", "America/Lima", "docs")
    check("snowflake", "America/Lima")


def test_every_run_checks_it() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert "{{ check_time_zone() }}" in project["on-run-start"]


def test_the_example_profile_asks_databricks_for_utc() -> None:
    profile = yaml.safe_load((ROOT / "profiles.example.yml").read_text())["cdp"]["outputs"]
    # The stand-in's profile has it too, and its sessions are in the zone that they ask for.
    assert profile["databricks"]["session_properties"] == {"timezone": "UTC"}


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("timestamp_tz", "cast(convert_timezone('UTC', \"T\") as timestamp_ntz(6))"),
        ("timestamp_ltz", "cast(convert_timezone('UTC', \"T\") as timestamp_ntz(6))"),
        ("timestamp_ntz", 'cast("T" as timestamp_ntz(6))'),
    ],
)
def test_columns_with_a_zone_become_utc_on_snowflake(kind: str, sql: str) -> None:
    column = {"name": '"T"', "type": kind}
    assert Macros("snowflake").typed_column(column, "timestamp") == sql
