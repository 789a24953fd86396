"""What has to be published, changed and taken away, and doing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from ml.signals.champion import Champion
from ml.signals.client import Client
from ml.signals.definitions import Feature, SignalsError, group_name
from ml.signals.payloads import group_of, service_of
from ml.signals.published import Group, Source, differences, has, read_group, sources

GROUPS, SERVICES = "attribute_groups", "services"


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    action
        `publish`: create or update, published. `remove`: unpublish, then delete.
    kind
        `attribute_groups` or `services`.
    about
        The object's JSON.
    why
        In words.
    """

    action: Literal["publish", "remove"]
    kind: str
    about: Mapping[str, Any]
    why: str

    @property
    def title(self) -> str:
        """What is done to what."""
        version = f" version {self.about['version']}" if self.kind == GROUPS else ""
        what = "attribute group" if self.kind == GROUPS else "service"
        return f"{self.action} {what} {self.about['name']}{version}"


@dataclass(frozen=True)
class State:
    """What Signals has of a model.

    Parameters
    ----------
    groups
        Versions of its group, newest first.
    service
        JSON of its service; None if there is none.
    """

    groups: list[Group] = field(default_factory=list)
    service: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """What publishing does, and what is read from where afterwards.

    Parameters
    ----------
    steps
        In order; empty if all is as it should be.
    differences
        Why, in words.
    read_from
        Feature of the champion -> version that it is read from afterwards.
    """

    steps: list[Step]
    differences: list[str]
    read_from: dict[str, Source]

    @property
    def warm_at(self) -> datetime | None:
        """From when on all windows are full; None if the champion reads no attribute."""
        return max((source.warm_at for source in self.read_from.values()), default=None)


def read_state(client: Client, model_name: str) -> State:
    """Read what Signals has of a model, by the requests that the SDK makes."""
    name = group_name(model_name)
    return State(
        groups=[read_group(about) for about in _versions(client, name)],
        service=client.find(f"{SERVICES}/{model_name}"),
    )


def _versions(client: Client, name: str) -> Iterator[Mapping[str, Any]]:
    """Versions of a group, newest first; there may be gaps where some were deleted."""
    latest = client.find(f"{GROUPS}/{name}")
    if latest is None:
        return
    yield latest
    for version in range(int(latest["version"]) - 1, 0, -1):
        about = client.find(f"{GROUPS}/{name}/versions/{version}")
        if about is not None:
            yield about


def plan(
    champion: Champion,
    wanted: Mapping[str, Feature],
    state: State,
    *,
    owner: str,
    now: datetime,
    backfill: bool = False,
) -> Plan:
    """Find out what has to be done so that a champion, and the next one, find their attributes.

    The newest version holds what the model may learn from now. If the champion was trained under
    other definitions, or the newest version's windows are not full yet, the older version that it
    needs stays; the service names the version that has all that the champion reads.

    Parameters
    ----------
    champion
        Who reads.
    wanted
        Of `of_model`: what there should be now.
    state
        What there is.
    owner
        An e-mail address.
    now
        The moment, with a time zone.
    backfill
        Whether Signals fills the windows of a new version from its warehouse.
    """
    name = champion.model_name
    latest = state.groups[0] if state.groups else None
    number = latest.version if latest else 0
    since = now - timedelta(seconds=max(f.warm_after_s for f in wanted.values())) if (
        wanted and backfill
    ) else None  # fmt: skip
    made = group_of(name, wanted, version=number + 1, owner=owner, now=now, since=since)
    told: list[str] = []
    steps: list[Step] = []
    groups = list(state.groups)
    if latest is None:
        told.append(f"{made['name']}: not published")
    else:
        changed = differences(made, latest.about)
        told += changed
        if not changed and not latest.is_published:
            told.append(f"{made['name']} version {number}: there, but not published")
            made["version"] = number
            groups = groups[1:]
    if told:
        why = "definitions changed" if latest and made["version"] > number else told[0]
        steps.append(Step("publish", GROUPS, made, why))
        groups.insert(0, read_group(made))
    read_from = sources(champion, groups, now)
    _require_kept(champion, read_from)
    served = _served_version(champion, groups, now)
    service = service_of(name, served, owner)
    if not _names_version(state.service, service):
        was = _links(state.service)
        told.append(
            f"service {name}: {'not published' if was is None else f'reads {was}'}, needed "
            f"{_links(service)}"
        )
        steps.append(Step("publish", SERVICES, service, "the champion reads this version"))
    kept = {groups[0].version, served} | {source.version for source in read_from.values()}
    for group in groups:
        if group.version not in kept:
            told.append(f"{made['name']} version {group.version}: no longer needed")
            steps.append(Step("remove", GROUPS, group.about, "nothing reads it any more"))
    return Plan(steps, told, read_from)


def carry_out(client: Client, steps: Sequence[Step]) -> Iterator[Step]:
    """Do each step, and yield it when it is done."""
    for step in steps:
        if step.action == "remove":
            remove(client, step.kind, step.about)
        else:
            client.create_or_update(step.kind, step.about)
        yield step


def remove(client: Client, kind: str, about: Mapping[str, Any]) -> None:
    """Unpublish an object, as Signals wants it, and delete it with its values."""
    if about.get("is_published"):
        client.create_or_update(kind, {**_sendable(about), "is_published": False})
    client.delete(kind, about)


def removal(state: State) -> list[Step]:
    """All that there is of a model: the service first, since it needs the groups."""
    steps = []
    if state.service is not None:
        steps.append(Step("remove", SERVICES, state.service, "asked for"))
    steps += [Step("remove", GROUPS, group.about, "asked for") for group in state.groups]
    return steps


def _served_version(champion: Champion, groups: Sequence[Group], now: datetime) -> int:
    """Find the version that has all that the champion reads and is warm, or is so first."""
    whole = [
        group
        for group in groups
        if group.is_published and all(has(group, champion, name) for name in champion.attributes)
    ]
    longest = timedelta(seconds=champion.longest_period_s)
    warm = [g for g in whole if g.since is not None and g.since + longest <= now]
    if warm:
        return max(group.version for group in warm)
    if whole:
        return min(whole, key=lambda g: (g.since or now, g.version)).version
    return groups[0].version


def _require_kept(champion: Champion, read_from: Mapping[str, Source]) -> None:
    missing = sorted(champion.attributes.keys() - read_from.keys())
    if missing:
        msg = (
            f"{champion.model_name} {champion.version} reads {', '.join(missing)} as defined when "
            "it was trained. Signals has no such attributes, and those definitions are gone. Run "
            "`dbt build` until a version of the present definitions has passed, then publish."
        )
        raise SignalsError(msg)


def _names_version(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    return found is not None and bool(found.get("is_published")) and _links(found) == _links(wanted)


def _links(service: Mapping[str, Any] | None) -> str | None:
    if service is None:
        return None
    links = service.get("attribute_groups") or []
    return ", ".join(sorted(f"{link['name']} version {link.get('version', 1)}" for link in links))


# What Signals adds to its answers, and does not take.
_ANSWERED = {
    "attribute_key_or_name",
    "attribute_group_or_attribute_key_ttl",
    "full_name",
    "feast_name",
    "stream_source_name",
}


def _sendable(about: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in about.items() if k not in _ANSWERED and v is not None}
    if isinstance(kept.get("attribute_key"), dict):
        key = kept["attribute_key"]
        kept["attribute_key"] = {
            k: v for k, v in key.items() if k != "blobl_path" and v is not None
        }
    return kept
