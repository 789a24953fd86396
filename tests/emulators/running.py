"""Starting and stopping a stand-in on a free loopback port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Ask the system for a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(name: str, log: Path, *options: str, seconds: float = 90) -> Iterator[int]:
    """Run `python -m tests.emulators.<name>` and yield its port.

    Parameters
    ----------
    name
        Of the stand-in's package.
    log
        Where its output goes.
    options
        Further arguments.
    seconds
        How long it may take to listen.

    Raises
    ------
    RuntimeError
        It ended, or does not listen in time; with the end of its log.
    """
    port = free_port()
    command = [sys.executable, "-m", f"tests.emulators.{name}", "--port", str(port), *options]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await(process, port, time.monotonic() + seconds, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, deadline: float, log: Path) -> None:
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the stand-in does not listen:\n{log.read_text()[-2000:]}")
