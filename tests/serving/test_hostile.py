"""Requests that nobody means well with: made up from the OpenAPI description, and many at once."""

from __future__ import annotations

import resource
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving.service import Service

CONNECTIONS = 5_000


def test_made_up_requests_get_what_is_described(serve: Service):
    schema = schemathesis.openapi.from_url(f"{serve.url}/schema/openapi.json")
    seen = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # pyright: ignore[reportAttributeAccessIssue]

        @given(operation.as_strategy())
        @settings(
            max_examples=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        def ask(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500
            case.validate_response(
                answer,
                checks=[
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
            )

        ask()
        seen.add(operation.path)
    assert seen == {"/predict", "/predict/batch", "/health", "/ready", "/metrics"}


def memory_mb(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    sizes = [Path(f"/proc/{child}/status").read_text() for child in children]
    return max(float(text.split("VmRSS:")[1].split()[0]) / 1024 for text in sizes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_five_thousand_idle_connections_stop_nobody(serve: Service):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 500:
        pytest.skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 500), hard))
    before = memory_mb(serve.process.pid)
    host, port = serve.url.removeprefix("http://").split(":")
    opened = []
    try:
        for n in range(CONNECTIONS):
            one = socket.create_connection((host, int(port)), timeout=20)
            # Some say nothing, some begin a request and never end it.
            if n % 2:
                one.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\n")
            opened.append(one)
        started = time.monotonic()
        assert serve.predict("visitor-1").status_code == 200
        assert time.monotonic() - started < 5
        grown = memory_mb(serve.process.pid) - before
        assert grown < 200, f"{grown} MB for {CONNECTIONS} connections"
    finally:
        for one in opened:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert serve.predict("visitor-1").status_code == 200
