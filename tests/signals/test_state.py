"""What survives: restarts, kill -9, and files of events that were written in between."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from ml.signals.local import storage as storage_module
from ml.signals.local.event_files import EventFiles
from ml.signals.local.stand_in import StandIn
from ml.signals.local.storage import FolderInUseError, Storage
from tests.signals.stand_in import Running, stand_in

SCHEMA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
WINDOWED = {"name": "views", "type": "int32", "events": [{"name": "page_view"}],
            "aggregation": "counter", "period": "P1D"}  # fmt: skip
LIFETIME = {"name": "pages", "type": "string_list", "events": [], "aggregation": "unique_list",
            "property": {"type": "atomic", "name": "page_urlpath"}}  # fmt: skip


def visit(running: Running, *paths: str, visitor: str = "v") -> None:
    payloads = [
        {"e": "pv", "p": "web", "duid": visitor, "url": f"https://example.com{path}",
         "eid": str(uuid.uuid4())}
        for path in paths
    ]  # fmt: skip
    answer = httpx.post(
        f"{running.url}/com.snowplowanalytics.snowplow/tp2",
        json={"schema": SCHEMA, "data": payloads},
    )
    assert answer.status_code == 200


def events(folder: Path) -> pa.Table:
    return ds.dataset(folder / "events").to_table().sort_by("collector_tstamp")


def test_a_killed_process_loses_at_most_its_last_second(tmp_path: Path) -> None:
    with stand_in(tmp_path) as running:
        running.publish([WINDOWED, LIFETIME])
        visit(running, "/a", "/b", "/a")
        time.sleep(1)
        running.process.kill()
        running.process.wait()
    with stand_in(tmp_path) as running:
        assert running.read("v", ["views", "pages"]) == {"views": 3, "pages": ["/b", "/a"]}
        visit(running, "/c")
        assert running.read("v", ["views", "pages"]) == {"views": 4, "pages": ["/b", "/a", "/c"]}
    # What was taken before and after is there once.
    assert events(tmp_path)["page_urlpath"].to_pylist() == ["/a", "/b", "/a", "/c"]
    assert running.process.returncode == 0


def test_two_stand_ins_do_not_share_a_folder(tmp_path: Path) -> None:
    kept = Storage(tmp_path, StandIn())
    with pytest.raises(FolderInUseError, match="in use by another"):
        Storage(tmp_path, StandIn())
    kept.close()
    Storage(tmp_path, StandIn()).close()


class Kept:
    """A stand-in with its folder, in this process."""

    def __init__(self, folder: Path) -> None:
        self.stand_in = StandIn()
        self.storage = Storage(folder, self.stand_in)

    def publish(self, *attributes: dict[str, Any]) -> None:
        group = {
            "name": "g", "owner": "a@example.com", "is_published": True,
            "attribute_key": {"name": "domain_userid"}, "attributes": attributes,
        }  # fmt: skip
        self.stand_in.registry.create("attribute_groups", json.dumps(group).encode())
        self.stand_in.refresh()

    def take(self, count: int, first: int = 0) -> None:
        for at in range(first, first + count):
            row = {
                "event_name": "page_view", "domain_userid": f"v{at % 7}",
                "page_urlpath": f"/{at % 5}", "event_id": str(at),
                "derived_tstamp": f"2026-05-01 10:{at // 60:02}:{at % 60:02}",
            }  # fmt: skip
            taken = 1_777_629_600_000_000 + at * 1_000_000
            self.storage.event(row, taken)
            self.stand_in.take(row, taken)

    def values(self) -> list[Any]:
        plan = self.stand_in.profiles.plan
        attributes = list(plan.groups[("g", 1)].values())
        now = 1_777_629_600_000_000 + 3_600_000_000
        read = self.stand_in.profiles.read
        return [read("domain_userid", f"v{at}", attributes, now) for at in range(7)]


ALL = [
    WINDOWED,
    LIFETIME,
    *(
        {"name": f"{kind}_{period}", "type": "string", "events": [], "aggregation": kind,
         "property": {"type": "atomic", "name": "page_urlpath"}, "period": period}
        for kind in ("first", "last", "most_frequent", "approx_count_distinct", "category_count")
        for period in (None, "PT2H")
    ),
    *(
        {"name": f"{kind}_age", "type": "double", "events": [], "aggregation": kind,
         "time_unit": "s"}
        for kind in ("time_since_first", "time_since_last")
    ),
    {"name": "total", "type": "double", "events": [], "aggregation": "sum",
     "property": {"type": "atomic", "name": "event_id"}},
]  # fmt: skip


def test_the_log_is_written_anew_and_gives_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.signals.local.journal.CHECKPOINT_BYTES", 50_000)
    monkeypatch.setattr(storage_module, "PROFILES_PER_TICK", 2)
    kept = Kept(tmp_path)
    kept.publish(*ALL)
    for step in range(10):
        # Events are taken while profiles are written, as when the server runs.
        kept.take(70, first=step * 70)
        kept.storage.journal.flush()
        kept.storage.files.write(kept.storage._rows, kept.storage._written + 1)
        kept.storage._written += len(kept.storage._rows)
        kept.storage._rows.clear()
        kept.storage._write_profiles()
    values = kept.values()
    kept.storage.close()
    logs = sorted((tmp_path / "state").glob("*.ndjson"))
    assert logs[0].name != "log-00000001.ndjson"
    again = Kept(tmp_path)
    assert again.values() == values
    again.storage.close()


def test_a_torn_line_and_a_file_of_the_future_lose_nothing_else(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.publish(*ALL)
    kept.take(20)
    values = kept.values()
    kept.storage.journal.flush()
    # As after kill -9: the files of events are not written, the last line is half there.
    (log,) = (tmp_path / "state").glob("*.ndjson")
    with log.open("ab") as file:
        file.write(b'{"e": {"event_na')
    kept.storage._lock.close()
    kept.storage.journal.close()
    again = Kept(tmp_path)
    assert again.values() == values
    assert again.storage.journal.torn == 1
    again.storage.close()
    assert events(tmp_path).num_rows == 20


def test_small_files_become_one(tmp_path: Path) -> None:
    files = EventFiles(tmp_path)
    for number in range(1, 102):
        column = {"contexts_a_b_1": [{"x": number}]} if number % 2 else {}
        files.write([{"event_id": str(number), **column}], number)
    assert [(first, last) for first, last, _ in files.files()] == [(1, 101)]
    table = ds.dataset(tmp_path).to_table()
    assert table["event_id"].to_pylist() == [str(number) for number in range(1, 102)]
    assert table["contexts_a_b_1"].to_pylist()[:2] == ['[{"x":1}]', None]
    assert files.last() == 101
    # A process that was killed between the two steps leaves both.
    files._put(table.slice(0, 1), 1, 1)
    assert [(first, last) for first, last, _ in EventFiles(tmp_path).files()] == [(1, 101)]
