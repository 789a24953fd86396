"""Published attribute groups as what is computed: which events, which values, over which time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml.signals.local import schemas
from ml.signals.local.properties import (
    Getter,
    Json,
    Row,
    Test,
    as_text,
    criteria_test,
    event_test,
    number,
    property_getter,
)

SECOND = 1_000_000
DEFAULT_TTL = 7 * 86_400 * SECOND
"""How long a lifetime value outlives its last event if nothing says otherwise, as in Signals."""
_UNITS = {"s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}
_NUMERIC = frozenset({"sum", "min", "max", "mean"})
_WITHOUT_VALUE = frozenset({"counter", "time_since_first", "time_since_last"})


def duration(text: str | None) -> int | None:
    """Microseconds of an ISO 8601 duration.

    Examples
    --------
    >>> duration("PT1H")
    3600000000
    """
    if text is None:
        return None
    span = schemas.timedelta(text)
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds


def digest(*parts: Json) -> str:
    """Hash of what defines something, as JSON."""
    encoded = msgspec.json.encode(parts, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


@dataclass
class Attribute:
    """One attribute, ready to be computed.

    Attributes
    ----------
    name : str
    aggregation : str
    source : Source
        The events that it takes, and which value of them.
    state : str
        Under which name a lifetime value is kept.
    period, ttl : int or None
        Microseconds. An attribute without a period is over the lifetime.
    """

    name: str
    aggregation: str
    source: Source
    state: str
    period: int | None
    ttl: int
    default: Any
    cast: Callable[[Any], Any]
    unit: int | None

    def present(self, raw: Json, now: int) -> Json:
        """Make the answer of an aggregated value; null means that there is none."""
        if raw is None or (raw == 0 and self.aggregation == "counter"):
            return raw if self.default is None else self.default
        if self.unit is not None:
            return self.cast(max(0, now - raw) / self.unit)
        return self.cast(raw)


@dataclass
class Source:
    """Events and a value of them that attributes share, published at the same time."""

    name: str
    takes_event: Test
    meets_criteria: Test | None
    value: Getter | None
    longest_period: int = 0
    lifetimes: list[Attribute] = field(default_factory=list)


@dataclass
class Key:
    """An attribute key, and the sources of its attributes."""

    name: str
    identifier: Getter
    sources: dict[str, Source] = field(default_factory=dict)


def attribute_digest(key: Mapping[str, Any], attribute: Mapping[str, Any], ttl: int) -> str:
    """Hash of what an attribute computes: equal definitions share one value, as in Signals."""
    parts = ("events", "criteria", "property", "aggregation", "period")
    defined = {part: _without_nulls(attribute.get(part)) for part in parts}
    return digest(_key_property(key), defined, None if attribute.get("period") else ttl)


def _key_property(key: Mapping[str, Any]) -> dict[str, Any]:
    """Where the identifier of an attribute key stands in an event."""
    named = {"type": "atomic", "name": key.get("key") or key["name"]}
    return _without_nulls(key.get("property") or named)


def ttl_of(attribute: Mapping[str, Any], group: Mapping[str, Any]) -> int:
    """Microseconds that a lifetime value outlives its last event."""
    for place in (attribute, group, group["attribute_key"]):
        if place.get("ttl"):
            return duration(place["ttl"]) or DEFAULT_TTL
    return DEFAULT_TTL


class Plan:
    """Everything that is computed of an event.

    Parameters
    ----------
    groups : iterable of dict
        The published attribute groups.
    since : dict
        Per `attribute_digest`, the number of the publication that brought it. An attribute that
        comes later begins with nothing, so it shares no events with one that came before.
    """

    def __init__(self, groups: Iterable[Mapping[str, Any]], since: Mapping[str, int]) -> None:
        self.keys: dict[str, Key] = {}
        self.groups: dict[tuple[str, int], dict[str, Attribute]] = {}
        self.key_of_group: dict[tuple[str, int], str] = {}
        self._taking: dict[tuple[Any, ...], list[tuple[Key, list[Source]]]] = {}
        # An event specification stands in an entity, so an event's kind does not tell it.
        self._kind_tells = True
        for group in groups:
            self._add(group, since)
        self.longest_period = max(
            (s.longest_period for key in self.keys.values() for s in key.sources.values()),
            default=0,
        )

    def _add(self, group: Mapping[str, Any], since: Mapping[str, int]) -> None:
        spec = group["attribute_key"]
        key = Key(spec["name"], property_getter(_key_property(spec)))
        # What a warehouse computes has no source among the events here, so it is null.
        if not group.get("offline"):
            key = self.keys.setdefault(spec["name"], key)
        attributes = [
            self._attribute(key, group, attribute, since)
            for attribute in group.get("attributes") or []
        ]
        place = group["name"], group["version"]
        self.groups[place] = {attribute.name: attribute for attribute in attributes}
        self.key_of_group[place] = key.name

    def _attribute(
        self,
        key: Key,
        group: Mapping[str, Any],
        spec: Mapping[str, Any],
        since: Mapping[str, int],
    ) -> Attribute:
        aggregation, ttl = spec["aggregation"], ttl_of(spec, group)
        defined = attribute_digest(group["attribute_key"], spec, ttl)
        kind = (
            "time"
            if aggregation in _WITHOUT_VALUE
            else "number" if aggregation in _NUMERIC else "value"
        )  # fmt: skip
        parts = spec.get("events"), spec.get("criteria"), spec.get("property")
        read = None if kind == "time" else property_getter(spec["property"])
        name = digest(since[defined], kind, *map(_without_nulls, parts[: 2 if read is None else 3]))
        source = key.sources.get(name)
        if source is None:
            takes, criteria = event_test(parts[0]), criteria_test(parts[1])
            if any(event.get("event_specification_id") for event in parts[0] or []):
                self._kind_tells = False
            value = _number_of(read) if kind == "number" and read else read
            source = key.sources[name] = Source(name, takes, criteria, value)
        attribute = Attribute(
            name=spec["name"],
            aggregation=aggregation,
            source=source,
            state=f"{defined}-{since[defined]}",
            period=duration(spec.get("period")),
            ttl=ttl,
            default=spec.get("default_value"),
            cast=_cast(spec["type"]),
            unit=_UNITS[spec["time_unit"]] if spec.get("time_unit") else None,
        )
        if attribute.period is not None:
            source.longest_period = max(source.longest_period, attribute.period)
        elif all(attribute.state != other.state for other in source.lifetimes):
            source.lifetimes.append(attribute)
        return attribute

    def taking(self, row: Row) -> list[tuple[Key, list[Source]]]:
        """Find the sources that take an event, before their criteria, by attribute key."""
        kind = row.get("event_vendor"), row.get("event_name"), row.get("event_version")
        found = self._taking.get(kind)
        # Whoever sends ever new names of events fills no memory.
        if found is None or not self._kind_tells:
            taken = (
                (key, [s for s in key.sources.values() if s.takes_event(row)])
                for key in self.keys.values()
            )
            found = [(key, sources) for key, sources in taken if sources]
            if len(self._taking) < 10_000:
                self._taking[kind] = found
        return found


def _number_of(read: Getter) -> Getter:
    return lambda row: number(read(row))


def _whole(value: Json) -> int | None:
    value = number(value)
    return None if value is None else int(value)


def _float(value: Json) -> float | None:
    value = number(value)
    return None if value is None else float(value)


def _boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))


_CASTS: dict[str, Callable[[Any], Any]] = {
    "string": as_text,
    "bytes": as_text,
    "int32": _whole,
    "int64": _whole,
    "double": _float,
    "float": _float,
    "bool": _boolean,
    "timestamp": as_text,
    "unix_timestamp": lambda value: value,
    "dict": lambda value: value,
}


def _cast(kind: str) -> Callable[[Any], Any]:
    """How a value becomes an attribute's type; what cannot become it is null."""
    if kind.endswith("_list"):
        one = _CASTS[kind.removesuffix("_list")]
        return lambda values: [one(v) for v in values] if isinstance(values, list) else values
    single = _CASTS[kind]
    # A list or a dict under a type of single values stays what it is.
    return lambda value: value if isinstance(value, list | dict) else single(value)
