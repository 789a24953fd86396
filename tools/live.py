"""`make live`: stand-in of collector and Signals, API and demo site, from one command to Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from ml.engines.connections import WarehouseError, open_duckdb
from ml.signals.champion import Champion, read_champion
from ml.signals.client import Client, connection
from ml.signals.definitions import Feature, SignalsError, of_model, read_features
from ml.signals.registry import carry_out, plan, read_state
from tools.live_site import SITE, Settings, Site

PAGES = Path(__file__).resolve().parents[1] / "live" / "dist"
CDP = Path(sys.executable).with_name("cdp")
START_S, STOP_S = 180, 10
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WELCOME = """
  The demo site   {address}
                  (or http://127.0.0.1:{port}/ if your browser does not know that name)
  The API         http://127.0.0.1:{api}/docs
  The model       {model} {version}; one in {one_in:.0f} converts

Open the site, look at the prices, and begin to fill in the form to request a demo. The panel shows
what is measured and what the model makes of it. From {offer:.1%} on, the site makes an offer.

What you do is written to {events}. `make demo EVENTS={events}` builds from your own
clicks, and trains on them once there are enough. Nothing leaves this computer.
Ctrl-C ends everything.
"""


@dataclass(frozen=True)
class Ports:
    """Where everything listens on the loopback address."""

    site: int
    collector: int
    api: int

    def check(self) -> None:
        """Stop with an error that names the variable if a port is taken."""
        for name, port in vars(self).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    msg = (
                        f"port {port}, for the {name}, is not free ({error.strerror}). "
                        f"Take another: make live {name.upper()}_PORT={port + 1}"
                    )
                    raise click.ClickException(msg) from error


@dataclass(frozen=True)
class Process:
    """A program that runs beside this one, with its output in a file."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Stop with an error that has its last words if it has ended."""
        code = self.running.poll()
        if code is not None:
            raise click.ClickException(f"{self.name} ended with code {code}. {self.last_words()}")

    def last_words(self) -> str:
        """The end of its output."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"{self.log} ends so:", *lines[-15:]])

    def stop(self) -> None:
        """End it, and whatever it started: they share a process group."""
        if self.running.poll() is None:
            self.running.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()


@contextmanager
def process(
    name: str, command: list[object], environment: dict[str, str], log: Path
) -> Iterator[Process]:
    """Run a command; it has ended when the block ends.

    Its process group is its own, so that Ctrl-C reaches this program only, which then ends the
    others in order.
    """
    with log.open("wb") as output:
        running = subprocess.Popen(
            [str(part) for part in command],
            # Without an account of Signals that the shell may have.
            env={k: v for k, v in os.environ.items() if not k.startswith("SP_")} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Process(name, running, log)
    try:
        yield child
    finally:
        child.stop()


def wait_for(url: str, *processes: Process) -> None:
    """Return when a URL answers 200; fail if a process ends before that, or it takes too long."""
    until = time.monotonic() + START_S
    answer = "nothing"
    while time.monotonic() < until:
        for child in processes:
            child.check()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as error:
            answer = f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            answer = str(error)
        time.sleep(0.1)
    msg = f"{url} is not ready after {START_S} s; it answers: {answer}. "
    raise click.ClickException(msg + processes[-1].last_words())


@dataclass(frozen=True)
class Live:
    """Everything that runs."""

    site: Site
    processes: list[Process]

    @property
    def address(self) -> str:
        """Where the home page is."""
        return f"http://www.{SITE}:{self.site.port}/"

    def check(self) -> None:
        """Stop with an error if something has ended."""
        for child in self.processes:
            child.check()


@dataclass(frozen=True)
class Served:
    """A champion, its warehouse, and the features that its model may learn from."""

    warehouse: Path
    champion: Champion
    features: dict[str, Feature]


@contextmanager
def live(served: Served, folder: Path, ports: Ports, settings: Settings) -> Iterator[Live]:
    """Start everything, and end everything when the block ends.

    Parameters
    ----------
    served
        What is published and scored by.
    folder
        For events, state and logs.
    ports
        Free ones.
    settings
        Of the site.
    """
    if not (PAGES / "index.html").exists():
        raise click.ClickException(f"{PAGES} is not built: npm ci && npm run build in live/.")
    ports.check()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    collector = f"http://127.0.0.1:{ports.collector}"
    signals = {"SP_SANDBOX_URL": collector, "SP_SANDBOX_TOKEN": "local"}
    local: list[object] = [CDP, "signals", "local", "--port", ports.collector, "--folder", folder]
    serve: list[object] = [CDP, "serve", "--warehouse", served.warehouse, "--port", ports.api]
    with (
        Site(PAGES, ports.site, settings) as site,
        process("cdp signals local", local, {}, logs / "signals.log") as standin,
    ):
        wait_for(f"{collector}/health", standin)
        publish(served, signals)
        origins = {"CDP_SERVE_ORIGINS": ",".join(site.origins)}
        with process("cdp serve", serve, signals | origins, logs / "serve.log") as api:
            wait_for(f"http://127.0.0.1:{ports.api}/ready", standin, api)
            threading.Thread(target=site.serve_forever, daemon=True).start()
            try:
                yield Live(site, [standin, api])
            finally:
                site.shutdown()


def publish(served: Served, signals: Mapping[str, str]) -> None:
    """Publish the model's attributes, as `cdp signals publish`; what is there already stays."""
    now, nobody = datetime.now(UTC), "nobody@example.com"  # Signals wants an owner's address
    try:
        with Client(connection(signals)) as client:
            state = read_state(client, served.champion.model_name)
            made = plan(served.champion, served.features, state, owner=nobody, now=now)
            for _ in carry_out(client, made.steps):
                pass
    except SignalsError as error:
        raise click.ClickException(f"nothing was published: {error}") from error


def find_champion(warehouse: Path) -> Served:
    """Read the champion of `live`, or fail with what to do."""
    if not warehouse.exists():
        msg = f"there is no {warehouse}. `make demo` builds it, with a champion of live in it."
        raise click.ClickException(msg)
    try:
        with open_duckdb(warehouse) as reader:
            champion = read_champion(reader, "live")
            return Served(warehouse, champion, of_model(read_features(reader), "live"))
    except (SignalsError, WarehouseError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--warehouse",
    envvar="CDP_DUCKDB",
    default="warehouse.duckdb",
    show_default=True,
    type=click.Path(path_type=Path),
    help="DuckDB file that make demo built.",
)
@click.option(
    "--folder",
    default="data/live",
    show_default=True,
    type=click.Path(path_type=Path),
    help="For events, state and logs.",
)
@click.option("--site-port", default=8080, show_default=True)
@click.option("--collector-port", default=8100, show_default=True)
@click.option("--api-port", default=8000, show_default=True)
@click.option(
    "--offer-above",
    type=click.FloatRange(0, 1),
    help="Score from which the site makes its offer; by default where the label High begins.",
)
@click.option("--refresh", default=10.0, show_default=True, help="Seconds between scores.")
@click.option("--heartbeat", default=10, show_default=True, help="Seconds between page pings.")
def main(
    warehouse: Path,
    folder: Path,
    site_port: int,
    collector_port: int,
    api_port: int,
    offer_above: float | None,
    refresh: float,
    heartbeat: int,
) -> None:
    """Run the live page until Ctrl-C."""
    served = find_champion(warehouse)
    champion = served.champion
    offer = champion.label_from["High"] if offer_above is None else offer_above
    ports = Ports(site=site_port, collector=collector_port, api=api_port)
    settings = Settings(
        collector_port, api_port, offer, refresh, heartbeat, min_visit_length_s=min(5, heartbeat)
    )
    for number in ENDING:
        signal.signal(number, interrupt)
    click.echo("Starting the stand-in of collector and Signals, the API and the site ...")
    try:
        with live(served, folder, ports, settings) as running:
            about = {"address": running.address, "port": site_port, "api": api_port, "offer": offer}
            about |= {"model": champion.model_name, "version": champion.version}
            about |= {"one_in": 1 / champion.base_rate, "events": folder / "events"}
            click.echo(WELCOME.format(**about))
            while True:
                time.sleep(0.3)
                running.check()
    except KeyboardInterrupt:
        click.echo("\nEverything has ended.")


def interrupt(*_: object) -> None:
    """End, and let nothing interrupt the ending."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
