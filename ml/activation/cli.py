"""`cdp activate`: Census syncs the audiences that dbt has just built."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ml.engines import connections

_INTERRUPTED = 130


@click.command(name="activate")
@click.option(
    "--sync",
    "sync_ids",
    type=click.IntRange(min=1),
    multiple=True,
    envvar="CENSUS_SYNC_IDS",
    show_envvar=True,
    help="Id of a sync; may be repeated. By default those that the project names.",
)
@click.option(
    "--audience",
    "chosen",
    multiple=True,
    help="Only the syncs of this model; may be repeated.",
)
@click.option("--full-sync", is_flag=True, help="Send all records, not only differences.")
@click.option(
    "--wait/--no-wait", default=True, show_default=True, help="Wait until the runs are over."
)
@click.option(
    "--max-failed-share",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of a run's records that may fail or be invalid.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, trigger nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document for programs.")
@click.option("--skip-build-check", is_flag=True, help="Do not look at how the build went.")
@click.option(
    "--max-build-age",
    type=click.FloatRange(min=0),
    default=12.0,
    show_default=True,
    help="Hours since the build ended.",
)
@click.option(
    "--target-path",
    envvar="DBT_TARGET_PATH",
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="dbt's folder with manifest.json and run_results.json; by default PROJECT_DIR/target.",
)
@click.option(
    "--record/--no-record",
    "recorded",
    default=True,
    show_default=True,
    help="Add the outcomes to census_sync_runs in the warehouse.",
)
@connections.options
@click.option(
    "--api-url",
    envvar="CENSUS_API_URL",
    show_envvar=True,
    default="https://app.getcensus.com",
    show_default=True,
    help="Census's host; https://app-eu.getcensus.com for accounts in the EU.",
)
@click.option(
    "--api-version",
    type=click.Choice(["v2", "v1"]),
    default="v2",
    show_default=True,
    help="v1 ends on 2027-01-15.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    help="Seconds for triggering and waiting together.",
)
@click.option(
    "--poll-interval",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds between two looks at the runs.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds in which a run is looked for after an answer was lost.",
)
@click.option(
    "--retries",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Further tries of a request that failed.",
)
@click.option(
    "--retry-wait",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds of the first pause before a further try; pauses double, up to 60.",
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds for the answer to one request.",
)
def command(
    *,
    sync_ids: tuple[int, ...],
    chosen: tuple[str, ...],
    full_sync: bool,
    wait: bool,
    max_failed_share: float,
    dry_run: bool,
    as_json: bool,
    skip_build_check: bool,
    max_build_age: float,
    target_path: Path | None,
    recorded: bool,
    api_url: str,
    api_version: str,
    timeout: float,
    poll_interval: float,
    settle: float,
    retries: int,
    retry_wait: float,
    request_timeout: float,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Trigger the Census syncs of the audiences after a successful build.

    The token is read from CENSUS_API_TOKEN. Which sync reads which audience is said by
    `census_sync_ids` in var audience_exposures, or in the meta of a model or an exposure.

    No sync is triggered twice: if an answer is lost, the sync's runs are looked at first.
    Progress goes to stderr. The exit code is 0 if every sync succeeded (with --no-wait: was
    triggered), 1 if not, 130 after Ctrl-C.
    """
    from ml.activation.built import Audiences, Build, BuildError, check_build, read_audiences

    def say(line: str) -> None:
        click.echo(f"{datetime.now(UTC):%H:%M:%S}  {line}", err=True)

    target_path = target_path or Path(where["project_dir"]) / "target"
    try:
        named = skip_build_check and sync_ids and not chosen
        audiences = Audiences() if named and not _has_manifest(target_path) else None
        audiences = audiences or read_audiences(target_path)
        syncs = _chosen_syncs(audiences, sync_ids, chosen)
        build: Build | None = None
        if not skip_build_check:
            read = {name for names in syncs.values() for name in names}
            # A sync of no audience may read any of them.
            needed = read if all(syncs.values()) else audiences.names
            build = check_build(target_path, needed, max_build_age)
        patience = (retries, retry_wait, timeout, say)
        client = _census(api_url, api_version, patience, request_timeout)
    except BuildError as error:
        if as_json:
            click.echo(json.dumps({"format": 1, "is_good": False, "error": str(error)}, indent=2))
        raise click.ClickException(f"{error}. Nothing was triggered.") from error

    from ml.activation.activate import Activation, Settings

    settings = Settings(full_sync, wait, max_failed_share, poll_interval, settle)
    interrupted = False
    with client as census:
        activation = Activation(census, syncs, settings, say)
        try:
            if dry_run:
                activation.rehearse()
            else:
                activation.run()
        except KeyboardInterrupt:
            interrupted = True
    outcomes = list(activation.outcomes.values())

    shared = {
        "activation_id": str(uuid.uuid4()),
        "recorded_tstamp": datetime.now(UTC).replace(tzinfo=None),
        "api_version": api_version,
        "dbt_invocation_id": build.invocation_id if build else None,
    }
    rows = [outcome.record() | shared for outcome in outcomes]
    written, not_written = None, None
    if recorded and not dry_run:
        written, not_written = _recorded(rows, where)
    good = all(outcome.is_good for outcome in outcomes)
    if as_json:
        document = {
            "format": 1,
            "is_good": good,
            "recorded_in": written,
            "not_recorded": not_written,
            **shared,
            "syncs": [
                {name: value for name, value in row.items() if name not in shared} for row in rows
            ],
        }
        click.echo(json.dumps(document, indent=2, default=_iso))
    else:
        for outcome in outcomes:
            click.echo(outcome.line())
        number = sum(outcome.is_good for outcome in outcomes)
        what = "can be triggered" if dry_run else "succeeded" if wait else "were triggered"
        click.echo(f"{number} of {len(outcomes)} syncs {what}.")
        if written:
            click.echo(f"Recorded in {written}.")
    if not_written:
        click.echo(f"Warning: the outcomes are not recorded: {not_written}", err=True)
    sys.exit(_INTERRUPTED if interrupted else 0 if good else 1)


