"""The HTTP server: granian with one process per worker, which stop when their requests are done."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from ml.serving.logs import CONFIG

# Seconds that a worker has for the requests in flight once it is told to stop.
_STOP_S = 20
_HEADER_MS = 10_000


class _Server(MPServer):
    """Granian, but SIGHUP looks for a new champion instead of starting workers anew."""

    reload_champion: Callable[[], None]

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        self.reload_champion()


def run(
    folder: Path, host: str, port: int, workers: int, reload_champion: Callable[[], None]
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Parameters
    ----------
    folder
        The run folder.
    host, port
        Where to listen.
    workers
        Processes.
    reload_champion
        Called on SIGHUP.
    """
    figures = folder / "metrics"
    figures.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)
    # Forked from a process that has threads of XGBoost and a warehouse's driver, workers could
    # wait for locks that nobody holds.
    multiprocessing.set_start_method("spawn", force=True)
    server = _Server(
        "ml.serving.app:app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        backlog=8192,
        backpressure=8192,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MS),
        log_level=LogLevels.warning,
        log_dictconfig=CONFIG,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_S,
    )
    server.reload_champion = reload_champion
    server.serve()
