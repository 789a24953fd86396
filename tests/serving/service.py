"""`cdp serve` as its users start it, on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.signals.stand_in import free_port

CDP = Path(sys.executable).with_name("cdp")
START_S = 120


@dataclass
class Service:
    """A service that runs.

    Attributes
    ----------
    url : str
    process : subprocess.Popen
    log : Path
    client : httpx.Client
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client = field(repr=False)

    def predict(self, visitor: str = "someone", **headers: str) -> httpx.Response:
        return self.client.post("/predict", json={"domain_userid": visitor}, headers=headers)

    def ready(self) -> dict[str, Any]:
        return self.client.get("/ready").json()

    def wait_until(self, key: str, value: str) -> dict[str, Any]:
        """Ready's answer, as soon as one of its fields holds a text."""
        until = time.monotonic() + START_S
        found = self.ready()
        while time.monotonic() < until:
            found = self.ready()
            if found[key] == value or (key != "status" and value in found[key]):
                return found
            time.sleep(0.05)
        msg = f"{key} did not become {value}: {found}"
        raise AssertionError(msg)

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """Its exit code after SIGTERM."""
        self.process.terminate()
        return self.process.wait(60)


@contextlib.contextmanager
def running(
    file: Path,
    signals_url: str,
    settings: dict[str, str] | None = None,
    *,
    options: tuple[str, ...] = (),
    wait: bool = True,
) -> Iterator[Service]:
    """Start it on a file; the settings are named without CDP_SERVE_."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SP_", "CDP_"))}
    chosen = {"rate": "0", "poll_seconds": "0", **(settings or {})}
    kept |= {f"CDP_SERVE_{name.upper()}": value for name, value in chosen.items()}
    kept |= {"SP_SANDBOX_URL": signals_url, "SP_SANDBOX_TOKEN": "a-token"}
    log = file.with_name(f"serve-{port}.log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [CDP, "serve", "--file", file, "--port", str(port), *options],
            env=kept,
            stdout=out,
            stderr=out,
        )
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=30) as client:
        service = Service(url, process, log, client)
        try:
            until = time.monotonic() + START_S
            while time.monotonic() < until:
                if process.poll() is not None:
                    raise AssertionError(log.read_text())
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/ready").status_code == 200 or not wait:
                        break
                time.sleep(0.1)
            yield service
        finally:
            if process.poll() is None:
                service.stop()
