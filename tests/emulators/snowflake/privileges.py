"""Roles, grants and owners: GRANT, REVOKE and SHOW GRANTS.

A role that was created by CREATE ROLE is held to what it was granted (`enforcement`); a session of
any other, as of none, may do everything, as an account's administrator may.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = r"[\w$.\"-]+"
_STATEMENT = re.compile(
    r"^\s*(?P<verb>grant|revoke)\s+(?P<privileges>.+?)\s+on\s+(?:(?P<scope>all|future)\s+"
    rf"(?P<plural>table|view|stage)s\s+in\s+schema\s+(?P<schema>{_NAME})|"
    r"(?:(?P<kind>table|view|schema|database|warehouse|stage|procedure|git\s+repository)\s+)?"
    rf"(?P<object>{_NAME}))\s+(?:to|from)\s+(?:role\s+)?(?P<role>{_NAME})\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(
    rf"^\s*create\s+(?:or\s+replace\s+)?role\s+(?:if\s+not\s+exists\s+)?(?P<role>{_NAME})\s*;?\s*$",
    re.IGNORECASE,
)
_SHOW = re.compile(
    r"^\s*show\s+(?P<future>future\s+)?grants\s+(?P<what>on|to)\s+"
    rf"(?:(?:table|view|role|schema|database|warehouse)\s+)?(?P<name>{_NAME})\s*;?\s*$",
    re.IGNORECASE,
)
_ALL = {"ALL", "ALL PRIVILEGES"}


class Grant(NamedTuple):
    """A privilege on one object; or, in the future ones, on a schema's objects of a kind."""

    privilege: str
    about: str
    role: str
    kind: str


class Privileges:
    """The roles, owners and grants of one account. Names are as the account keeps them."""

    def __init__(self) -> None:
        self.roles: set[str] = set()
        self._grants: set[Grant] = set()
        self._future: set[Grant] = set()
        # Name -> kind and owner.
        self._objects: dict[str, tuple[str, str]] = {}

    def apply(self, sql: str, database: str = "", schema: str = "") -> bool:
        """Take a CREATE ROLE, GRANT or REVOKE; False where the statement is none of them."""
        if made := _ROLE.match(sql):
            self.roles.add(kept(made["role"]))
            return True
        found = _STATEMENT.match(sql)
        if not found:
            return False
        role = kept(found["role"])
        for privilege in re.split(r"\s*,\s*", " ".join(found["privileges"].upper().split())):
            if found["scope"]:
                self._change_many(found, privilege, role, qualified(found["schema"], database))
                continue
            kind = " ".join((found["kind"] or "table").upper().split())
            about = self._named(found["object"], kind, database, schema)
            known = self._objects.get(about)
            kind = known[0] if known else kind
            self._change(found["verb"], self._grants, Grant(privilege, about, role, kind))
        return True

    def created(self, kind: str, name: str, owner: str) -> None:
        """Remember who owns what; what was granted on one that is replaced is gone."""
        self._grants = {grant for grant in self._grants if grant.about != name}
        self._objects[name] = (kind, owner)
        schema = name.rpartition(".")[0]
        for grant in self._future:
            if grant.about == schema and grant.kind == kind:
                self._grants.add(grant._replace(about=name))

    def dropped(self, name: str) -> None:
        """Forget an object and what was granted on it."""
        self._objects.pop(name, None)
        self._grants = {grant for grant in self._grants if grant.about != name}

    def knows(self, name: str) -> bool:
        """Whether the object is there."""
        return name in self._objects

    def holds(self, role: str, privilege: str, name: str) -> bool:
        """Whether a role owns an object or was granted a privilege on it."""
        if self._objects.get(name, ("", ""))[1] == role:
            return True
        wanted = {privilege} if privilege == "OWNERSHIP" else {privilege} | _ALL
        return any(
            grant.about == name and grant.role == role and grant.privilege in wanted
            for grant in self._grants
        )

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

    def _named(self, name: str, kind: str, database: str, schema: str) -> str:
        if kind in ("DATABASE", "WAREHOUSE"):
            return kept(name)
        return qualified(name, database, *([] if kind == "SCHEMA" else [schema]))

    def _change_many(self, found: re.Match[str], privilege: str, role: str, schema: str) -> None:
        kind = found["plural"].upper()
        if found["scope"].lower() == "future":
            self._change(found["verb"], self._future, Grant(privilege, schema, role, kind))
            return
        for name, (known, _) in self._objects.items():
            if known == kind and name.rpartition(".")[0] == schema:
                self._change(found["verb"], self._grants, Grant(privilege, name, role, kind))

    def _change(self, verb: str, grants: set[Grant], grant: Grant) -> None:
        if verb.lower() == "grant":
            grants.add(grant)
            return
        for known in [known for known in grants if known[:3] == grant[:3]]:
            grants.remove(known)


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
