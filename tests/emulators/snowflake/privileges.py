"""Roles, grants and owners: GRANT, REVOKE and SHOW GRANTS.

A role that was created by CREATE ROLE is held to what it was granted (`enforcement`); a session of
any other, as of none, may do everything, as an account's administrator may.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from tests.emulators.comments import LEADING, TRAILING

_NAME = r"[\w$.\"-]+"
_STATEMENT = re.compile(
    rf"^{LEADING}(?P<verb>grant|revoke)\s+(?P<privileges>.+?)\s+on\s+(?:(?P<scope>all|future)\s+"
    rf"(?P<plural>table|view|stage)s\s+in\s+schema\s+(?P<schema>{_NAME})|"
    r"(?:(?P<kind>table|view|schema|database|warehouse|stage|procedure|git\s+repository)\s+)?"
    rf"(?P<object>{_NAME}))\s+(?:to|from)\s+(?:role\s+)?(?P<role>{_NAME}){TRAILING}",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(
    rf"^{LEADING}create\s+(?:or\s+replace\s+)?role\s+(?:if\s+not\s+exists\s+)?(?P<role>{_NAME})"
    rf"{TRAILING}",
    re.IGNORECASE,
)
_SHOW = re.compile(
    rf"^{LEADING}show\s+(?P<future>future\s+)?grants\s+(?P<what>on|to)\s+"
    rf"(?:(?:table|view|role|schema|database|warehouse)\s+)?(?P<name>{_NAME}){TRAILING}",
    re.IGNORECASE,
)
_ALL = {"ALL", "ALL PRIVILEGES"}
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Grant(NamedTuple):
    """A privilege on one object; or, in the future ones, on a schema's objects of a kind."""

    privilege: str
    about: str
    role: str
    kind: str


