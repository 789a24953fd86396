"""`make demo`'s bookkeeping: whose events are read, and that no file of theirs is lost."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from ml import demo


def test_a_folder_is_linked_and_replaced_by_files(tmp_path: Path) -> None:
    folder, link = tmp_path / "simulated", tmp_path / "data" / "events"
    folder.mkdir()
    (folder / "a.parquet").touch()
    demo.link_events(demo.find_events(str(folder)), link)
    assert [path.name for path in link.iterdir()] == ["a.parquet"]

    for day in ("1", "2"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "part.csv").touch()
    demo.link_events(demo.find_events(str(tmp_path / "[12]" / "*.csv")), link)
    assert sorted(path.name for path in link.iterdir()) == ["0_part.csv", "1_part.csv"]
    assert (folder / "a.parquet").exists()


def test_files_that_are_no_links_are_never_removed(tmp_path: Path) -> None:
    own = tmp_path / "events" / "mine.csv"
    own.parent.mkdir()
    own.touch()
    with pytest.raises(demo.OwnFilesError, match=r"mine\.csv"):
        demo.link_events([tmp_path / "other.csv"], own.parent)
    assert own.exists()


def test_absent_events_are_named(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="nothing-here"):
        demo.find_events(str(tmp_path / "nothing-here*"))


def test_other_events_begin_a_new_warehouse_and_keep_the_old(tmp_path: Path) -> None:
    warehouse, origin = tmp_path / "warehouse.duckdb", tmp_path / "data" / "origin"
    assert demo.set_aside(warehouse, origin, "first") is None
    warehouse.write_text("built from first")
    assert demo.set_aside(warehouse, origin, "first") is None
    assert demo.set_aside(warehouse, origin, "second") == tmp_path / "warehouse.previous.duckdb"
    assert (tmp_path / "warehouse.previous.duckdb").read_text() == "built from first"
    assert not warehouse.exists()
