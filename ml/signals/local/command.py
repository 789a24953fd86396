"""`cdp signals local`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ml.signals.local.profiles import Limits


@click.command(name="local")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8100, show_default=True,
    help="Port to listen on.",
)  # fmt: skip
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on.",
)  # fmt: skip
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("data/local"),
    show_default=True, help="Where events and the state are kept.",
)  # fmt: skip
@click.option(
    "--most-profiles", type=click.IntRange(min=1), default=Limits.profiles, show_default=True,
    help="Visitors, sessions and other identifiers that are kept.",
)  # fmt: skip
@click.option(
    "--most-events", type=click.IntRange(min=10), default=Limits.events, show_default=True,
    help="Events per visitor and kind of attribute that are kept.",
)  # fmt: skip
@click.option(
    "--replay", is_flag=True,
    help="Callers tell the time (header X-Replay-Now) and send enriched events to /local/events. "
    "Nothing is written.",
)  # fmt: skip
def command(
    port: int, host: str, folder: Path, most_profiles: int, most_events: int, replay: bool
) -> None:
    """Run a local stand-in of a Snowplow collector and of Signals.

    For demos and tests: it takes what trackers send, computes the attributes that were published
    to it, and answers the calls of the official SDK. It is not Signals.
    """
    from ml.signals.local.app import WHAT_IT_IS, App
    from ml.signals.local.server import check_port, serve
    from ml.signals.local.stand_in import StandIn
    from ml.signals.local.storage import FolderInUseError, Storage

    try:
        check_port(host, port)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on --host {host} --port {port}: {error.strerror}. "
            "Stop what listens there, or name another port."
        ) from None

    stand_in = StandIn(Limits(most_profiles, most_events))
    try:
        storage = None if replay else Storage(folder, stand_in)
    except FolderInUseError as error:
        raise click.ClickException(f"--folder {error} Stop that one, or name another.") from None

    def started() -> None:
        kept = "nothing is kept" if storage is None else f"events in {folder / 'events'}"
        click.echo(f"{WHAT_IT_IS}\nCollector and Signals API: http://{host}:{port} ({kept})")

    try:
        asyncio.run(serve(App(stand_in, replay=replay), storage, host, port, started))
        if storage is not None:
            storage.close()
    except (OSError, ExceptionGroup) as error:
        failed = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        if not isinstance(failed, OSError):
            raise
        raise click.ClickException(
            f"Cannot write to --folder {folder}: {failed.strerror}."
        ) from None
    click.echo("Stopped.")
