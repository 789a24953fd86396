from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import ml
from ml.cli import main
from ml.export import formats, write
from ml.model import packing
from ml.model.trained import PropensityModel
from tests.unit.frames import visitors

FEATURES = ["visits", "device", "minutes", "is_weekend"]


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    frame = visitors(600).drop(columns="chance")
    return ml.train_propensity(frame, target="bought", features=FEATURES, n_trials=1)


@pytest.fixture(scope="module")
def warehouse(model: PropensityModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of three versions, as dbt leaves it, and rows of the test fold."""
    path = tmp_path_factory.mktemp("warehouse") / "w.duckdb"
    data = packing.to_bytes(model)
    registry = pd.DataFrame(
        [
            ("daily", "v1", "2026-01-01", "champion", "first version"),
            ("daily", "v2", "2026-01-08", "rejected", "not better"),
            ("live", "v3", "2026-01-08", "rejected", "a leak"),
        ],
        columns=["model_name", "version", "trained_at", "decision", "decision_reason"],
    )
    registry["as_of_tstamp"] = pd.Timestamp("2026-01-08")
    registry["artefact_sha256"] = packing.checksum(data)
    registry["artefact"] = [data] * 3
    registry["kind"] = "conversion"
    rows = visitors(900, seed=5).drop(columns=["chance", "bought"])
    rows["fold"] = np.where(np.arange(900) < 500, "test", "train")
    rows["domain_userid"] = np.arange(900).astype(str)
    rows["as_of_tstamp"] = pd.Timestamp("2026-01-07")
    ready = pd.DataFrame({"model_name": ["daily"], "training_table": ["trn_daily"]})
    champions = registry.head(1)[["model_name", "version"]]
    with duckdb.connect(str(path)) as session:
        tables = {"propensity_models": registry, "propensity_champions": champions}
        for name, frame in {**tables, "trn_daily": rows, "trn_readiness": ready}.items():
            session.register("given", frame)
            session.execute(f"create table {name} as select * from given")
    return path


def run(warehouse: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["export-model", "--warehouse", str(warehouse), *words])


@pytest.mark.parametrize("kind", ["artefact", "onnx", "joblib"])
def test_the_champion_is_written_with_a_card_that_says_what_it_is(
    kind: str, warehouse: Path, model: PropensityModel, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "model"
    result = run(warehouse, "daily", "--format", kind, "--out", str(out))
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "new" / "model.json").read_text())
    assert sorted(path.name for path in out.parent.iterdir()) == ["model", "model.json"]
    assert (card["model_name"], card["version"], card["decision"]) == ("daily", "v1", "champion")
    assert card["sha256"] == packing.checksum(out.read_bytes())
    assert card["base_rate"] == model.base_rate
    assert [column["name"] for column in card["columns"]] == FEATURES
    assert card["columns"][1]["categories"] == list(model.schema.columns[1].categories)
    assert card["metrics"]["roc_auc"]["value"] == model.metric("roc_auc")
    assert card["checked"]["rows"] == 500
    assert card["checked"]["rows_from"] == "trn_daily, fold = 'test'"
    assert card["checked"]["max_difference"] <= 1e-6
    assert "500 rows of trn_daily" in result.output


def test_the_files_are_read_without_the_warehouse(
    warehouse: Path, model: PropensityModel, tmp_path: Path
) -> None:
    frame = visitors(50, seed=9)
    for kind in ("artefact", "joblib"):
        assert not run(
            warehouse, "daily", "--format", kind, "--out", str(tmp_path / kind)
        ).exit_code
    card = json.loads((tmp_path / "artefact.json").read_text())
    stored = ml.load_model(tmp_path / "artefact", card["sha256"])
    np.testing.assert_array_equal(stored.predict_proba(frame), model.predict_proba(frame))
    again = joblib.load(tmp_path / "joblib").predict_proba(frame)[:, 1]
    np.testing.assert_array_equal(again, model.predict_proba(frame))


def test_an_export_that_scores_one_row_otherwise_is_refused_and_leaves_nothing(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(source: Any, path: Path) -> np.ndarray:
        scores = formats._score_artefact(source, path)
        scores[17] += 2e-6
        return scores

    changed = formats.Format(".zip", formats._write_artefact, off, ())
    monkeypatch.setitem(formats.FORMATS, "artefact", changed)
    result = run(warehouse, "daily", "--out", str(tmp_path / "new" / "model.zip"))
    assert result.exit_code == 1
    assert "scores 1 of 500 rows of trn_daily, fold = 'test' otherwise" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_score_that_is_no_number_is_refused(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(source: Any, _: Path) -> np.ndarray:
        return np.full(len(source.rows), np.nan)

    changed = formats.Format(".zip", formats._write_artefact, off, ())
    monkeypatch.setitem(formats.FORMATS, "artefact", changed)
    result = run(warehouse, "daily", "--out", str(tmp_path / "model.zip"))
    assert "scores 500 of 500 rows" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_earlier_file(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model.zip"
    out.write_bytes(b"earlier")
    monkeypatch.setattr(write, "TOLERANCE", -1.0)
    assert run(warehouse, "daily", "--out", str(out)).exit_code == 1
    assert out.read_bytes() == b"earlier"


def test_a_rejected_version_is_exported_when_it_is_named(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.zip"
    assert not run(warehouse, "daily", "--version", "v2", "--out", str(out)).exit_code
    assert json.loads((tmp_path / "m.zip.json").read_text())["decision"] == "rejected"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["live"], "live has no champion: its latest version, v3, is rejected (a leak)"),
        (["other"], "the registry has no model 'other'; it has: daily, live"),
        (["daily", "--version", "v9"], "daily has no version 'v9'; it has: v1, v2"),
        (["live", "--version", "v3"], "neither trn_live nor feat_visitor__current has a row"),
    ],
)
def test_what_is_not_there_is_named(words: list[str], says: str, warehouse: Path) -> None:
    result = run(warehouse, *words)
    assert result.exit_code == 1
    assert says in result.output


def test_a_warehouse_that_is_not_there_or_damaged_is_named(warehouse: Path, tmp_path: Path) -> None:
    assert "no such file" in run(tmp_path / "none.duckdb", "daily").output
    with duckdb.connect(str(tmp_path / "w.duckdb")) as session:
        session.execute("attach '" + str(warehouse) + "' as old (read_only)")
        for table in ("propensity_models", "propensity_champions"):
            session.execute(f"create table {table} as select * from old.{table}")
        session.execute("update propensity_models set artefact_sha256 = repeat('0', 64)")
    result = run(tmp_path / "w.duckdb", "daily")
    assert result.exit_code == 1
    assert "altered or cut short" in result.output


def test_onnx_says_what_to_install(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = run(warehouse, "daily", "--format", "onnx", "--out", str(tmp_path / "m.onnx"))
    assert result.exit_code == 1
    assert "pip install 'cdp-propensity[export]'" in result.output
    assert list(tmp_path.iterdir()) == []
