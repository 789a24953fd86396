"""Reading the statements that the gateway answers itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.emulators.comments import LEADING

_NAME = r"[\w$.\"]+"
_QUERY_COMMENT = re.compile(r"\s*/\*\s*\{.*?\}\s*\*/\s*;?\s*$", re.DOTALL)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(rf"^{LEADING}{text}\s*;?\s*$", re.DOTALL | re.IGNORECASE)


_PROCEDURE = _pattern(
    rf"(?:with\s+{_NAME}\s+as\s+procedure"
    rf"|create\s+(?:or\s+replace\s+)?procedure\s+(?P<name>{_NAME}))\s*\(\s*\)"
    rf"(?P<options>.*?)\bas\s*\$\$(?P<body>.*?)\$\$\s*;?\s*(?P<call>call\s+{_NAME}\s*\(\s*\))?"
)
_CALL = _pattern(rf"call\s+(?P<name>{_NAME})\s*\(\s*\)")
_DROP = _pattern(rf"drop\s+procedure\s+(?:if\s+exists\s+)?(?P<name>{_NAME})\s*\([^)]*\)")
_TAG = _pattern(
    r"alter\s+session\s+(?:set\s+query_tag\s*=\s*'(?P<tag>(?:[^']|'')*)'|unset\s+query_tag)"
)
_SHOW_TAG = _pattern(r"show\s+parameters\s+like\s+'query_tag'(?:\s+in\s+session)?")


@dataclass(frozen=True)
class Procedure:
    """A Python procedure without arguments.

    Parameters
    ----------
    name : str
        Upper case; empty where it is anonymous.
    python : str
        The version of Python that it asks for, as `3.11`.
    packages, imports : list of str
        What it declares, as written.
    body : str
        Python source that defines `main(session)`.
    called : bool
        Whether the statement that defines it calls it too.
    """

    name: str
    python: str
    packages: list[str]
    imports: list[str]
    body: str
    called: bool


def without_query_comment(sql: str) -> str:
    """Take off the JSON comment that dbt appends."""
    return _QUERY_COMMENT.sub("", sql)


def read_procedure(sql: str) -> Procedure | None:
    """Read `with … as procedure … call …` or `create procedure …`."""
    found = _PROCEDURE.match(sql)
    if not found:
        return None
    return Procedure(
        name=(found["name"] or "").upper(),
        python=_python(found["options"]),
        packages=_quoted(found["options"], "packages"),
        imports=_quoted(found["options"], "imports"),
        body=found["body"],
        called=found["call"] is not None,
    )


def read_call(sql: str) -> str | None:
    """Name of the procedure that is called, upper case."""
    found = _CALL.match(sql)
    return found["name"].upper() if found else None


def read_drop(sql: str) -> str | None:
    """Name of the procedure that is dropped, upper case."""
    found = _DROP.match(sql)
    return found["name"].upper() if found else None


def read_query_tag(sql: str) -> str | None:
    """Return the query tag that is set; empty where it is unset, None where neither."""
    found = _TAG.match(sql)
    return None if not found else (found["tag"] or "").replace("''", "'")


def shows_query_tag(sql: str) -> bool:
    """Tell `show parameters like 'query_tag'`."""
    return _SHOW_TAG.match(sql) is not None


def _python(options: str) -> str:
    found = re.search(r"\bruntime_version\s*=\s*'?([\d.]+)'?", options, re.IGNORECASE)
    return found[1] if found else ""


def _quoted(options: str, key: str) -> list[str]:
    found = re.search(rf"\b{key}\s*=\s*\(([^)]*)\)", options, re.IGNORECASE)
    return re.findall(r"'([^']*)'", found[1]) if found else []
