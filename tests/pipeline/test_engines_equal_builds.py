"""The same events, built on every engine by itself: the same tables, models and scores."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from tests.pipeline import equality
from tests.pipeline.equality import Compared, Tolerance
from tests.pipeline.project import Project

# Each is a fixture, and compared to DuckDB.
ENGINES = ("snowflake", "databricks")
EXACT = Tolerance()
SCORES = Tolerance(absolute=1e-6)
MADE_FROM_EVENTS = ("stg_", "feat_", "tgt_", "trn_")
# Whatever training wrote, and what is made of it.
LEARNT = ("propensity_", "mon_", "aud_", "prospect_profiles", "person_profiles")
# Where the events were read from, and when a model was trained: another on each engine.
NOT_COMPARED = {"definitions_hash", "trained_at"}
TRAINED_AT = re.compile(r"(?<=<dt>Trained</dt><dd>)[^<]+")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def other(engine: str, request: pytest.FixtureRequest) -> Project:
    return request.getfixturevalue(f"{engine}_built")


def test_every_table_is_the_same(engine: str, other: Project, duckdb_built: Project) -> None:
    keys = equality.primary_keys(duckdb_built)
    assert keys == equality.primary_keys(other)
    results: list[Compared] = []
    for name, key in sorted(keys.items()):
        left, right = (
            table.select([c for c in table.column_names if c.lower() not in NOT_COMPARED])
            for table in (duckdb_built.table(name), other.table(name))
        )
        tolerance = SCORES if name.startswith(LEARNT) else EXACT
        results.append(equality.compare(name, key, left, right, tolerance))
    made = {r.table for r in results if r.rows and r.table.startswith(MADE_FROM_EVENTS)}
    assert made == {name for name in keys if name.startswith(MADE_FROM_EVENTS)}
    table = equality.printed(f"DuckDB and {engine.capitalize()}", results)
    print("\n" + table)
    sha256 = "select model_name, artefact_sha256 from propensity_models order by 1"
    assert other.rows(sha256) == duckdb_built.rows(sha256)
    assert [result.table for result in results if result.differs] == [], table


def cdp(out: Path, *arguments: object) -> Path:
    """Run our command, which has to succeed."""
    command = [Path(sys.executable).with_name("cdp"), *arguments, "--out", out]
    done = subprocess.run([str(a) for a in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_pages_and_exports_are_the_same(
    engine: str, other: Project, duckdb_built: Project, tmp_path: Path
) -> None:
    here = ["--warehouse", duckdb_built.database]
    there = ["--target", engine, "--profiles-dir", other.folder, "--project-dir", other.root]
    registered = duckdb_built.rows("select model_name, version from propensity_models")
    for name, version in registered:
        left, right = (
            cdp(tmp_path / side / name, "export-model", name, "--version", version, *where)
            for side, where in (("here", here), ("there", there))
        )
        assert left.read_bytes() == right.read_bytes()
    left, right = (
        cdp(tmp_path / side / "pages", "report", *where)
        for side, where in (("here", here), ("there", there))
    )
    pages = sorted(page.name for page in left.iterdir())
    assert len(pages) == len(registered) + 1
    assert pages == sorted(page.name for page in right.iterdir())
    for page in pages:
        texts = [TRAINED_AT.sub("", (side / page).read_text()) for side in (left, right)]
        assert texts[0] == texts[1]


def test_what_differs_is_found_and_named() -> None:
    rows = {"id": ["a", "b"], "n": [1, None], "x": [0.5, 0.25], "told": ['{"b": 1, "a": 2}', None]}
    left = pa.table(rows)

    def differs(right: pa.Table, tolerance: Tolerance = EXACT) -> list[str]:
        return equality.compare("made", ["id"], left, right, tolerance).differs

    upper = {name.upper(): column for name, column in rows.items()}
    told = [{"a": 2, "b": 1}, None]
    same = pa.table(upper | {"TOLD": told, "N": pa.array([1, None], pa.decimal128(38, 0))})
    assert differs(same.take([1, 0])) == []
    assert differs(pa.table(rows | {"n": [1, 0]})) == ["n: 1 values, e.g. ['b']: None and 0"]
    assert differs(pa.table(rows | {"x": [0.5, None]})) == [
        "x: 1 values, e.g. ['b']: 0.25 and None"
    ]
    near = pa.table(rows | {"x": [0.5, 0.2500001]})
    assert differs(near) == ["x: 1 values, e.g. ['b']: 0.25 and 0.2500001"]
    assert differs(near, SCORES) == []
    assert differs(left.slice(0, 1)) == ["2 and 1 rows; keys of one only: 1 [\"('b',)\"] and 0 []"]
    assert differs(left.drop_columns(["n"])) == ["columns of one only: ['n']"]
    moments = pa.table({"id": ["a", "b"], "n": pa.array([1, 2], pa.timestamp("us"))})
    assert equality.compare("made", ["id"], left.select(["id", "n"]), moments, EXACT).differs == [
        "n: int64 and timestamp[us]"
    ]
