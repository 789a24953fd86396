"""The same events, built on every engine by itself: the same tables, models and scores."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from tests.activation.census import TOKEN, serving
from tools import equality
from tools.equality import Compared, Tolerance
from tools.project import Project, own_environment
from tools.warehouses import Warehouse

EXACT = Tolerance()
SCORES = Tolerance(absolute=1e-6)
# Views that only staging reads.
NO_KEY = {"base_snowplow__events", "web_events", "web_page_views", "web_sessions"}
NO_KEY |= {"web_users", "web_user_mapping"}
# No score has matured yet, no version is a challenger, and no user_id is on too many visitors.
EMPTY = {"mon_matured_scores", "mon_unlabelled_scores", "mon_calibration"}
EMPTY |= {"propensity_challengers", "stg_snowplow__shared_user_ids"}
# Whatever training wrote, and what is made of it.
LEARNT = ("propensity_", "mon_", "aud_", "visitor_profiles", "person_profiles")
# Where the events were read from, and when a model was trained: another on each engine.
NOT_COMPARED = {"definitions_hash", "trained_at"}
TRAINED_AT = re.compile(r"(?<=<dt>Trained</dt><dd>)[^<]+")


def test_every_table_is_the_same(engine: str, warehouse: Warehouse, duckdb_built: Project) -> None:
    keys = equality.primary_keys(duckdb_built)
    assert keys == equality.primary_keys(warehouse)
    assert equality.models(duckdb_built) - set(keys) == NO_KEY
    results: list[Compared] = []
    for name, key in sorted(keys.items()):
        left, right = (
            table.select([c for c in table.column_names if c.lower() not in NOT_COMPARED])
            for table in (duckdb_built.table(name), warehouse.table(name))
        )
        tolerance = SCORES if name.startswith(LEARNT) else EXACT
        results.append(equality.compare(name, key, left, right, tolerance))
    assert {result.table for result in results if not result.rows} == EMPTY
    table = equality.printed(f"DuckDB and {engine.capitalize()}", results)
    print("\n" + table)
    sha256 = "select model_name, artefact_sha256 from propensity_models order by 1"
    assert warehouse.rows(sha256) == duckdb_built.rows(sha256)
    assert [result.table for result in results if result.differs] == [], table


def cdp(out: Path, *arguments: object) -> Path:
    """Run our command, which has to succeed."""
    command = [Path(sys.executable).with_name("cdp"), *arguments, "--out", out]
    done = subprocess.run([str(a) for a in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_pages_and_exports_are_the_same(
    engine: str, warehouse: Warehouse, duckdb_built: Project, tmp_path: Path
) -> None:
    here = ["--warehouse", duckdb_built.database]
    there = [
        "--target",
        engine,
        "--profiles-dir",
        warehouse.folder,
        "--project-dir",
        warehouse.root,
    ]
    for name in ("live__sign_up", "daily__value"):
        latest = f"select max(version) from propensity_models where model_name = '{name}'"
        asked = (name, "--version", duckdb_built.value(latest))
        left, right = (
            cdp(tmp_path / side / name, "export-model", *asked, *where)
            for side, where in (("here", here), ("there", there))
        )
        assert left.read_bytes() == right.read_bytes()
    left, right = (
        cdp(tmp_path / side / "pages", "report", *where)
        for side, where in (("here", here), ("there", there))
    )
    pages = sorted(page.name for page in left.iterdir())
    assert len(pages) == len(duckdb_built.rows("from propensity_models")) + 1
    assert pages == sorted(page.name for page in right.iterdir())
    for page in pages:
        texts = [TRAINED_AT.sub("", (side / page).read_text()) for side in (left, right)]
        assert texts[0] == texts[1]


def test_outcomes_of_syncs_are_added_on_every_engine(engine: str, warehouse: Warehouse) -> None:
    """By the role that builds, after the checks of the build that was made here."""
    nasty = r"it's \'; drop table census_sync_runs; -- %s {{ x }} `a` \\ ü 😀"
    with serving() as census:
        census.sync(52, result={"error_code": nasty})
        command = [str(Path(sys.executable).with_name("cdp")), "activate", "--json"]
        command += ["--sync", "52", "--sync", "53", "--poll-interval", "0.1", "--target", engine]
        command += ["--target-path", str(warehouse.folder / "target")]
        command += ["--profiles-dir", str(warehouse.folder), "--project-dir", str(warehouse.root)]
        secret = {"CENSUS_API_TOKEN": TOKEN, "CENSUS_API_URL": census.url}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=own_environment() | secret
        )
    assert done.returncode == 1, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["recorded_in"] == f"census_sync_runs of target {engine}", told["not_recorded"]
    columns = "sync_id, outcome, error_code, was_in_doubt, num_updated, failed_share"
    rows = warehouse.rows(f"select {columns} from census_sync_runs order by sync_id")
    assert rows == [
        (52, "failed", nasty, False, 14, 0.0),
        (53, "not_triggered", None, False, None, None),
    ]
    [(at, began)] = warehouse.rows(
        "select max(recorded_tstamp), min(created_tstamp) from census_sync_runs"
    )
    assert at.isoformat() == told["recorded_tstamp"].removesuffix("Z")
    assert (at - began).total_seconds() < 600


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
    assert differs(pa.table(rows | {"x": [0.5, float("inf")]})) == [
        "x: 1 values, e.g. ['b']: 0.25 and inf"
    ]
    nan = pa.table(rows | {"x": pa.array([0.5, float("nan")], from_pandas=False)})
    null = pa.table(rows | {"x": [0.5, None]})
    assert equality.compare("made", ["id"], nan, null, EXACT).differs == [
        "x: 1 values, e.g. ['b']: nan and None"
    ]
    assert equality.compare("made", ["id"], nan, nan, EXACT).differs == []
    near = pa.table(rows | {"x": [0.5, 0.2500001]})
    assert differs(near) == ["x: 1 values, e.g. ['b']: 0.25 and 0.2500001"]
    assert differs(near, SCORES) == []
    assert differs(left.slice(0, 1)) == ["2 and 1 rows; keys of one only: 1 [\"('b',)\"] and 0 []"]
    assert differs(left.drop_columns(["n"])) == ["columns of one only: ['n']"]
    moments = pa.table({"id": ["a", "b"], "n": pa.array([1, 2], pa.timestamp("us"))})
    assert equality.compare("made", ["id"], left.select(["id", "n"]), moments, EXACT).differs == [
        "n: int64 and timestamp[us]"
    ]
