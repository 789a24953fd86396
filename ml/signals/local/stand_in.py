"""The stand-in without HTTP: events in, attributes and interventions out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import UNSET

from ml.signals.local.attributes import Attribute
from ml.signals.local.interventions import Rule, Subscribers, instance, rules_of
from ml.signals.local.profiles import Limits, Profiles
from ml.signals.local.properties import EPOCH, Json, Row, microseconds
from ml.signals.local.registry import MissingError, Registry
from ml.signals.local.schemas import AttributesRequest, InvalidError
from ml.signals.local.tracker import BadRowError, Request, row_of

MOST_IDS = 100
"""Identifiers that one call reads."""


MOST_SCHEMAS = 500
"""Different schemas of entities and self-describing events, each a column of the files."""


class Keeper(Protocol):
    """Whoever keeps on disk what happens."""

    def event(self, row: Row, taken: int) -> None:
        """Keep an event that was taken."""
        ...

    def registry(self) -> None:
        """Keep the registry as it is now."""
        ...

    def sent(self, place: tuple[str, str], what: str) -> None:
        """Keep that an intervention was sent."""
        ...

    def bad_row(self, reason: str, payload: Json) -> None:
        """Keep a bad row."""
        ...


@dataclass(frozen=True)
class Reading:
    """What a request for attributes comes to: which attributes of which key, under which names."""

    key: str
    names: list[str]
    attributes: list[Attribute]


class StandIn:
    """Collector, registry and values.

    Parameters
    ----------
    limits : Limits, optional
        What bounds the memory.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.registry = Registry()
        self.profiles = Profiles(limits)
        self.counts: Counter[str] = Counter()
        self.bad_rows: Counter[str] = Counter()
        self.subscribers = Subscribers()
        self.storage: Keeper | None = None
        self._rules: list[Rule] = []
        self._schemas: set[str] = set()
        self._readings: dict[tuple[Any, ...], list[Reading]] = {}

    def refresh(self) -> None:
        """Compute from now on what the registry says."""
        plan = self.registry.plan()
        self.profiles.use(plan)
        self._rules = rules_of(self.registry.published("interventions"), plan)
        self._readings.clear()
        if self.storage is not None:
            self.storage.registry()

    def collect(self, payloads: Sequence[Any], request: Request) -> list[Row]:
        """Take a request's events; those that break the protocol are counted as bad rows.

        Parameters
        ----------
        payloads : sequence
            Events as the tracker sent them.
        request : Request

        Returns
        -------
        list of dict
            The rows that were taken.
        """
        rows = []
        for payload in payloads:
            try:
                row = row_of(payload, request)
                self._check_schemas(row)
            except BadRowError as bad:
                self.refuse(str(bad), payload)
                continue
            rows.append(row)
            taken = (request.received - EPOCH) // dt.timedelta(microseconds=1)
            if self.storage is not None:
                self.storage.event(row, taken)
            self.take(row, taken)
        return rows

    def _check_schemas(self, row: Row) -> None:
        new = {name for name in row if name.startswith(("contexts_", "unstruct_event_"))}
        new -= self._schemas
        if len(self._schemas) + len(new) > MOST_SCHEMAS:
            raise BadRowError(f"more than {MOST_SCHEMAS} different schemas")
        self._schemas |= new

    def refuse(self, reason: str, payload: Json) -> None:
        """Count a bad row."""
        self.bad_rows[reason] += 1
        if self.storage is not None:
            self.storage.bad_row(reason, payload)

    def take(self, row: Row, taken: int) -> None:
        """Take an enriched event at a time."""
        self.counts["events"] += 1
        changed = self.profiles.take(row, taken)
        if self._rules and changed:
            self._look_at_rules(row, {key for key, _ in changed}, taken)

    def _look_at_rules(self, row: Row, changed: set[str], now: int) -> None:
        keys = self.profiles.plan.keys
        ids = {name: str(i) for name, key in keys.items() if (i := key.identifier(row))}

        def read(key: str, attribute: Attribute) -> Json:
            return self.profiles.read(key, ids[key], [attribute], now)[0]

        for rule in self._rules:
            if not (rule.keys & changed) or not rule.keys <= ids.keys() or not rule.is_met(read):
                continue
            for key in rule.targets:
                if key in ids:
                    self._send(rule, (key, ids[key]), instance(rule, (key, ids[key]), read, ids))

    def _send(self, rule: Rule, place: tuple[str, str], what: dict[str, Any]) -> None:
        """Send an intervention, the first time only."""
        sent = self.profiles.ensure(place).sent
        if rule.label in sent:
            return
        sent.add(rule.label)
        self.counts["interventions"] += 1
        self.subscribers.send(place, what)
        if self.storage is not None:
            self.storage.sent(place, rule.label)

    def replay(self, rows: Sequence[Row], now: int) -> None:
        """Take enriched events in arrival order, each at its collector_tstamp, `now` at the latest.

        Parameters
        ----------
        rows : sequence of dict
        now : int
            Microseconds since 1970.
        """
        for row in rows:
            arrived = microseconds(row.get("collector_tstamp"))
            self.take(row, now if arrived is None else min(arrived, now))

    def read(self, request: AttributesRequest, now: int) -> dict[str, list[Any]]:
        """Values of attributes.

        Parameters
        ----------
        request : AttributesRequest
        now : int
            Microseconds since 1970.

        Returns
        -------
        dict
            The identifiers under their attribute key, and a list of values per attribute.

        Raises
        ------
        InvalidError, MissingError
        """
        answer: dict[str, list[Any]] = {}
        for reading in self._read_what(request):
            ids = request.attribute_keys.get(reading.key)
            if ids is None:
                raise InvalidError(
                    ("body", "attribute_keys"), f"The attributes asked for are of {reading.key}."
                )
            if len(ids) > MOST_IDS:
                raise InvalidError(
                    ("body", "attribute_keys", reading.key), f"At most {MOST_IDS} ids per call."
                )
            answer[reading.key] = ids
            rows = [self.profiles.read(reading.key, i, reading.attributes, now) for i in ids]
            for at, name in enumerate(reading.names):
                answer[name] = [row[at] for row in rows]
        return answer

    def _read_what(self, request: AttributesRequest) -> list[Reading]:
        service, attributes = request.service, request.attributes
        if (service is UNSET) is (attributes is UNSET):
            raise InvalidError(("body",), "Either service or attributes is needed.")
        asked = service if isinstance(service, str) else tuple(attributes or ())
        place = asked, request.full_attribute_names
        found = self._readings.get(place)
        if found is None:
            found = self._resolve(*place)
            if len(self._readings) < 1000:
                self._readings[place] = found
        return found

    def _resolve(self, asked: str | tuple[str, ...], full: bool) -> list[Reading]:
        plan, made = self.profiles.plan, {}
        if isinstance(asked, str):
            service = self.registry.get("services", asked)
            if not service.get("is_published"):
                raise MissingError(f"services: {asked} is not published.")
            places = [(g["name"], g["version"]) for g in service["attribute_groups"]]
            wanted = [(place, name) for place in places for name in plan.groups.get(place, ())]
        else:
            wanted = []
            for qualified in asked:
                group, _, name = qualified.partition(":")
                base, _, version = group.rpartition("_v")
                wanted.append(((base, int(version)), name))
        for place, name in wanted:
            attribute = plan.groups.get(place, {}).get(name)
            label = f"{place[0]}_v{place[1]}:{name}"
            if attribute is None:
                raise MissingError(f"There is no published attribute {label}.")
            key = plan.key_of_group[place]
            reading = made.setdefault(key, Reading(key, [], []))
            reading.names.append(label if full else name)
            reading.attributes.append(attribute)
        return list(made.values())
