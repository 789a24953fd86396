"""Interventions: what is sent to whom once attributes meet criteria, and who listens."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ml.signals.local.attributes import Attribute, Plan
from ml.signals.local.properties import as_text, comparison, scalar

MOST_SUBSCRIPTIONS = 1000
MOST_WAITING = 100
"""Interventions that wait for a slow subscriber; the oldest leave first."""

Place = tuple[str, str]
"""Attribute key and identifier."""
Read = Callable[[str, Attribute], Any]
Condition = Callable[[Read], bool]


@dataclass
class Rule:
    """A published intervention, ready to be looked at after an event.

    Attributes
    ----------
    name : str
    version : int
    keys : set of str
        Attribute keys whose values the criteria read.
    targets : list of str
        Attribute keys to which it is sent.
    payload : list of tuple
        Attribute key and attribute of each value that is sent along.
    """

    name: str
    version: int
    keys: set[str]
    targets: list[str]
    payload: list[tuple[str, Attribute]]
    is_met: Condition

    @property
    def label(self) -> str:
        """Name and version, as what was sent is remembered."""
        return f"{self.name}_v{self.version}"


def rules_of(interventions: Iterable[Mapping[str, Any]], plan: Plan) -> list[Rule]:
    """Make rules of published interventions. What names no published attribute is never met."""
    latest: dict[str, int] = {}
    for name, version in plan.groups:
        latest[name] = max(version, latest.get(name, 0))
    rules = []
    for spec in interventions:
        found: list[tuple[str, Attribute]] = []
        condition = _condition(spec["criteria"], plan, latest, found)
        keys = {key for key, _ in found}
        if not keys:
            continue
        links = spec.get("payload_attribute_groups")
        if links:
            places = [(link["name"], link["version"]) for link in links]
            found = [
                (plan.key_of_group[place], attribute)
                for place in places
                for attribute in plan.groups.get(place, {}).values()
            ]
        targets = [key["name"] for key in spec.get("target_attribute_keys") or []]
        rules.append(
            Rule(spec["name"], spec["version"], keys, targets or sorted(keys), found, condition)
        )
    return rules


def _condition(
    spec: Mapping[str, Any],
    plan: Plan,
    latest: Mapping[str, int],
    found: list[tuple[str, Attribute]],
) -> Condition:
    for word, combine in (("all", all), ("any", any), ("none", None)):
        if spec.get(word) is not None:
            parts = [_condition(part, plan, latest, found) for part in spec[word]]
            if combine is None:
                return lambda read: not any(part(read) for part in parts)
            return lambda read, combine=combine: combine(part(read) for part in parts)
    group, _, name = spec["attribute"].partition(":")
    place = group, latest.get(group, 0)
    attribute = plan.groups.get(place, {}).get(name)
    if attribute is None:
        return _never
    key = plan.key_of_group[place]
    found.append((key, attribute))
    test = comparison(spec["operator"], spec.get("value"))
    return lambda read: test(read(key, attribute))


def instance(rule: Rule, place: Place, read: Read, readable: Iterable[str]) -> dict[str, Any]:
    """Make what is sent. Values are text, since the SDK takes nothing else."""
    known = set(readable)
    values = {a.name: scalar(read(key, a)) for key, a in rule.payload if key in known}
    return {
        "intervention_id": str(uuid.uuid4()),
        "name": rule.name,
        "version": rule.version,
        "attributes": {name: as_text(v) for name, v in values.items() if v is not None},
        "target_attribute_key": {"name": place[0], "id": place[1]},
    }


def _never(_: Read) -> bool:
    return False


class Subscribers:
    """Who listens to interventions."""

    def __init__(self) -> None:
        self._queues: dict[Place, set[asyncio.Queue[dict[str, Any] | None]]] = {}
        self._all: set[asyncio.Queue[dict[str, Any] | None]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, places: Iterable[Place]) -> asyncio.Queue[dict[str, Any] | None]:
        """Begin to listen. Null in the queue is the end."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._all.add(queue)
        for place in places:
            self._queues.setdefault(place, set()).add(queue)
        return queue

    def remove(self, places: Iterable[Place], queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        """Stop listening."""
        self._all.discard(queue)
        for place in places:
            queues = self._queues.get(place, set())
            queues.discard(queue)
            if not queues:
                self._queues.pop(place, None)

    def send(self, place: Place, what: dict[str, Any]) -> bool:
        """Send to everyone who listens to a profile; false if nobody does."""
        queues = self._queues.get(place, ())
        for queue in queues:
            if queue.qsize() >= MOST_WAITING:
                queue.get_nowait()
            queue.put_nowait(what)
        return bool(queues)

    def close(self) -> None:
        """End all subscriptions."""
        for queue in self._all:
            queue.put_nowait(None)
