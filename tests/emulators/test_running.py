from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tools.stand_ins import ROOT

PARENT = """
import sys, time
from pathlib import Path
from tools.stand_ins import running

with running("snowflake", Path(sys.argv[1])) as port:
    print(port, flush=True)
    time.sleep(600)
"""


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_stand_in_ends_with_who_started_it_and_leaves_no_file(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path / "log"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(own)},
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert listens(port)
        assert [path.name.rstrip("_")[:15] for path in own.iterdir()] == ["fakesnow_bucket"]
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while (listens(port) or list(own.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not listens(port)
    assert list(own.iterdir()) == []
