from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import fake_signals, service
from tests.serving.champions import champion, write
from tests.serving.fake_signals import FakeSignals
from tests.serving.service import Service

SETTINGS = {
    "signals_timeout": "0.5",
    "failures": "3",
    "pause_seconds": "0.5",
    "origins": "https://shop.example.com",
    "body_seconds": "1",
    "log_requests": "1",
}


@pytest.fixture(scope="module")
def module_signals() -> Iterator[FakeSignals]:
    with fake_signals.running() as fake:
        yield fake


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("champion") / "live.zip"
    write(champion(), path)
    return path


@pytest.fixture(scope="module")
def module_service(file: Path, module_signals: FakeSignals) -> Iterator[Service]:
    """One service for a module: starting takes seconds."""
    with service.running(file, module_signals.url, SETTINGS) as started:
        yield started


@pytest.fixture
def signals(module_signals: FakeSignals) -> Iterator[FakeSignals]:
    yield module_signals
    fresh = FakeSignals()
    fresh.url = module_signals.url
    vars(module_signals).update(vars(fresh))
    module_signals.answer = module_signals.usual


@pytest.fixture
def serve(module_service: Service, signals: FakeSignals) -> Service:
    """The service with a Signals in order, and no failure remembered."""
    module_service.wait_until("status", "ready")
    while module_service.ready().get("signals", "ok") != "ok":
        module_service.predict("somebody else")
    signals.calls.clear()
    signals.bodies.clear()
    return module_service
