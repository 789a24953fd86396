"""Runs the stand-in on a port until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from ml.signals.local.app import App
from ml.signals.local.storage import Storage

IDLE_SECONDS = 75
"""A connection that says nothing for so long is closed: longer than clients keep theirs open."""

MOST_CONNECTIONS = 10_000
"""Connections that are answered at once; further ones wait."""


def check_port(host: str, port: int) -> None:
    """Make sure that nothing listens on a port. The server would share it without a word.

    Raises
    ------
    OSError
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


async def serve(
    app: App, storage: Storage | None, host: str, port: int, started: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM.

    Parameters
    ----------
    app : App
    storage : Storage, optional
    host : str
    port : int
    started : callable
        Called once the server listens.
    """
    _allow_files(MOST_CONNECTIONS + 1000)
    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_SECONDS * 1000),
        log_enabled=False,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    await _until_listening(host, port, serving)
    started()
    ends = [serving, asyncio.create_task(stopping.wait())]
    if storage is not None:
        ends.append(asyncio.create_task(storage.run()))
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    app.stand_in.subscribers.close()
    server.stop()
    await serving
    if storage is not None:
        storage.stop()
        await ends[2]
    ends[1].cancel()
    for task in done:
        task.result()


def _allow_files(count: int) -> None:
    """Let the process open so many files, or as many as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    if resource.RLIM_INFINITY != soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


async def _until_listening(host: str, port: int, serving: asyncio.Task[None]) -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        return
    await serving