def _has_manifest(target_path: Path) -> bool:
    return (target_path / "manifest.json").exists()


def _chosen_syncs(
    audiences: Any,  # noqa: ANN401 - Audiences, which is imported when it runs
    sync_ids: tuple[int, ...],
    chosen: tuple[str, ...],
) -> dict[int, tuple[str, ...]]:
    """Id -> audiences, of the syncs that are asked for."""
    from ml.activation.built import BuildError

    known: Mapping[int, tuple[str, ...]] = audiences.syncs or {}
    for name in chosen:
        if not any(name in read for read in known.values()):
            some = ", ".join(sorted({one for read in known.values() for one in read})) or "none"
            msg = f"--audience {name}: no sync is named for it; audiences with syncs: {some}"
            raise BuildError(msg)
    ids = [*sync_ids, *(key for key, read in known.items() if set(read) & set(chosen))]
    if not sync_ids and not chosen:
        ids = list(known)
    if not ids:
        msg = (
            "no sync is named. Say which syncs read an audience, in dbt_project.yml: "
            "audience_exposures: {aud_high_propensity: {census_sync_ids: [123]}}, then build; "
            "or give --sync 123"
        )
        raise BuildError(msg)
    return {sync_id: audiences.of(sync_id) for sync_id in dict.fromkeys(ids)}


def _census(
    api_url: str,
    api_version: str,
    patience: tuple[int, float, float, Callable[[str], None]],
    request_timeout: float,
) -> Any:  # noqa: ANN401 - Census, which is imported when it runs
    from ml.activation.built import BuildError

    try:
        from ml.activation import census
    except ImportError as error:
        msg = "httpx is not installed; pip install 'cdp-propensity[activate]'"
        raise BuildError(msg) from error
    try:
        url = census.checked_url(api_url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--api-url") from None
    try:
        token = census.checked_token("CENSUS_API_TOKEN")
    except ValueError as error:
        raise BuildError(str(error)) from None
    if api_version == "v1":
        ends = f"Warning: Census's API v1 ends on {census.V1_ENDS}. "
        ends += "Create a personal access token of Activations and leave out --api-version v1."
        click.echo(ends, err=True)
    return census.Census(url, token, api_version, census.Patience(*patience), request_timeout)


def _recorded(
    rows: list[dict[str, Any]], where: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Where the rows were written, or why they were not: that hides no outcome."""
    from ml.activation.record import TABLE, record

    try:
        with connections.opened(**where, read_only=False) as warehouse:
            record(warehouse, rows)
    except Exception as error:  # every driver has its own
        words = str(error).strip().splitlines() or [type(error).__name__]
        return None, " ".join(line.strip() for line in words[:3])
    return f"{TABLE} of {warehouse.name}", None


def _iso(value: datetime) -> str:
    return f"{value.isoformat()}Z"
