"""The two ends of `make demo`: where the events come from, and what came out of them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

import click

from ml.data.splits import JUDGED

# As the profile reads it.
WAREHOUSE = click.option(
    "--warehouse",
    envvar="CDP_DUCKDB",
    default="warehouse.duckdb",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The DuckDB file that is built.",
)


class OwnFilesError(click.ClickException):
    """The folder of links holds something that is not a link."""


def find_events(events: str, name: str = "EVENTS") -> list[Path]:
    """Resolve a file, folder or glob to absolute paths.

    Parameters
    ----------
    events : str
        A file, a folder, or a glob such as ``exports/*.parquet``.
    name : {"EVENTS", "WEB"}
        What it was given as, for the error.

    Returns
    -------
    list of pathlib.Path
        One folder, or one or more files, sorted.

    Raises
    ------
    click.ClickException
        Where nothing is there.
    """
    found = (
        [Path(events)]
        if Path(events).exists()
        else [
            Path(path)
            for path in sorted(glob(events))  # noqa: PTH207 - Path.glob takes no absolute one
        ]
    )
    if not found:
        raise click.ClickException(f"{name}={events}: no such file, folder or glob.")
    return [path.resolve() for path in found]


def link_events(found: list[Path], folder: Path) -> None:
    """Make `folder` show the events: a link to a folder, or a folder of links to files.

    Parameters
    ----------
    found : list of pathlib.Path
        What :func:`find_events` returned.
    folder : pathlib.Path
        The place dbt reads by default. Links in it are replaced; files are not.

    Raises
    ------
    OwnFilesError
        Where the folder holds files that are not links.
    """
    clear_links(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if len(found) == 1 and found[0].is_dir():
        folder.symlink_to(found[0], target_is_directory=True)
        return
    folder.mkdir()
    for number, path in enumerate(found):
        name = path.name if len({p.name for p in found}) == len(found) else f"{number}_{path.name}"
        (folder / name).symlink_to(path)


def clear_links(folder: Path) -> None:
    """Remove a link to a folder, or a folder of links.

    Parameters
    ----------
    folder : pathlib.Path
        What :func:`link_events` made, if anything.

    Raises
    ------
    OwnFilesError
        Where the folder holds files that are not links.
    """
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        own = [path.name for path in folder.iterdir() if not path.is_symlink()]
        if own:
            raise OwnFilesError(
                f"{folder} holds files of your own ({', '.join(sorted(own)[:3])}); move them away, "
                f"or build from them with .venv/bin/dbt build."
            )
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def set_aside(warehouse: Path, origin: Path, events: str) -> Path | None:
    """Keep a warehouse that was built from other events, under another name.

    A model learnt from one site's events must not score another's visitors.

    Parameters
    ----------
    warehouse, origin : pathlib.Path
        The database, and the text file that names the events it was built from.
    events : str
        The events that it will be built from now.

    Returns
    -------
    pathlib.Path or None
        Where the old warehouse is, if there was one.
    """
    same = origin.exists() and origin.read_text() == events
    origin.parent.mkdir(parents=True, exist_ok=True)
    origin.write_text(events)
    if same or not warehouse.exists():
        return None
    return warehouse.replace(warehouse.with_suffix(".previous.duckdb"))


@click.group()
def main() -> None:
    """Do one end of `make demo`."""


@main.command()
@click.option("--events", default="", help="File, folder or glob; empty: simulate.")
@click.option("--web", default="", help="Folder of modelled page views, sessions and users.")
@click.option("--count", default=1_000_000, help="How many events to simulate.")
@WAREHOUSE
def prepare(events: str, web: str, count: int, warehouse: Path) -> None:
    """Put data where dbt reads it by default: events in data/events, web tables in data/web."""
    data = Path("data")
    clear_links(data / "web")
    tables = find_events(web, "WEB") if web else []
    if tables:
        link_events(tables, data / "web")
    if events:
        found = find_events(events)
    elif tables:
        found = []
    else:
        simulated = data / "simulated"
        marker = data / "simulated.count"
        if not marker.exists() or marker.read_text() != str(count):
            cdp = Path(sys.executable).with_name("cdp")
            command = [cdp, "simulate", "--out", simulated, "--events", str(count), "--force"]
            subprocess.run(command, check=True)
            marker.write_text(str(count))
        found = [(simulated / "events").resolve()]
    if found:
        link_events(found, data / "events")
    else:
        clear_links(data / "events")
    sources = "\n".join(map(str, [*found, *tables]))
    # Each database has an origin of its own.
    known_as = hashlib.sha256(str(warehouse.resolve()).encode()).hexdigest()[:12]
    old = set_aside(warehouse, data / "origins" / known_as, f"{sources}\n{count}")
    if old:
        click.echo(f"Other data than before: a new {warehouse}; the last one is now {old}.")


@main.command()
@WAREHOUSE
def summary(warehouse: Path) -> None:
    """Print what the build made of the events."""
    import duckdb

    simulated = Path("data/events").resolve() == Path("data/simulated/events").resolve()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        click.echo(summarise(connection, with_keys=simulated))
    click.echo(f"Everything is in {warehouse}. `.venv/bin/dbt build` brings it up to date.")


def summarise(connection: object, *, with_keys: bool = False) -> str:
    """Describe the build's outcome: events, models, audience.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A warehouse that `dbt build` has filled.
    with_keys : bool
        Whether to show who the likeliest are. Not of real people: a log may keep what is printed.

    Returns
    -------
    str
        Several lines of text.
    """
    query = connection.execute  # type: ignore[attr-defined]
    lines = [*_told_of_events(query), *_told_of_models(query), *_told_of_audience(query, with_keys)]
    return "\n".join([*lines, ""])


def _told_of_events(query: Callable[[str], Any]) -> list[str]:
    lines = ["", "Events"]
    for outcome, number in query(
        "select outcome, num_events from rpt_event_intake "
        "where column_name is null order by num_events desc"
    ).fetchall():
        lines.append(f"  {outcome.replace('_', ' '):<36}{number:>12,}")
    if len(lines) == 2:
        lines.append("  none: what is built from events is empty")
    unread = query("""
        select source, column_name, replace(outcome, '_', ' '), num_events, message
        from rpt_event_intake where column_name is not null
        order by num_events desc, source, column_name, outcome
    """).fetchall()
    if unread:
        lines += ["", "What could not be read"]
        lines += [
            f"  {source}, {column}: {outcome}{f' {number:,}' if number else ''}. {message}"
            for source, column, outcome, number, message in unread
        ]
    lines += ["", "Web tables"]
    for table in ("page_views", "sessions", "users"):
        (number,) = query(f"select count(*) from stg_snowplow__{table}").fetchone()
        lines.append(f"  {table.replace('_', ' '):<36}{number:>12,}")
    return lines


def _told_of_models(query: Callable[[str], Any]) -> list[str]:
    lines = ["", "Models, on rows they were not trained on"]
    evaluated = query("""
        select c.model_name, max(case when metric = 'roc_auc' then value end),
            max(case when metric = 'roc_auc' then value_low end),
            max(case when metric = 'roc_auc' then value_high end),
            max(case when metric = 'log_loss' then value end),
            max(case when metric = 'base_rate' then value end),
            max(case when metric = 'ece' then value end), max(split)
        from propensity_champions as c
        join propensity_evaluation as e using (model_name, version)
        where dataset = 'test' group by 1 order by 1
    """).fetchall()
    for name, auc, low, high, log_loss, base_rate, ece, split in evaluated:
        lines.append(
            f"  {name:<12} ROC AUC {auc:.3f} ({low:.3f} to {high:.3f}), log loss {log_loss:.4f}, "
            f"calibration error {ece:.4f}, base rate {base_rate:.2%}"
        )
        lines.append(f"  {'':<12} {JUDGED.get(split, split)}")
    for name, reason in query("""
        select model_name, arg_max(decision_reason, (trained_at, version)) from propensity_models
        where model_name not in (select model_name from propensity_champions)
        group by 1 order by 1
    """).fetchall():
        lines.append(f"  {name:<12} not in use: {reason}")
    for name, reason in query("""
        select model_name, not_trained_reason from trn_readiness
        where not_trained_code is not null order by 1
    """).fetchall():
        lines.append(f"  {name:<12} not trained: {reason}")
    return lines


def _told_of_audience(query: Callable[[str], Any], with_keys: bool) -> list[str]:
    lines = ["", "Audience"]
    for name, number in query(
        "select name, num_people from rpt_audience_funnel order by step"
    ).fetchall():
        lines.append(f"  {name:<36}{number:>12,}")
    top = query("""
        select coalesce(propensity_score, first_touch_score) as score,
            case when propensity_score is null then first_touch_label else propensity_label end,
            audience_key,
            replace(concat_ws('; ', reason_1, reason_2, reason_3), 'Associated with ', '')
        from aud_prospects where coalesce(propensity_score, first_touch_score) is not null
        order by score desc, audience_key limit 5
    """).fetchall()
    if top:
        lines += ["", "Most likely to convert, and what that is associated with"]
        lines += [
            f"  {score:6.1%}  {label:<6}  {f'{key}  ' if with_keys else ''}{why}"
            for score, label, key, why in top
        ]
    return lines


if __name__ == "__main__":
    main()
