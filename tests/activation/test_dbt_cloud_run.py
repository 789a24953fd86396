"""A job of dbt Cloud, run over HTTP against a local one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tools.dbt_cloud_run import RunError, run_job

STEPS = ["Clone git repository", "Invoke dbt with `dbt source freshness`"]
STEPS += ["Invoke dbt with `dbt build`", "Invoke dbt with `dbt docs generate`"]


class Cloud:
    """dbt Cloud with one job, whose run is over at the third look."""

    def __init__(self) -> None:
        self.succeeds = True
        self.steps = STEPS
        self.failures: list[int] = []
        self.requests: list[str] = []
        self.url = ""

    def run(self) -> dict[str, Any]:
        looks = sum("/runs/70/?" in line for line in self.requests)
        steps = [{"index": number, "name": name} for number, name in enumerate(self.steps, 1)]
        return {
            "id": 70, "is_complete": looks >= 2, "is_success": looks >= 2 and self.succeeds,
            "status_humanized": "Success" if self.succeeds else "Error", "run_steps": steps,
        }  # fmt: skip


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    state = Cloud()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.requests.append(self.path)
            if state.failures:
                return self._send(state.failures.pop(), {})
            if "/artifacts/" in parts.path:
                step = parse_qs(parts.query)["step"][0]
                return self._send(200, {"file": Path(parts.path).name, "step": step})
            return self._send(200, {"data": state.run()})

        def do_POST(self) -> None:
            state.requests.append(self.path)
            assert self.headers["Authorization"] == "Bearer t"
            known = self.path == "/api/v2/accounts/1/jobs/9/run/"
            self._send(200 if known else 404, {"data": {"id": 70}})

        def _send(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}/api/v2/accounts/1/"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield state
        server.shutdown()


def run(cloud: Cloud, folder: Path, job_id: str = "9") -> None:
    with httpx.Client(base_url=cloud.url, headers={"Authorization": "Bearer t"}) as client:
        run_job(client, job_id, folder, poll_s=0.01)


def test_the_files_are_those_of_the_build_and_not_of_the_last_step(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.failures = [502, 500]
    run(cloud, tmp_path / "target")
    for name in ("manifest.json", "run_results.json"):
        told = json.loads((tmp_path / "target" / name).read_text())
        assert told == {"file": name, "step": "3"}
    assert sum("/jobs/" in line for line in cloud.requests) == 1


def test_a_run_that_failed_leaves_no_file(cloud: Cloud, tmp_path: Path) -> None:
    cloud.succeeds = False
    with pytest.raises(RunError, match="run 70 did not succeed: Error"):
        run(cloud, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_job_that_builds_nothing_is_an_error_that_names_its_steps(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.steps = STEPS[:2]
    with pytest.raises(RunError, match="no step of run 70 is a `dbt build`; steps: Clone git"):
        run(cloud, tmp_path)


def test_an_unknown_job_is_an_error(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="dbt Cloud answered 404 to POST"):
        run(cloud, tmp_path, "8")
    assert len(cloud.requests) == 1