def _alone(
    method: Callable[Concatenate[Privileges, _P], _R],
) -> Callable[Concatenate[Privileges, _P], _R]:
    """Let one thread at a time into the methods that it decorates."""

    @wraps(method)
    def run(self: Privileges, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self._lock:
            return method(self, *args, **kwargs)

    return run


class Privileges:
    """The roles, owners and grants of one account. Names are as the account keeps them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.roles: set[str] = set()
        self._grants: set[Grant] = set()
        self._future: set[Grant] = set()
        # Name -> kind and owner.
        self._objects: dict[str, tuple[str, str]] = {}

    @_alone
    def apply(self, sql: str, database: str = "", schema: str = "") -> bool:
        """Take a CREATE ROLE, GRANT or REVOKE; False where the statement is none of them."""
        if made := _ROLE.match(sql):
            self.roles.add(kept(made["role"]))
            return True
        found = _STATEMENT.match(sql)
        if not found:
            return False
        role = kept(found["role"])
        about = self._about(found, database, schema)
        for privilege in re.split(r"\s*,\s*", " ".join(found["privileges"].upper().split())):
            if found["scope"]:
                self._change_many(found, privilege, role, about)
                continue
            kind = _kind(found)
            known = self._objects.get(about)
            kind = known[0] if known else kind
            self._change(found["verb"], self._grants, Grant(privilege, about, role, kind))
        return True

    @_alone
    def created(self, kind: str, name: str, owner: str) -> None:
        """Remember who owns what; what was granted on one that is replaced is gone."""
        self._grants = {grant for grant in self._grants if grant.about != name}
        self._objects[name] = (kind, owner)
        schema = name.rpartition(".")[0]
        for grant in self._future:
            if grant.about == schema and grant.kind == kind:
                self._grants.add(grant._replace(about=name))

    @_alone
    def dropped(self, name: str) -> None:
        """Forget an object and what was granted on it."""
        self._objects.pop(name, None)
        self._grants = {grant for grant in self._grants if grant.about != name}

    @_alone
    def knows(self, name: str) -> bool:
        """Whether the object is there."""
        return name in self._objects

    @_alone
    def holds(self, role: str, privilege: str, name: str) -> bool:
        """Whether a role owns an object or was granted a privilege on it."""
        if self._objects.get(name, ("", ""))[1] == role:
            return True
        wanted = {privilege} if privilege == "OWNERSHIP" else {privilege} | _ALL
        return any(
            grant.about == name and grant.role == role and grant.privilege in wanted
            for grant in self._grants
        )

    @_alone
    def show(self, sql: str, database: str = "", schema: str = "") -> list[Grant] | None:
        """Return the grants a SHOW GRANTS asks for; None where the statement is not one."""
        found = _SHOW.match(sql)
        if not found:
            return None
        grants = self._future if found["future"] else self._grants
        if found["what"].lower() == "to":
            return sorted(grant for grant in grants if grant.role == kept(found["name"]))
        names = {kept(found["name"]), qualified(found["name"], database, schema)}
        return sorted(grant for grant in grants if grant.about in names)

    @_alone
    def granting(self, sql: str, database: str, schema: str) -> list[tuple[str, str]] | None:
        """Say what GRANT and REVOKE need, as privilege and object; None where it is neither."""
        found = _STATEMENT.match(sql)
        if not found:
            return None
        about = self._about(found, database, schema)
        if not found["scope"]:
            return [("OWNERSHIP", about)]
        if found["scope"].lower() == "future":
            return [("MANAGE GRANTS", "ACCOUNT")]
        inside = self._inside(about, found["plural"].upper())
        return [("USAGE", about), *(("OWNERSHIP", name) for name in inside)]

    def _about(self, found: re.Match[str], database: str, schema: str) -> str:
        """Complete the name of the object, or of the schema whose objects these are."""
        if found["scope"]:
            return qualified(found["schema"], database)
        if _kind(found) in ("DATABASE", "WAREHOUSE"):
            return kept(found["object"])
        return qualified(found["object"], database, *([] if _kind(found) == "SCHEMA" else [schema]))

    def _inside(self, schema: str, kind: str) -> list[str]:
        """Name a schema's objects of a kind."""
        return [
            name
            for name, (known, _) in self._objects.items()
            if known == kind and name.rpartition(".")[0] == schema
        ]

    def _change_many(self, found: re.Match[str], privilege: str, role: str, schema: str) -> None:
        kind = found["plural"].upper()
        if found["scope"].lower() == "future":
            self._change(found["verb"], self._future, Grant(privilege, schema, role, kind))
            return
        for name in self._inside(schema, kind):
            self._change(found["verb"], self._grants, Grant(privilege, name, role, kind))

    def _change(self, verb: str, grants: set[Grant], grant: Grant) -> None:
        if verb.lower() == "grant":
            grants.add(grant)
            return
        for known in [known for known in grants if known[:3] == grant[:3]]:
            grants.remove(known)


def _kind(found: re.Match[str]) -> str:
    return " ".join((found["kind"] or "table").upper().split())


def kept(name: str) -> str:
    """Spell a name as the account keeps it: upper case, but for what is quoted."""
    parts = re.findall(r'"(?:[^"]|"")+"|[^."]+', name.strip())
    return ".".join(p[1:-1].replace('""', '"') if p[0] == '"' else p.upper() for p in parts)


def qualified(name: str, *inside: str) -> str:
    """Complete a name with the session's database and schema."""
    parts = kept(name).split(".")
    return ".".join([*inside[: max(len(inside) + 1 - len(parts), 0)], *parts])


def as_select(rows: list[Grant]) -> str:
    """Spell grants as the query whose result SHOW GRANTS has."""
    values = ", ".join(
        f"('{privilege}', '{kind}', '{about}', 'ROLE', '{role}')"
        for privilege, about, role, kind in rows or [Grant("", "", "", "")]
    )
    return (
        f"select * from (values {values}) as grants "
        '("privilege", "granted_on", "name", "granted_to", "grantee_name") '
        "where \"privilege\" <> ''"
    )
