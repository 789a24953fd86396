"""A local Census: the API of its documentation, over HTTP, with failures on request.

It knows `GET /api/{v1,v2}/syncs/{id}/sync_runs`, `POST .../syncs/{id}/trigger` and
`GET .../sync_runs/{id}`. As Census does, it makes a run `skipped` that is asked for while an
earlier one of the sync goes on.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "census_pat_s3cr3t-0123456789"
# What a fault does: status, whether the request was carried out, headers.
FAULTS: dict[str, tuple[int, bool, dict[str, str]]] = {
    "429": (429, False, {}),
    "429-asks": (429, False, {"Retry-After": "0"}),
    "429-date": (429, False, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "429-long": (429, False, {"Retry-After": "7200"}),
    "500-before": (500, False, {}),
    "500-after": (500, True, {}),
    "503-after": (503, True, {"Retry-After": "0"}),
    "cut-before": (0, False, {}),
    "cut-after": (0, True, {}),
    "slow-after": (-1, True, {}),
    "garbage": (-2, False, {}),
    "garbage-after": (-2, True, {}),
    "wrong-json": (-3, False, {}),
    "wrong-json-after": (-3, True, {}),
    "refused": (-4, False, {}),
    "redirect": (302, False, {"Location": "https://elsewhere.example/"}),
}
SLOW_S = 0.6


@dataclass
class Sync:
    """What a sync's runs do.

    Parameters
    ----------
    result
        Fields of a run that is over.
    polls
        How often a run is seen going on; None: for ever.
    lag_s
        Seconds until a new run is listed.
    """

    result: dict[str, Any] = field(default_factory=dict)
    polls: int | None = 1
    lag_s: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)
    triggered: list[int] = field(default_factory=list)


class Census:
    """State of the server."""

    def __init__(self) -> None:
        self.syncs: dict[int, Sync] = {}
        # What becomes of the next requests: "trigger", "list" or "run" -> faults, in order.
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.always: dict[str, str] = {}
        self.requests: list[str] = []
        # Fields of a run that are told; none: all.
        self.only: set[str] = set()
        self.message_of_refusal = f"no luck with {TOKEN}"
        self.url = ""
        self._ids = itertools.count(94)
        self._polled: dict[int, int] = defaultdict(int)
        self._lock = threading.RLock()

    def sync(self, sync_id: int = 52, **told: Any) -> Sync:
        """Add a sync, which has run once before."""
        sync = self.syncs[sync_id] = Sync(**told)
        earlier = {"id": 7 * sync_id % 90 + 1, "sync_id": sync_id, "status": "completed"}
        sync.runs.append(earlier | counts(3, 3, 0, 0) | moments())
        return sync

    def begin(self, sync_id: int) -> int:
        with self._lock:
            sync = self.syncs[sync_id]
            goes_on = any(run["status"] in ("queued", "working") for run in sync.runs)
            run: dict[str, Any] = {
                "id": next(self._ids), "sync_id": sync_id, "canceled": False, "full_sync": False,
                "error_code": None, "error_message": None, "error_detail": None,
                "status": "skipped" if goes_on else "queued", "current_step": None,
                "records_processed": None, "records_updated": None, "records_failed": None,
                "created_at": now(), "completed_at": now() if goes_on else None,
                "_listed_from": time.monotonic() + sync.lag_s,
            }  # fmt: skip
            sync.runs.append(run)
            sync.triggered.append(run["id"])
            return run["id"]

    def look(self, run_id: int) -> dict[str, Any] | None:
        """A run, which moves on with every look."""
        with self._lock:
            for sync in self.syncs.values():
                for run in sync.runs:
                    if run["id"] != run_id:
                        continue
                    if run["status"] in ("queued", "working"):
                        seen = self._polled[run_id] = self._polled[run_id] + 1
                        if sync.polls is None or seen <= sync.polls:
                            run |= {"status": "working", "current_step": "Running Sync"}
                        else:
                            run |= {"status": "completed", "completed_at": now()}
                            run |= counts(14, 14, 0, 0) | sync.result
                    told = public(run)
                    return {k: v for k, v in told.items() if not self.only or k in self.only}
        return None


def counts(processed: int, updated: int, failed: int, invalid: int) -> dict[str, int]:
    """A run's counts by the names of today's documentation."""
    return {
        "source_record_count": processed + invalid,
        "source_record_invalids": invalid,
        "records_processed": processed,
        "records_updated": updated,
        "records_failed": failed,
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moments() -> dict[str, str]:
    return {"created_at": "2026-11-27T05:31:00.000Z", "completed_at": "2026-11-27T05:32:10.500Z"}


def public(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if not name.startswith("_")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _answer(self, method: str) -> None:
        census = self.server.census
        parts = urlsplit(self.path)
        census.requests.append(f"{method} {self.path}")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if given != TOKEN:
            return self._send(401, {"status": "error", "message": f"bad token {given}"})
        found = re.fullmatch(r"/api/v[12]/(syncs|sync_runs)/(\d+)(?:/(\w+))?", parts.path)
        if found is None:
            return self._send(404, {"status": "404"})
        kind, number, what = found[1], int(found[2]), found[3]
        known = number in census.syncs
        if (method, kind, what) == ("POST", "syncs", "trigger"):
            return self._with_faults("trigger", known, lambda: self._trigger(number, parts.query))
        if (method, kind, what) == ("GET", "syncs", "sync_runs"):
            return self._with_faults("list", known, lambda: self._list(number, parts.query))
        if (method, kind, what) == ("GET", "sync_runs", None):
            run = census.look(number)
            return self._with_faults("run", run is not None, lambda: success(run))
        return self._send(404, {"status": "404"})

    def _with_faults(self, name: str, known: bool, done: Any) -> None:
        census = self.server.census
        if not known:
            return self._send(404, {"status": "404"})
        faults = census.faults[name]
        fault = faults.popleft() if faults else census.always.get(name, "")
        if not fault:
            return self._send(200, done())
        status, carried_out, headers = FAULTS[fault]
        told = done() if carried_out else {}
        if status == 0:
            self.close_connection = True
            return self.connection.close()
        if status == -1:
            time.sleep(SLOW_S)
            return self._send(200, told)
        if status == -2:
            return self._send(200, "<html>Maintenance</html>")
        if status == -3:
            return self._send(200, {"status": "success", "data": {"status": 5, "sync_run_id": "x"}})
        if status == -4:
            return self._send(200, {"status": "error", "message": census.message_of_refusal})
        return self._send(status, {"status": "error", "message": "no"}, headers)

    def _trigger(self, sync_id: int, query: str) -> dict[str, Any]:
        run_id = self.server.census.begin(sync_id)
        full = parse_qs(query).get("force_full_sync") == ["true"]
        self.server.census.syncs[sync_id].runs[-1]["full_sync"] = full
        return success({"sync_run_id": run_id})

    def _list(self, sync_id: int, query: str) -> dict[str, Any]:
        asked = parse_qs(query)
        assert asked["order"] == ["desc"]
        runs = self.server.census.syncs[sync_id].runs
        listed = [run for run in runs if run.get("_listed_from", 0.0) <= time.monotonic()]
        page = [public(run) for run in reversed(listed)][: int(asked["per_page"][0])]
        return success(page) | {"pagination": {"total_records": len(listed), "page": 1}}

    def _send(self, status: int, told: Any, headers: dict[str, str] | None = None) -> None:
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # it did not wait
            self.close_connection = True


def success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, census: Census) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.census = census

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were cut."""


@contextmanager
def serving() -> Iterator[Census]:
    """Serve on a free port of loopback."""
    census = Census()
    with Server(census) as server:
        census.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield census
        finally:
            server.shutdown()
            thread.join()
