"""What dbt left in its target folder: which syncs read which audience, and how the build went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_KEY = "census_sync_ids"
_BUILDS = frozenset({"build", "run"})
_GOOD = frozenset({"success", "pass", "warn", "no-op"})


class BuildError(ValueError):
    """Nothing may be activated; the message says why, and what to do."""


@dataclass(frozen=True)
class Audiences:
    """The audiences of a project, and their syncs.

    Parameters
    ----------
    names
        Models tagged `census`, and those that name a sync.
    syncs
        Id of a sync -> names of the audiences that it reads.
    """

    names: tuple[str, ...] = ()
    syncs: Mapping[int, tuple[str, ...]] | None = None

    def of(self, sync_id: int) -> tuple[str, ...]:
        """Name the audiences of a sync; none if the project does not say."""
        return (self.syncs or {}).get(sync_id, ())


@dataclass(frozen=True)
class Build:
    """A build that succeeded.

    Parameters
    ----------
    invocation_id
        dbt's.
    generated_tstamp
        When it ended. UTC, without zone.
    """

    invocation_id: str
    generated_tstamp: datetime


def read_audiences(target_path: Path) -> Audiences:
    """Read which syncs belong to which audience.

    `meta` of an exposure or of a model says so: `census_sync_ids: [123, 456]`, or one number. What
    an exposure says holds for all models that it depends on.

    Parameters
    ----------
    target_path
        dbt's target folder, with `manifest.json`.

    Raises
    ------
    BuildError
        There is no such file, or an id is no number.
    """
    manifest = _read(target_path / "manifest.json")
    nodes: Mapping[str, Any] = manifest.get("nodes") or {}
    models = {key: node for key, node in nodes.items() if node.get("resource_type") == "model"}
    names = {node["name"] for node in models.values() if "census" in (node.get("tags") or ())}
    syncs: dict[int, list[str]] = {}
    said = [(node, [key]) for key, node in models.items()]
    said += [
        (node, node.get("depends_on", {}).get("nodes", []))
        for node in (manifest.get("exposures") or {}).values()
    ]
    for node, reads in said:
        for sync_id in _sync_ids(node):
            read = syncs.setdefault(sync_id, [])
            read += [models[key]["name"] for key in reads if key in models]
    names.update(name for read in syncs.values() for name in read)
    found = {sync_id: tuple(dict.fromkeys(sorted(read))) for sync_id, read in syncs.items()}
    return Audiences(tuple(sorted(names)), found)


def check_build(
    target_path: Path, audiences: Iterable[str], max_age_h: float, now: datetime | None = None
) -> Build:
    """Make sure that the last build succeeded, is fresh, and built the audiences.

    Parameters
    ----------
    target_path
        dbt's target folder, with `run_results.json`.
    audiences
        Models that have to be in it.
    max_age_h
        Hours since it ended.
    now
        UTC; the wall clock's time by default.

    Raises
    ------
    BuildError
        Any of it does not hold.
    """
    path = target_path / "run_results.json"
    told = _read(path)
    args = told.get("args") or {}
    command = str(args.get("invocation_command") or f"dbt {args.get('which')}")
    if args.get("which") not in _BUILDS:
        msg = f"{path}: the last command was `{command}`, not a build. Run `dbt build`"
        raise BuildError(msg)
    status = {str(one["unique_id"]): str(one["status"]) for one in told.get("results") or ()}
    bad = {name: said for name, said in status.items() if said not in _GOOD}
    if bad:
        some = ", ".join(f"{name} ({said})" for name, said in list(bad.items())[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        msg = f"{path}: the build did not succeed: {some}{more}. Fix it, then `dbt retry`"
        raise BuildError(msg)
    try:
        ended = datetime.fromisoformat(told["metadata"]["generated_at"])
        ended = ended.replace(tzinfo=ended.tzinfo or UTC)
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path} does not say when the build ended"
        raise BuildError(msg) from error
    age_h = ((now or datetime.now(UTC)) - ended).total_seconds() / 3600
    if age_h > max_age_h:
        msg = (
            f"{path}: the build ended {age_h:.1f} hours ago, and may be {max_age_h:g} hours old. "
            "Build again, or allow more by --max-build-age"
        )
        raise BuildError(msg)
    built = {name.split(".")[2] for name in status if name.startswith("model.")}
    missing = sorted(set(audiences) - built)
    if missing and not _is_retry_of_everything(command, args):
        msg = (
            f"{path}: `{command}` did not build {', '.join(missing)}. Run `dbt build` without a "
            "selection, or name the syncs of what it built by --audience or --sync"
        )
        raise BuildError(msg)
    invocation = str(told["metadata"].get("invocation_id") or "")
    return Build(invocation, ended.astimezone(UTC).replace(tzinfo=None))


def _is_retry_of_everything(command: str, args: Mapping[str, Any]) -> bool:
    """`dbt retry` leaves out what the run before it built, but keeps that run's selection."""
    chosen = ("select", "exclude", "selector", "resource_types", "exclude_resource_types")
    return "retry" in command.split() and not any(args.get(name) for name in chosen)


def _sync_ids(node: Mapping[str, Any]) -> list[int]:
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    told = meta.get(_KEY)
    given = told if isinstance(told, list) else [] if told is None else [told]
    for one in given:
        if not isinstance(one, int) or isinstance(one, bool) or one < 1:
            msg = (
                f"{node.get('original_file_path')}: {node.get('resource_type')} "
                f"{node.get('name')}: meta {_KEY} has {one!r}; it takes ids of syncs, e.g. [123]"
            )
            raise BuildError(msg)
    return given


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path}: no such file. Run `dbt build` first, or name dbt's folder by --target-path"
        raise BuildError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {error}"
        raise BuildError(msg) from error
    if not isinstance(told, dict):
        msg = f"{path} is none of dbt's files"
        raise BuildError(msg)
    return told
