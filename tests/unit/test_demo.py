"""`make demo`'s bookkeeping: whose events are read, and that no file of theirs is lost."""

from __future__ import annotations

from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner

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


def test_modelled_tables_alone_leave_no_events_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").touch()
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "snowplow_web_users.csv").touch()
    prepare = demo.prepare.callback
    assert prepare is not None
    warehouse = tmp_path / "warehouse.duckdb"

    prepare(events="events.csv", web="", count=1, warehouse=warehouse)
    assert [path.name for path in Path("data/events").iterdir()] == ["events.csv"]
    prepare(events="", web="tables", count=1, warehouse=warehouse)
    assert [path.name for path in Path("data/web").iterdir()] == ["snowplow_web_users.csv"]
    assert not Path("data/events").exists()
    prepare(events="events.csv", web="", count=1, warehouse=warehouse)
    assert not Path("data/web").exists()
    assert (tmp_path / "events.csv").exists()
    assert (tables / "snowplow_web_users.csv").exists()
    with pytest.raises(click.ClickException, match="WEB=elsewhere"):
        prepare(events="", web="elsewhere", count=1, warehouse=warehouse)


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


def test_the_summary_is_of_the_database_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("warehouse", "other"):
        duckdb.connect(f"{name}.duckdb").close()

    def summarise(connection: duckdb.DuckDBPyConnection, *, with_keys: bool) -> str:
        ((name,),) = connection.execute("select current_database()").fetchall()
        return f"{name}, {with_keys}"

    monkeypatch.setattr(demo, "summarise", summarise)
    said = CliRunner().invoke(demo.main, ["summary"], env={"CDP_DUCKDB": "other.duckdb"}).output
    assert said.startswith("other, False\nEverything is in other.duckdb.")
    Path("data/simulated/events").mkdir(parents=True)
    Path("data/events").symlink_to(Path("data/simulated/events").resolve())
    said = CliRunner().invoke(demo.main, ["summary"], env={"CDP_DUCKDB": None}).output
    assert said.startswith("warehouse, True\nEverything is in warehouse.duckdb.")
