from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ml.engines.connections import Reader, WarehouseError, open_duckdb
from ml.report.reader import ReportError, read_not_trained, read_versions
from tests.unit.report.warehouse import ADVICE, WHY, write_warehouse


def names(reader: Reader, **chosen: str) -> list[tuple[str, str, bool]]:
    return [(v.model_name, v.name, v.in_use) for v in read_versions(reader, **chosen)]


def test_the_version_in_use_by_default_and_all_on_request(
    reader: Reader, registry: pd.DataFrame
) -> None:
    champion, rejected = registry["version"]
    assert names(reader) == [("daily", champion, True)]
    assert names(reader, version="all") == [("daily", rejected, False), ("daily", champion, True)]
    assert names(reader, model="daily", version=rejected) == [("daily", rejected, False)]
    assert names(reader, model="live") == []


def test_the_registrys_json_is_read_as_frames(reader: Reader, registry: pd.DataFrame) -> None:
    version = read_versions(reader)[0]
    assert "artefact" not in version.row
    assert version.text("artefact_sha256") == registry["artefact_sha256"].iloc[0]
    assert version.curve("decile")["point"].tolist() == list(range(10))
    assert version.curve("decile", "train").empty
    assert set(version.importance["feature"]) == set(version.effects["feature"])
    assert version.folds["dataset"].tolist() == ["train", "calibrate", "test"]
    assert version.leaks.empty
    assert version.kind == "conversion"


def test_models_without_a_version_say_why(reader: Reader) -> None:
    counts = {"n_rows": 30, "n_subjects": 12, "n_converting_subjects": 1}
    expected = [{"model_name": "live", "reason": WHY, "advice": ADVICE, "counts": counts}]
    assert [asdict(found) for found in read_not_trained(reader)] == expected
    assert [asdict(found) for found in read_not_trained(reader, "live")] == expected
    assert read_not_trained(reader, "daily") == []


def test_without_a_champion_the_latest_version_is_shown(
    tmp_path: Path, registry: pd.DataFrame
) -> None:
    path = tmp_path / "w.duckdb"
    write_warehouse(path, registry.assign(decision="rejected"))
    assert names(open_duckdb(path)) == [("daily", registry["version"].iloc[1], False)]


def test_the_champion_is_the_one_the_warehouse_names(
    tmp_path: Path, registry: pd.DataFrame
) -> None:
    path = tmp_path / "w.duckdb"
    write_warehouse(path, registry.assign(decision="champion"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("update propensity_champions set version = ?", [registry["version"][0]])
    assert names(open_duckdb(path)) == [("daily", registry["version"].iloc[0], True)]


def test_without_a_table_of_champions_it_is_the_newest_that_passed(
    tmp_path: Path, registry: pd.DataFrame
) -> None:
    path = tmp_path / "w.duckdb"
    write_warehouse(path, registry.assign(decision="champion"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table propensity_champions")
    assert names(open_duckdb(path)) == [("daily", registry["version"].iloc[1], True)]


def test_a_registry_of_before_the_newer_columns_is_read(
    tmp_path: Path, registry: pd.DataFrame
) -> None:
    path = tmp_path / "w.duckdb"
    write_warehouse(path, registry.iloc[:1])
    with duckdb.connect(str(path)) as connection:
        for column in ("effects", "folds", "kind"):
            connection.execute(f"alter table propensity_models drop column {column}")
        connection.execute("drop table feature_catalogue")
        connection.execute("drop table propensity_evaluation")
    version = read_versions(open_duckdb(path))[0]
    assert version.effects.empty
    assert version.folds.empty
    assert version.words.empty
    assert version.kind == "conversion"


def test_what_is_not_there_is_named(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(WarehouseError, match=r"nowhere\.duckdb: no such file\. Run `dbt build`"):
        open_duckdb(tmp_path / "nowhere.duckdb")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(WarehouseError, match="no table propensity_models"):
        read_versions(open_duckdb(empty))
    with pytest.raises(ReportError, match="--model weekly: no such model; there are daily, live"):
        read_versions(reader, model="weekly")
    with pytest.raises(ReportError, match="--version v9: no such version; there are daily 2026"):
        read_versions(reader, version="v9")
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(WarehouseError, match="cannot be read"):
        open_duckdb(tmp_path / "text.duckdb")
