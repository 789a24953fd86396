"""GRANT, REVOKE and SHOW GRANTS: remembered and answered, not enforced."""

from __future__ import annotations

import re

_STATEMENT = re.compile(
    r"^\s*(?P<verb>grant|revoke)\s+(?P<privileges>.+?)\s+on\s+(?P<scope>all|future)?\s*"
    r"(?P<object>.+?)\s+(?:to|from)\s+(?:(?P<kind>role|user|database\s+role)\s+)?(?P<role>[\w\"]+)"
    r"(?:\s+with\s+grant\s+option)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_SHOW = re.compile(
    r"^\s*show\s+grants\s+(?P<what>on|to)\s+(?:(?P<kind>table|view|role|schema|database|warehouse)\s+)?"
    r"(?P<name>[\w.\"]+)\s*;?\s*$",
    re.IGNORECASE,
)
_KINDS = r"^(?:table|view|schema|database|warehouse|stage|procedure)s?\s+"
_Row = tuple[str, str, str, str]


class Privileges:
    """The grants of one account.

    Rows are (privilege, object, role, kind of object), upper case and without quotes.
    """

    def __init__(self) -> None:
        self._rows: set[_Row] = set()

    def apply(self, sql: str) -> bool:
        """Take a GRANT or REVOKE; False where the statement is neither."""
        found = _STATEMENT.match(sql)
        if not found:
            return False
        scope = f"{found['scope']} " if found["scope"] else ""
        about = re.sub(r"\s+", " ", f"{scope}{found['object']}".replace('"', "")).upper()
        kind = re.match(_KINDS, about, re.IGNORECASE)
        about = about if scope else re.sub(_KINDS, "", about, flags=re.IGNORECASE)
        for privilege in found["privileges"].upper().split(","):
            row = (
                privilege.strip(),
                about,
                found["role"].upper().replace('"', ""),
                kind[0].strip() if kind else "TABLE",
            )
            if found["verb"].lower() == "grant":
                self._rows.add(row)
            else:
                self._rows = {kept for kept in self._rows if kept[:3] != row[:3]}
        return True

    def show(self, sql: str) -> list[_Row] | None:
        """Return the rows a SHOW GRANTS asks for; None where the statement is not one."""
        found = _SHOW.match(sql)
        if not found:
            return None
        name = found["name"].upper().replace('"', "")
        column = 1 if found["what"].lower() == "on" else 2
        return sorted(row for row in self._rows if row[column] == name)


def as_select(rows: list[_Row]) -> str:
    """Spell rows as the query whose result SHOW GRANTS has."""
    values = ", ".join(
        f"('{privilege}', '{kind}', '{about}', 'ROLE', '{role}')"
        for privilege, about, role, kind in rows or [("", "", "", "")]
    )
    return (
        f"select * from (values {values}) as grants "
        '("privilege", "granted_on", "name", "granted_to", "grantee_name") '
        "where \"privilege\" <> ''"
    )
