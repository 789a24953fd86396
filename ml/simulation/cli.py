"""`cdp simulate`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click
from tqdm import tqdm

from ml.simulation.defects import DEFECTS, check_rates
from ml.simulation.generate import OUTPUTS, Simulation, clear_output, simulate


@click.command(name="simulate")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder to write to: events/ and truth/ below it.",
)  # fmt: skip
@click.option(
    "--events", type=click.IntRange(min=1000), default=Simulation.events, show_default=True,
    help="Events to write, met within 2 % (5 % below 50,000).",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(min=1, max=3650), default=Simulation.days, show_default=True,
    help="Days that they span.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), default=Simulation.seed, show_default=True,
    help="Same seed and options, same bytes.",
)  # fmt: skip
@click.option(
    "--start", type=click.DateTime(["%Y-%m-%d"]), default=str(Simulation.start), show_default=True,
    help="First day, UTC.",
)  # fmt: skip
@click.option(
    "--entity-format", type=click.Choice(["struct", "json"]), default=Simulation.entity_format,
    show_default=True,
    help="Entity columns as lists of structs (Databricks) or as JSON text (Snowflake).",
)  # fmt: skip
@click.option(
    "--with", "defects", multiple=True, metavar="NAME=RATE",
    help="Add a defect of real pipelines (repeatable), one of:\n\n\b\n"
    + "\n".join(f"{name}: {text}" for name, text in DEFECTS.items()),
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace what an earlier run wrote below --out.")
@click.option("--quiet", is_flag=True, help="No progress bar, no summary.")
def command(
    out: Path,
    events: int,
    days: int,
    seed: int,
    start: dt.datetime,
    entity_format: str,
    defects: tuple[str, ...],
    force: bool,
    quiet: bool,
) -> None:
    """Write Snowplow-shaped events of a simulated site, and the truth behind them.

    OUT/events/load_date=YYYY-MM-DD/events.parquet holds atomic events by day of arrival: point
    CDP_EVENTS at OUT/events/**/*.parquet. OUT/truth holds the chance of a conversion
    (`submit_form`) given the hidden state and given the observed history: live/ per event within
    an hour, daily/ per visitor and midnight within 7 days. No model may read it.
    """
    rates = _rates(defects)
    settings = Simulation(out, events, days, seed, start.date(), entity_format, rates)
    _make_room(out, force)
    bar = tqdm(
        total=events, unit="event", unit_scale=True, file=sys.stderr, desc="simulate",
        disable=True if quiet else None,
    )  # fmt: skip
    with bar:
        summary = simulate(settings, lambda count: _advance(bar, count))
    if not quiet:
        click.echo(
            f"{summary.events:,} events of {summary.visitors:,} visitors with "
            f"{summary.conversions:,} conversions, {summary.first_day} to {summary.last_day}, "
            f"in {out}",
            err=True,
        )
        if rates:
            click.echo(
                f"{summary.added:,} events added by {', '.join(rates)}; {summary.not_arrived:,} "
                "would arrive after the last day and are not written",
                err=True,
            )


def _advance(bar: tqdm, count: int) -> None:
    bar.update(count)


def _rates(defects: tuple[str, ...]) -> dict[str, float]:
    """Read `NAME=RATE` pairs."""
    rates = {}
    for text in defects:
        name, _, rate = text.partition("=")
        try:
            rates[name] = float(rate)
        except ValueError:
            raise click.BadParameter(
                f"{text!r} is not NAME=RATE, e.g. duplicates=0.01.", param_hint="--with"
            ) from None
    try:
        check_rates(rates)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--with") from None
    return rates


def _make_room(out: Path, force: bool) -> None:
    """Make sure that nothing of an earlier run is mixed into this one."""
    if not out.exists() or not any(out.iterdir()):
        return
    if not force:
        raise click.ClickException(
            f"--out {out} is not empty. Name another folder, or add --force to replace its "
            f"{' and '.join(name + '/' for name in OUTPUTS)}."
        )
    clear_output(out)
