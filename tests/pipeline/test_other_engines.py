"""An engine that the project was not written for is an error that names the macro."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlglot import exp, parse_one

from tools.project import ROOT
from tools.rendering import DIALECTS, CompilationError, Macros

SOURCES = {path: path.read_text() for path in sorted((ROOT / "macros").rglob("*.sql"))}
DISPATCHED = sorted(
    name
    for path, text in SOURCES.items()
    if path.parent.name != "deploy"
    for name in re.findall(r'dispatch\("(\w+)", "cdp"\)', text)
)
# Their default is right wherever the macros that they are made of are written.
GENERAL = {
    "atomic_events", "conversion_table", "events_origin", "has_too_many_entities",
    "is_in_sample", "native_offset_case", "not_materialized", "point_in_time_features",
    "point_in_time_targets", "stale_events_by_default", "visitor_parts", "web_file_table",
}  # fmt: skip


def parameters(macro: str) -> list[str]:
    (found,) = re.findall(rf"macro {macro}\(([^)]*)\)", "".join(SOURCES.values()))
    return [name.partition("=")[0].strip() for name in found.split(",") if name.strip()]


@pytest.mark.parametrize("name", [name for name in DISPATCHED if name not in GENERAL])
def test_what_an_engine_spells_differently_is_refused_by_name(name: str) -> None:
    macros = Macros("postgres").knowing(target=SimpleNamespace(type="postgres"))
    refused = rf"{name}(: postgres has no| is not written for postgres; this project runs on)"
    with pytest.raises(CompilationError, match=refused):
        getattr(macros, f"default__{name}")(*parameters(f"default__{name}"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", DISPATCHED)
def test_every_macro_is_written_for_the_engines_we_run_on(name: str, dialect: str) -> None:
    own = [f"{prefix}__{name}" for prefix in DIALECTS[dialect] if prefix != "default"]
    written = any(f"macro {macro}(" in text for macro in own for text in SOURCES.values())
    # There are no roles on DuckDB.
    of_roles = {"grant_runner", "grant_census_reader", "quoted_name"}
    assert written or name in GENERAL or (dialect == "duckdb" and name in of_roles)


@pytest.mark.parametrize("dialect", ["snowflake", "databricks"])
def test_conversions_in_a_file_are_refused_where_no_files_are_read(dialect: str) -> None:
    macros = Macros(dialect).knowing(adapter={"get_relation": lambda **_: None})
    refused = r'conversion won: `table` is "deals.csv"; accepted: \[database.\]schema.table; it is'
    with pytest.raises(CompilationError, match=refused):
        macros.conversion_table({"name": "won", "table": "deals.csv"})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_pattern_is_the_same_text_on_every_engine(dialect: str) -> None:
    pattern = r"bot\.|\bit's"
    sql = Macros(dialect).matches_pattern("useragent", pattern)
    literals = parse_one(sql, read=dialect).find_all(exp.Literal)
    ignoring_case = "(?i)" if dialect == "databricks" else ""
    assert ignoring_case + pattern in [literal.this for literal in literals]
