"""The stand-in of collector and Signals, as its users start it: `cdp signals local`, real HTTP."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TOKEN = "any-token"
OWNER = "team@example.com"


@dataclass
class Running:
    """A stand-in that runs.

    Attributes
    ----------
    url : str
    process : subprocess.Popen
    client : httpx.Client
        Speaks to `url`, with a token of the Signals API.
    printed : str
        What it printed, once it has ended.
    """

    url: str
    process: subprocess.Popen[str]
    client: httpx.Client
    printed: str = ""

    def publish(
        self, attributes: list[dict[str, Any]], *, name: str = "g", version: int = 1, **more: Any
    ) -> None:
        """Publish attributes as one group on `domain_userid`."""
        group = {
            "name": name,
            "version": version,
            "attribute_key": {"name": "domain_userid"},
            "owner": OWNER,
            "is_published": True,
            "attributes": attributes,
            **more,
        }
        self.client.post("/api/v1/registry/attribute_groups/", json=group).raise_for_status()

    def read(
        self, visitor: str, names: list[str], *, group: str = "g_v1", now: str | None = None
    ) -> dict[str, Any]:
        """Attributes of one visitor, by name."""
        body = {
            "attribute_keys": {"domain_userid": [visitor]},
            "attributes": [f"{group}:{name}" for name in names],
        }
        headers = {} if now is None else {"X-Replay-Now": now}
        answer = self.client.post("/api/v1/get-online-attributes", json=body, headers=headers)
        return {name: answer.raise_for_status().json()[name][0] for name in names}

    def replay(self, events: list[dict[str, Any]], now: str) -> None:
        """Hand over enriched events; `--replay` only."""
        answer = self.client.post("/local/events", json=events, headers={"X-Replay-Now": now})
        answer.raise_for_status()

    def stats(self) -> dict[str, Any]:
        """What was taken, refused and dropped."""
        return self.client.get("/local/stats").raise_for_status().json()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def stand_in(
    folder: Path, *options: str, replay: bool = False, port: int | None = None
) -> Iterator[Running]:
    """Start the stand-in on a free port, and stop it afterwards as Ctrl-C does.

    Parameters
    ----------
    folder : pathlib.Path
        Where it keeps its state.
    *options : str
        Further options of `cdp signals local`.
    replay : bool
        Whether the caller tells the time.
    port : int, optional
    """
    port = port or free_port()
    command = [
        str(Path(sys.executable).with_name("cdp")), "signals", "local",
        "--port", str(port), "--folder", str(folder), *options,
    ]  # fmt: skip
    process = subprocess.Popen(
        command + ["--replay"] * replay,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "http://" in line:
            break
    else:
        raise RuntimeError(f"{' '.join(command)} ended with {process.wait()}")
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        running = Running(url, process, client)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                running.printed = line + process.communicate(timeout=20)[0]
            finally:
                process.kill()
