"""Starting and stopping a stand-in on a free loopback port, and the interpreters that it starts."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A procedure's, a notebook's.
TIMEOUT_SECONDS = 900

_ANNOUNCED = re.compile(r"^\S.* at http://127\.0\.0\.1:(?P<port>\d+)$", re.MULTILINE)


def announced(log: str) -> int | None:
    """Read the port that a stand-in announced; None where it does not listen yet."""
    found = _ANNOUNCED.search(log)
    return int(found["port"]) if found else None


def free_port() -> int:
    """Ask the system for a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(name: str, log: Path, *options: str, seconds: float = 180) -> Iterator[int]:
    """Run `python -m tests.emulators.<name>` and yield its port; it ends with this process.

    Parameters
    ----------
    name
        Of the stand-in's package.
    log
        Where its output goes.
    options
        Further arguments.
    seconds
        How long it may take to listen: on a fresh machine, Databricks' fetches Delta Lake first.

    Raises
    ------
    RuntimeError
        It ended, or does not listen in time; with the end of its log.
    """
    command = [sys.executable, "-m", f"tests.emulators.{name}", "--port", "0"]
    command += ["--until-stdin-ends", *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield _await(process, time.monotonic() + seconds, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()


def isolated(interpreter: Path, asked: Mapping[str, object]) -> subprocess.CompletedProcess[str]:
    """Run an `interpreter.py` in a folder of its own, of which nothing stays.

    Parameters
    ----------
    interpreter
        The program, which reads what it is asked from its input.
    asked
        What becomes of it, as JSON.
    """
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, "-I", str(interpreter)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": folder,
                "TMPDIR": folder,
                "PYTHONWARNINGS": "ignore",
            },
        )


def _await(process: subprocess.Popen[bytes], deadline: float, log: Path) -> int:
    while time.monotonic() < deadline and process.poll() is None:
        if port := announced(log.read_text()):
            return port
        time.sleep(0.1)
    raise RuntimeError(f"the stand-in does not listen:\n{log.read_text()[-2000:]}")
