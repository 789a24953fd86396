"""The registry of Signals: what was defined, in which version, and whether it is published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ml.signals.local import schemas
from ml.signals.local.attributes import Plan, attribute_digest, ttl_of
from ml.signals.local.schemas import InvalidError

Object = dict[str, Any]
Place = tuple[str, str, int]
"""Kind, name and version; what has no versions has version 0."""

KINDS: dict[str, type[Any]] = {
    "attribute_keys": schemas.AttributeKey,
    "attribute_groups": schemas.AttributeGroup,
    "services": schemas.Service,
    "interventions": schemas.Intervention,
    "event_logs": schemas.EventLog,
}
VERSIONED = frozenset({"attribute_groups", "interventions"})
PREDEFINED = ("domain_userid", "domain_sessionid", "user_id", "network_userid")


class MissingError(Exception):
    """What was asked for is not there."""


class ExistsError(Exception):
    """What was sent is there already."""


class InUseError(Exception):
    """What should be deleted is needed by something else."""


class Registry:
    """Attribute keys, groups, services, interventions and event logs."""

    def __init__(self) -> None:
        self.objects: dict[Place, Object] = {}
        self.since: dict[str, int] = {}
        self.publications = 0
        for name in PREDEFINED:
            self.objects[("attribute_keys", name, 0)] = {"name": name, "is_published": True}

    def create(self, kind: str, body: bytes) -> Object:
        """Add an object.

        Raises
        ------
        ExistsError, InvalidError
        """
        place, made = self._read(kind, body)
        if place in self.objects:
            version = f" version {place[2]}" if place[2] else ""
            raise ExistsError(f"{kind}: {place[1]}{version} exists already.")
        return self._put(place, made)

    def replace(self, kind: str, name: str, version: int, body: bytes) -> Object:
        """Change an object.

        Raises
        ------
        MissingError, InvalidError
        """
        place, made = self._read(kind, body)
        if place != (kind, name, version):
            raise InvalidError(
                ("body", "name"), "Name and version differ from those of the address."
            )
        self.get(kind, name, version)
        return self._put(place, made)

    def get(self, kind: str, name: str, version: int | None = None) -> Object:
        """Find an object; the latest version if none is named.

        Raises
        ------
        MissingError
        """
        versions = [v for k, n, v in self.objects if (k, n) == (kind, name)]
        wanted = max(versions, default=None) if version is None else version
        if wanted not in versions:
            said = "" if version is None or kind not in VERSIONED else f" version {version}"
            raise MissingError(f"{kind}: there is no {name}{said}.")
        return self.objects[(kind, name, wanted)]

    def all(self, kind: str) -> list[Object]:
        """All objects of a kind, by name and version."""
        return [self.objects[place] for place in sorted(self.objects) if place[0] == kind]

    def delete(self, kind: str, name: str, version: int) -> None:
        """Remove an object, and with it the values that nothing else needs.

        Raises
        ------
        MissingError, InUseError
        """
        self.get(kind, name, version)
        for user in self._users(kind, name, version):
            raise InUseError(f"{kind}: {name} is used by {user}. Delete that first.")
        del self.objects[(kind, name, version)]

    def set_published(self, kind: str, name: str, version: int, published: bool) -> bool:
        """Publish or unpublish an object; true if that changed anything.

        Raises
        ------
        MissingError
        """
        found = self.get(kind, name, version)
        changed = bool(found.get("is_published")) is not published
        found["is_published"] = published
        return changed

    def _users(self, kind: str, name: str, version: int) -> Iterator[str]:
        if kind == "attribute_keys":
            for group in self.all("attribute_groups"):
                if group["attribute_key"]["name"] == name:
                    yield f"attribute group {group['name']}"
        if kind == "attribute_groups":
            for service in self.all("services"):
                links = ((g["name"], g["version"]) for g in service["attribute_groups"])
                if (name, version) in links:
                    yield f"service {service['name']}"

    def _read(self, kind: str, body: bytes) -> tuple[Place, Object]:
        sent = schemas.read(KINDS[kind], body)
        if isinstance(sent, schemas.AttributeGroup):
            schemas.check_group(sent)
        elif isinstance(sent, schemas.AttributeKey):
            schemas.check_duration(("body", "ttl"), sent.ttl)
        elif isinstance(sent, schemas.Service):
            schemas.check_owner(sent.owner)
            for at, link in enumerate(sent.attribute_groups):
                if ("attribute_groups", link.name, link.version) not in self.objects:
                    raise InvalidError(
                        ("body", "attribute_groups", at),
                        f"There is no attribute group {link.name} version {link.version}.",
                    )
        elif isinstance(sent, schemas.Intervention):
            schemas.check_owner(sent.owner)
            schemas.check_criteria_tree(sent.criteria, ("body", "criteria"))
        made = msgspec.to_builtins(sent)
        version = made.setdefault("version", 1) if kind in VERSIONED else 0
        return (kind, made["name"], version), made

    def _put(self, place: Place, made: Object) -> Object:
        if place[0] == "attribute_groups":
            key = made["attribute_key"]
            known = self.objects.get(("attribute_keys", key["name"], 0))
            if known is None:
                self.objects[("attribute_keys", key["name"], 0)] = key
            elif set(key) <= {"name", "description"}:
                # A group may name its key only.
                made["attribute_key"] = {**known}
        self.objects[place] = made
        return made

    def published(self, kind: str) -> list[Object]:
        """List the published objects of a kind."""
        return [made for made in self.all(kind) if made.get("is_published")]

    def plan(self) -> Plan:
        """Tell what has to be computed now.

        An attribute begins when it is published for the first time. It goes on as long as a
        published group has the same definition, in whatever version.
        """
        groups = [group for group in self.published("attribute_groups") if group.get("attributes")]
        digests = {
            attribute_digest(group["attribute_key"], attribute, ttl_of(attribute, group))
            for group in groups
            for attribute in group["attributes"]
        }
        if new := digests - self.since.keys():
            self.publications += 1
            self.since.update(dict.fromkeys(new, self.publications))
        self.since = {name: number for name, number in self.since.items() if name in digests}
        return Plan(groups, self.since)

    def dump(self) -> Object:
        """As JSON can hold it."""
        objects = [[*place, made] for place, made in self.objects.items()]
        return {"objects": objects, "since": self.since, "publications": self.publications}

    @classmethod
    def load(cls, state: Object) -> Registry:
        """Read what `dump` gave."""
        made = cls()
        made.objects = {(kind, name, v): o for kind, name, v, o in state["objects"]}
        made.since, made.publications = state["since"], state["publications"]
        return made


def answer(kind: str, made: Object) -> Object:
    """Make an object as the API answers it: with what Signals adds."""
    full = {**made, "is_published": bool(made.get("is_published"))}
    if kind == "attribute_keys":
        full["blobl_path"] = None
    if kind == "attribute_groups":
        key = made["attribute_key"]
        name = f"{made['name']}_v{made['version']}"
        full |= {
            "attribute_key": answer("attribute_keys", key),
            "attribute_key_or_name": key.get("key") or key["name"],
            "attribute_group_or_attribute_key_ttl": made.get("ttl") or key.get("ttl"),
            "full_name": name,
            "feast_name": name,
            "stream_source_name": None if made.get("offline") else "stream",
        }
    return full
