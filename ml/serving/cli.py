"""`cdp serve`: the API, from a warehouse or a file."""

from __future__ import annotations

import logging.config
import os
import socket
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ml.engines import connections


@click.command(name="serve")
@connections.options
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead of a warehouse: a file of `cdp export-model`, its card beside it.",
)
@click.option("--model", default="live", show_default=True, help="The model whose champion serves.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True, help="Port to listen at.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that answer; as many as cores to spare.",
)
def command(
    file: Path | None,
    model: str,
    host: str,
    port: int,
    workers: int,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Score visitors while they browse, by HTTP: POST /predict.

    Attributes come from Snowplow Signals: SP_API_URL, SP_ORG_ID, SP_API_KEY_ID and SP_API_KEY, or
    SP_SANDBOX_URL and SP_SANDBOX_TOKEN. The variables CDP_SERVE_* say who may call, how much, and
    what happens if Signals is slow or down: dbt_project/docs/serving.md lists them.

    A new champion is served within CDP_SERVE_POLL_SECONDS, or at once on SIGHUP.
    """
    absent = [n for n in ("granian", "httpx", "litestar", "numba") if find_spec(n) is None]
    if absent:
        msg = f"{absent[0]} is not installed; pip install 'cdp-propensity[serve]'."
        raise click.ClickException(msg)
    from ml.serving.logs import CONFIG
    from ml.serving.settings import RUN_FOLDER, Settings, SettingsError
    from ml.signals.client import connection
    from ml.signals.errors import SignalsError

    logging.config.dictConfig(CONFIG)
    context = click.get_current_context()

    def opened() -> connections.Reader:
        with context.scope(cleanup=False):  # `connections` asks it, also in the loader's thread
            return connections.opened(**where)

    try:
        settings = Settings.read(os.environ)
        to = connection(os.environ)
        check_port(host, port)
        # They import XGBoost and more, which takes seconds.
        from ml.serving import server, source
        from ml.serving.loader import Loader

        find = source.from_file(file) if file else source.from_warehouse(opened, model)
        with tempfile.TemporaryDirectory(prefix="cdp-serve-") as name:
            folder = Path(name)
            loader = Loader(folder, find, source.published(to), settings.poll_seconds)
            state = loader.load()
            if not state.model:
                raise click.ClickException(state.problem)
            os.environ[RUN_FOLDER] = name
            loader.follow()
            try:
                server.run(folder, host, port, workers, loader.wake)
            finally:
                loader.stop()
    except (SettingsError, SignalsError) as error:
        raise click.ClickException(str(error)) from error


def check_port(host: str, port: int) -> None:
    """Say that a port is taken before anything is loaded."""
    with suppress(socket.gaierror):
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                msg = (
                    f"{host}:{port} cannot be listened at ({error.strerror}); name another --port."
                )
                raise click.ClickException(msg) from error
