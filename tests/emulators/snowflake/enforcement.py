"""What a statement needs, and whether a role that is held to its grants has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import sqlglot.errors
from fakesnow.dialect import parse_one
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from tests.emulators.comments import LEADING
from tests.emulators.snowflake.privileges import Privileges, kept, qualified

_FREE = re.compile(
    rf"^{LEADING}(?:show|use|alter\s+session|begin|commit|rollback|call|select\s+system\$|select\s+current_"
    r"|drop\s+procedure|with\s+\S+\s+as\s+procedure|describe\s+result)\b",
    re.IGNORECASE,
)
_CREATE = re.compile(
    rf"^{LEADING}create\s+(?P<replace>or\s+replace\s+)?"
    r"(?P<temporary>(?:scoped\s+)?temp(?:orary)?\s+)?(?:(?:transient|secure|recursive)\s+)*"
    r"(?P<kind>table|view|stage|schema|database|role|procedure|warehouse)\s+"
    r"(?P<unless>if\s+not\s+exists\s+)?(?P<name>[\w$.\"-]+)",
    re.IGNORECASE,
)
_DROP = re.compile(
    rf"^{LEADING}drop\s+(?:table|view|stage|schema|database)\s+(?:if\s+exists\s+)?(?P<name>[\w$.\"-]+)",
    re.IGNORECASE,
)
_LOAD = re.compile(r"^\s*--\s*load\s+insert\s+into\s+(?P<name>[\w$.\"-]+)", re.IGNORECASE)
_STAGE = re.compile(rf"^{LEADING}(?P<verb>put|get|list|ls|remove|rm|copy\s+files)\b", re.IGNORECASE)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)


@dataclass(frozen=True)
class Session:
    """Who sends a statement, and where unqualified names are looked for."""

    role: str
    warehouse: str
    database: str
    schema: str

    def find(self, name: str) -> str:
        """Complete the name of a table, view or stage."""
        return qualified(name, self.database, self.schema)


class Need(NamedTuple):
    """A privilege on an object, which lies in a schema, a database or the account."""

    privilege: str
    name: str


def check(sql: str, session: Session, privileges: Privileges) -> None:
    """Refuse what the session's role may not do.

    Raises
    ------
    snowflake.connector.errors.ProgrammingError
        In the words and with the numbers of Snowflake.
    """
    if session.role not in privileges.roles:
        return
    for privilege, name in needs(sql, session, privileges):
        parts = name.split(".")
        for depth in range(1, len(parts)):
            inside = ".".join(parts[:depth])
            if not privileges.holds(session.role, "USAGE", inside):
                raise _refused(inside)
        if not privileges.holds(session.role, privilege, name):
            raise _refused(name)


def remember(sql: str, session: Session, privileges: Privileges) -> None:
    """Keep track of who owns what, as far as statements create and drop it."""
    if dropped := _DROP.match(sql):
        privileges.dropped(session.find(dropped["name"]))
    made = _CREATE.match(sql)
    if not made or made["kind"].lower() in ("role", "procedure"):
        return
    name = _made(made, session)
    if not (made["unless"] and privileges.knows(name)):
        privileges.created(made["kind"].upper(), name, session.role)


def made_and_dropped(sql: str, session: Session) -> tuple[tuple[str, str] | None, str | None]:
    """Name the temporary table or view that a statement makes, with its kind, and what it drops.

    What is made anew, and is not temporary, counts as dropped: nothing temporary is left of it. A
    temporary one without a schema in its name is DuckDB's.
    """
    if dropped := _DROP.match(sql):
        return None, session.find(dropped["name"])
    made = _CREATE.match(sql)
    if not made or made["kind"].lower() not in ("table", "view"):
        return None, None
    name = session.find(made["name"])
    if made["temporary"]:
        return ((made["kind"].lower(), name) if "." in made["name"] else None), None
    return None, name


def needs(sql: str, session: Session, privileges: Privileges) -> list[Need]:
    """List what a statement needs of objects that are there."""
    if _FREE.match(sql):
        return []
    granting = privileges.granting(sql, session.database, session.schema)
    if granting is not None:
        return [Need(*needed) for needed in granting]
    if made := _CREATE.match(sql):
        return _create(made, session, privileges) + _read(sql, session, privileges)
    if dropped := _DROP.match(sql):
        wanted = [Need("OWNERSHIP", session.find(dropped["name"]))]
    elif loaded := _LOAD.match(sql):
        wanted = [Need("INSERT", session.find(loaded["name"]))]
    elif staged := _STAGE.match(sql):
        privilege = "READ" if staged["verb"].lower() in ("get", "list", "ls") else "WRITE"
        stages = re.findall(r"@([\w$.\"-]+)", sql)
        wanted = [Need(privilege, session.find(name)) for name in stages]
    else:
        return _read(sql, session, privileges)
    return [need for need in wanted if privileges.knows(need.name)]


def _create(made: re.Match[str], session: Session, privileges: Privileges) -> list[Need]:
    kind, name = made["kind"].upper(), _made(made, session)
    if kind in ("ROLE", "DATABASE", "WAREHOUSE"):
        return [Need(f"CREATE {kind}", "ACCOUNT")]
    inside = name.rpartition(".")[0]
    # What lasts as long as its session asks for the use of the schema only.
    wanted = [Need("USAGE" if made["temporary"] else f"CREATE {kind}", inside)]
    if kind != "SCHEMA":
        wanted.append(Need("USAGE", inside))
    if made["replace"] and privileges.knows(name):
        wanted.append(Need("OWNERSHIP", name))
    return wanted


def _made(made: re.Match[str], session: Session) -> str:
    kind = made["kind"].lower()
    if kind in ("database", "warehouse", "role"):
        return kept(made["name"])
    return (
        qualified(made["name"], session.database)
        if kind == "schema"
        else session.find(made["name"])
    )


def _read(sql: str, session: Session, privileges: Privileges) -> list[Need]:
    """What a query or a change of rows needs: the warehouse, and each table that it names."""
    if re.match(
        rf"^(?:\s*--\s*load|{LEADING}create\s+(?:\w+\s+)*(?:stage|schema|procedure|role)\b)",
        sql,
        re.IGNORECASE,
    ):
        return []
    try:
        statement = parse_one(sql)
    except sqlglot.errors.ParseError:
        return []  # nor can it be run
    targets: dict[int, str] = {}
    for change in statement.find_all(*_CHANGES):
        if target := change.find(exp.Table):
            targets[id(target)] = "DELETE" if isinstance(change, exp.Delete) else "INSERT"
    for change in statement.find_all(exp.Alter, exp.Create, exp.Drop):
        if target := change.find(exp.Table):
            targets[id(target)] = "OWNERSHIP"
    named = {cte.alias_or_name.upper() for cte in statement.find_all(exp.CTE)}
    wanted: list[Need] = [Need("USAGE", session.warehouse)] if session.warehouse else []
    for table in statement.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        name = session.find(".".join(part.sql(dialect="snowflake") for part in table.parts))
        is_cte = not table.db and table.name.upper() in named
        if not is_cte and privileges.knows(name):
            wanted.append(Need(targets.get(id(table), "SELECT"), name))
    return wanted


def _refused(name: str) -> ProgrammingError:
    return ProgrammingError(
        msg=f"SQL access control error:\nInsufficient privileges to operate on '{name}': it does "
        "not exist or not authorized.",
        errno=3001,
        sqlstate="42501",
    )
