"""`cdp signals`: what a served model reads, as attributes of Snowplow Signals."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from ml.engines import connections
from ml.signals.champion import Champion, read_champion
from ml.signals.client import Client, connection
from ml.signals.definitions import Feature, SignalsError, of_model, read_features
from ml.signals.registry import Plan, State, carry_out, plan, read_state, removal


def _model(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--model", "model_name", default="live", show_default=True, help="Which model is served."
    )(function)


_owner = click.option(
    "--owner",
    envvar="SP_OWNER",
    show_envvar=True,
    default="",
    help="E-mail address of who looks after the attributes.",
)


@click.command()
@_model
@connections.options
@_owner
@click.option(
    "--backfill", is_flag=True, help="Fill the windows of a new version from Signals' warehouse."
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def publish(
    model_name: str,
    owner: str,
    backfill: bool,
    dry_run: bool,
    as_json: bool,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Publish the attributes and the service that the champion reads.

    Unchanged definitions publish nothing. A changed one is a new version of the group; the old
    version stays until the champion no longer needs it, and a later publish takes it away.

    With --dry-run and no connection to Signals, nothing is taken to be published yet.
    """
    try:
        champion, features = _read(model_name, where)
        wanted = of_model(features, model_name)
        now = datetime.now(UTC)
        if dry_run and not _is_connected():
            made = plan(champion, wanted, State(), owner=owner, now=now, backfill=backfill)
            _tell_plan(made, as_json)
            return
        with Client(connection()) as client:
            state = read_state(client, model_name)
            made = plan(champion, wanted, state, owner=owner, now=now, backfill=backfill)
            if dry_run:
                _tell_plan(made, as_json)
                return
            done = []
            for step in carry_out(client, made.steps):
                done.append({"done": step.title, "why": step.why})
                if not as_json:
                    click.echo(f"{step.title}: {step.why}")
    except (SignalsError, connections.WarehouseError) as error:
        raise click.ClickException(str(error)) from error
    left_out = _left_out(features)
    if as_json:
        about = {"steps": done, "not_online": left_out, "warm_at": _warm_at(made)}
        click.echo(json.dumps(about, indent=2))
        return
    if not done:
        click.echo(f"Nothing to publish: Signals has what {model_name} {champion.version} reads.")
    click.echo(_warmth(made, now))
    _tell_left_out(left_out)


@click.command()
@_model
@connections.options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def diff(
    ctx: click.Context,
    model_name: str,
    as_json: bool,
    **where: Any,  # noqa: ANN401 - of connections.options
) -> None:
    """Say what differs from what the champion needs; exit code 1 if anything does."""
    try:
        champion, features = _read(model_name, where)
        with Client(connection()) as client:
            state = read_state(client, model_name)
        now = datetime.now(UTC)
        # Nothing is sent: any owner will do.
        wanted = of_model(features, model_name)
        made = plan(champion, wanted, state, owner="nobody@example.com", now=now)
    except (SignalsError, connections.WarehouseError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        about = {
            "differences": made.differences,
            "steps": [step.title for step in made.steps],
            "warm_at": _warm_at(made),
            "read_from": {name: source.version for name, source in made.read_from.items()},
        }
        click.echo(json.dumps(about, indent=2))
    elif made.differences:
        click.echo(f"Signals differs from what {model_name} {champion.version} needs:")
        for line in made.differences:
            click.echo(f"  {line}")
        click.echo("`cdp signals publish` would:")
        for step in made.steps:
            click.echo(f"  {step.title}")
    else:
        click.echo(f"Signals has what {model_name} {champion.version} needs.")
        click.echo(_warmth(made, now))
    ctx.exit(1 if made.differences else 0)


@click.command()
@_model
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(model_name: str, yes: bool) -> None:
    """Delete the model's service and its group, with all values."""
    try:
        with Client(connection()) as client:
            steps = removal(read_state(client, model_name))
            if not steps:
                click.echo(f"Signals has nothing of {model_name}.")
                return
            for step in steps:
                click.echo(step.title)
            if not yes:
                click.confirm("The values are lost, and windows begin anew. Go on?", abort=True)
            for _ in carry_out(client, steps):
                pass
    except SignalsError as error:
        raise click.ClickException(str(error)) from error
    click.echo("Deleted.")


def _read(model_name: str, where: dict[str, Any]) -> tuple[Champion, dict[str, Feature]]:
    with connections.opened(**where) as reader:
        return read_champion(reader, model_name), read_features(reader)


def _is_connected() -> bool:
    return bool(os.environ.get("SP_API_URL") or os.environ.get("SP_SANDBOX_URL"))


def _tell_plan(made: Plan, as_json: bool) -> None:
    steps = [
        {"step": step.title, "why": step.why, "payload": dict(step.about)} for step in made.steps
    ]
    if as_json:
        click.echo(json.dumps({"steps": steps, "differences": made.differences}, indent=2))
        return
    for step in steps:
        click.echo(f"{step['step']}: {step['why']}")
        click.echo(json.dumps(step["payload"], indent=2))
    if not steps:
        click.echo("Nothing would be sent.")


def _left_out(features: dict[str, Feature]) -> dict[str, str]:
    return {
        name: feature.not_online_reason
        for name, feature in sorted(features.items())
        if feature.online is None and not feature.is_of_first_visit
    }


def _tell_left_out(left_out: dict[str, str]) -> None:
    if left_out:
        click.echo("Not computed online, and not learnt from:")
        for name, reason in left_out.items():
            click.echo(f"  {name}: {reason}")


def _warm_at(made: Plan) -> str | None:
    return made.warm_at.isoformat(timespec="seconds") if made.warm_at else None


def _warmth(made: Plan, now: datetime) -> str:
    if made.warm_at is None or made.warm_at <= now:
        return "All windows are full: /predict says warm: true."
    return (
        f"Windows began empty: /predict says warm: false until {made.warm_at:%Y-%m-%d %H:%M} UTC."
    )
