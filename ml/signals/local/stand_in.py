"""The stand-in without HTTP: events in, attributes and interventions out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from ml.signals.local.attributes import Attribute
from ml.signals.local.profiles import Limits, Profiles
from ml.signals.local.properties import EPOCH, Json, Row, microseconds
from ml.signals.local.registry import MissingError, Registry
from ml.signals.local.schemas import AttributesRequest, InvalidError
from ml.signals.local.tracker import BadRowError, Request, row_of

MOST_IDS = 100
"""Identifiers that one call reads."""


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
        self._readings: dict[tuple[Any, ...], list[Reading]] = {}

    def refresh(self) -> None:
        """Compute from now on what the registry says."""
        self.profiles.use(self.registry.plan())
        self._readings.clear()

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
            except BadRowError as bad:
                self.refuse(str(bad), payload)
                continue
            rows.append(row)
            self.take(row, (request.received - EPOCH) // dt.timedelta(microseconds=1))
        return rows

    def refuse(self, reason: str, payload: Json) -> None:
        """Count a bad row."""
        self.bad_rows[reason] += 1

    def take(self, row: Row, taken: int) -> None:
        """Take an enriched event at a time."""
        self.counts["events"] += 1
        self.profiles.take(row, taken)

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
