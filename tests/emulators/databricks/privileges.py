"""Unity Catalog's grants: remembered, and shown; nobody is kept from anything."""

from __future__ import annotations

import re

from tests.emulators.comments import LEADING, TRAILING

_GRANT = re.compile(
    rf"^{LEADING}(?P<verb>grant|revoke)\s+(?P<actions>.+?)\s+on\s+"
    r"(?:(?P<kind>table|view|schema|catalog|volume|external\s+location)\s+)?(?P<name>[\w.`]+)\s+"
    rf"(?:to|from)\s+(?P<principal>`[^`]+`|[\w.@-]+){TRAILING}",
    re.IGNORECASE | re.DOTALL,
)
_SHOW = re.compile(
    rf"^{LEADING}show\s+grants?\s+(?:(?P<principal>`[^`]+`|[\w.@-]+)\s+)?on\s+"
    rf"(?:(?P<kind>table|view|schema|catalog|volume)\s+)?(?P<name>[\w.`]+){TRAILING}",
    re.IGNORECASE | re.DOTALL,
)


class Privileges:
    """What was granted to whom, on which securable."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str, str, str]] = set()

    def apply(self, sql: str) -> bool:
        """Carry out GRANT or REVOKE; false where the statement is neither."""
        found = _GRANT.match(sql)
        if not found:
            return False
        for action in found["actions"].split(","):
            held = (
                found["principal"].strip("`"),
                " ".join(action.upper().split()),
                _kind(found["kind"]),
                _name(found["name"]),
            )
            if found["verb"].lower() == "grant":
                self._held.add(held)
            else:
                self._held.discard(held)
        return True

    def show(self, sql: str) -> list[tuple[str, str, str, str]] | None:
        """Answer SHOW GRANTS; None where the statement is another."""
        found = _SHOW.match(sql)
        if not found:
            return None
        principal = (found["principal"] or "").strip("`")
        return sorted(
            held
            for held in self._held.copy()  # others are granted meanwhile
            if held[3] == _name(found["name"]) and principal in ("", held[0])
        )


def _kind(kind: str | None) -> str:
    # A view is granted on as a table is.
    word = " ".join((kind or "table").upper().split())
    return "TABLE" if word == "VIEW" else word


def _name(name: str) -> str:
    return name.replace("`", "").lower()
