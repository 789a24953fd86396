"""What is published: read from the JSON of Signals' registry, and held against what is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ml.signals.definitions import seconds_of

if TYPE_CHECKING:
    from ml.signals.champion import Champion

_SINCE = re.compile(r"\bsince=(\S+)$")
_DEFINITION = re.compile(r"\bdefinition=([0-9a-f]{12})$")
# Of an attribute: what decides its values.
_DECIDES = (
    "aggregation",
    "type",
    "property",
    "events",
    "criteria",
    "period",
    "ttl",
    "time_unit",
    "default_value",
)


@dataclass(frozen=True)
class Group:
    """One version of an attribute group.

    Parameters
    ----------
    version
        Its number.
    is_published
        Whether Signals computes it.
    since
        From when on its windows are filled; None if its description does not say.
    digests
        Attribute -> digest of its definition; empty if its description does not say.
    about
        Its JSON.
    """

    version: int
    is_published: bool
    since: datetime | None
    digests: dict[str, str]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Where a feature is read.

    Parameters
    ----------
    version
        Of the group.
    warm_at
        From when on its window is full.
    """

    version: int
    warm_at: datetime


def read_group(about: Mapping[str, Any]) -> Group:
    """Read the JSON of `registry/attribute_groups/{name}/versions/{version}`."""
    found = _SINCE.search(about.get("description") or "")
    digests = {}
    for attribute in about.get("attributes") or []:
        marked = _DEFINITION.search(attribute.get("description") or "")
        digests[str(attribute["name"])] = marked[1] if marked else ""
    return Group(
        version=int(about["version"]),
        is_published=bool(about.get("is_published")),
        since=_moment(found[1]) if found else None,
        digests=digests,
        about=about,
    )


def sources(champion: Champion, groups: Iterable[Group], now: datetime) -> dict[str, Source]:
    """Find the version of the group that each attribute of a champion is read from.

    It is the newest one published in which the attribute is defined as the champion needs it and
    its window is full; if there is none, the one that fills it longest.

    Parameters
    ----------
    champion
        Who reads.
    groups
        Versions of its group.
    now
        The moment, with a time zone.

    Returns
    -------
    dict
        By feature; what no published version has is absent.
    """
    published = sorted((g for g in groups if g.is_published), key=lambda group: -group.version)
    out = {}
    for name in champion.attributes:
        length = timedelta(seconds=champion.warm_after_s[name])
        found = [
            Source(group.version, (group.since or now) + length)
            for group in published
            if has(group, champion, name)
        ]
        if found:
            warm = [source for source in found if source.warm_at <= now]
            out[name] = warm[0] if warm else min(found, key=lambda source: source.warm_at)
    return out


def has(group: Group, champion: Champion, name: str) -> bool:
    """Whether a version of the group has an attribute as a champion needs it.

    Its description has to say so, and what Signals computes has to be what that description was
    written for: somebody may have changed the one and not the other.
    """
    if group.digests.get(name) != champion.digests[name]:
        return False
    found = next(a for a in group.about["attributes"] if a["name"] == name)
    return not _changed(champion.features[name]["attribute"], found)


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Say how a published group differs from one that should be, attribute by attribute.

    Descriptions, owners and version numbers are no differences. A property that Signals answers as
    text is not compared, but by the digest in its description.
    """
    mine = {a["name"]: a for a in wanted.get("attributes") or []}
    theirs = {a["name"]: a for a in found.get("attributes") or []}
    out = [f"{name}: not published" for name in sorted(mine.keys() - theirs.keys())]
    out += [f"{name}: published, and not needed" for name in sorted(theirs.keys() - mine.keys())]
    key = (found.get("attribute_key") or {}).get("name")
    if key != wanted["attribute_key"]["name"]:
        out.append(f"attribute key: {key}, needed {wanted['attribute_key']['name']}")
    for name in sorted(mine.keys() & theirs.keys()):
        changed = [f"{name}: {what}" for what in _changed(mine[name], theirs[name])]
        if not changed and _marked(mine[name]) != _marked(theirs[name]):
            changed = [f"{name}: published for another definition of the feature"]
        out += changed
    return out


def _changed(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    one, other = _plain(wanted), _plain(found)
    parts = [
        part
        for part in _DECIDES
        if part != "property" or not isinstance(found.get("property"), str)
    ]
    return [
        f"{part} is {_told(found.get(part))}, needed {_told(wanted.get(part))}"
        for part in parts
        if one.get(part) != other.get(part)
    ]


def _plain(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what decides values, in one spelling."""
    kept = {
        part: _without_nothing(attribute[part])
        for part in _DECIDES
        if attribute.get(part) is not None
    }
    for part in ("period", "ttl"):
        if isinstance(kept.get(part), str):
            kept[part] = seconds_of(kept[part])
    if kept.get("events"):
        kept["events"] = sorted(kept["events"], key=lambda event: sorted(event.items()))
    return kept


def _without_nothing(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        inner = {key: _without_nothing(one) for key, one in value.items() if one is not None}
        if inner.get("type") == "entity":
            inner.setdefault("index", 0)
        return inner
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value


def _told(value: Any) -> str:  # noqa: ANN401
    return "absent" if value is None else str(value)


def _marked(attribute: Mapping[str, Any]) -> str:
    found = _DEFINITION.search(attribute.get("description") or "")
    return found[1] if found else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
