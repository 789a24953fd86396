"""What an attribute reads of an event: which events, which value, under which criteria."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Json = Any
"""What JSON can hold."""
Row = Mapping[str, Any]
"""An enriched event: atomic columns, and `contexts_*` and `unstruct_event_*` as they were sent."""
Scalar = str | int | float | bool
Getter = Callable[[Row], "Scalar | None"]
Test = Callable[[Row], bool]

EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def microseconds(time: Json) -> int | None:
    """Microseconds since 1970 of a time, as text or as a datetime; null if it is no time.

    Examples
    --------
    >>> microseconds("1970-01-01 00:00:01.5")
    1500000
    >>> microseconds("1970-01-01T01:00:00+01:00")
    0
    """
    if isinstance(time, str):
        try:
            time = dt.datetime.fromisoformat(time)
        except ValueError:
            return None
    if not isinstance(time, dt.datetime):
        return None
    if time.tzinfo is not None:
        time = time.astimezone(dt.UTC).replace(tzinfo=None)
    return (time - EPOCH) // _MICROSECOND


def iso(time: int, *, separator: str = " ") -> str:
    """Text of a time in microseconds since 1970, UTC, without zone.

    Examples
    --------
    >>> iso(1_500_000)
    '1970-01-01 00:00:01.500000'
    """
    return (EPOCH + dt.timedelta(microseconds=time)).isoformat(separator, "microseconds")


@functools.lru_cache(maxsize=1000)
def snake_case(name: str) -> str:
    """Name of a field or schema as the columns of warehouses have it.

    Examples
    --------
    >>> snake_case("deviceClass"), snake_case("web_page"), snake_case("UADevice")
    ('device_class', 'web_page', 'ua_device')
    """
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", parted).replace("-", "_").lower()


def column_of(kind: str, vendor: str, name: str, model: int | str) -> str:
    """Column of an entity (`contexts`) or of a self-describing event (`unstruct_event`).

    Examples
    --------
    >>> column_of("contexts", "com.snowplowanalytics.snowplow", "web_page", 1)
    'contexts_com_snowplowanalytics_snowplow_web_page_1'
    """
    vendor = vendor.replace(".", "_").replace("-", "_").lower()
    return f"{kind}_{vendor}_{snake_case(name)}_{model}"


def scalar(value: Json) -> Scalar | None:
    """Keep what aggregations take: text, number or boolean; anything else is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int) else None


def number(value: Json) -> int | float | None:
    """Keep what sums take: a number, or text that is one; anything else is null."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _walk(value: Json, steps: list[str | int]) -> Json:
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        elif isinstance(value, dict):
            found = value.get(step)
            # Files of a warehouse have the fields in snake_case, trackers as the schema has them.
            value = value.get(snake_case(step)) if found is None else found
        else:
            return None
    return value


def _decoded(value: Json) -> Json:
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    return value


def _date_part(part: str, getter: Getter) -> Getter:
    form = {
        "active_day": lambda time: f"{time:%Y-%m-%d}",
        "active_week": lambda time: "{}-W{:02}".format(*time.isocalendar()),
        "active_month": lambda time: f"{time:%Y-%m}",
        "hour_of_day": lambda time: time.hour,
        "day_of_week": lambda time: time.isoweekday(),
        "month_of_year": lambda time: time.month,
    }[part]

    def read(row: Row) -> Scalar | None:
        time = microseconds(getter(row))
        return None if time is None else form(EPOCH + dt.timedelta(microseconds=time))

    return read


def _leaf(spec: Mapping[str, Any]) -> Getter:
    kind = spec.get("type", "atomic")
    if kind == "atomic":
        name = spec["name"]

        def read(row: Row) -> Scalar | None:
            return scalar(row.get(name))

    else:
        prefix = "contexts" if kind == "entity" else "unstruct_event"
        column = column_of(prefix, spec["vendor"], spec["name"], spec["major_version"])
        path = spec["path"].removeprefix("$.").removeprefix("$")
        steps = [int(i) if i else name for name, i in _STEP.findall(path)]
        index = (spec.get("index") or 0) if kind == "entity" else None

        def read(row: Row) -> Scalar | None:
            value = row.get(column)
            if value is None:
                return None
            value = _decoded(value)
            if index is not None:
                value = _walk(value, [index])
            return scalar(_walk(value, steps))

    part = spec.get("date_part")
    return _date_part(part, read) if part else read


def _calculated(spec: Mapping[str, Any]) -> Getter:
    getters = [_leaf(leaf) for leaf in spec["properties"]]
    operation, separator = spec["operation"], spec.get("separator") or ""
    if operation == "coalesce":
        return lambda row: next((v for g in getters if (v := g(row)) is not None), None)
    if operation == "concat":

        def joined(row: Row) -> str | None:
            values = [as_text(v) for g in getters if (v := g(row)) is not None]
            return separator.join(values) if values else None

        return joined
    combine = {"sum": sum, "product": math.prod, "min": min, "max": max}[operation]

    def combined(row: Row) -> Scalar | None:
        values = [number(g(row)) for g in getters]
        return None if None in values else scalar(combine(values))  # type: ignore[arg-type]

    return combined


def property_getter(spec: Mapping[str, Any]) -> Getter:
    """Reader of a property: atomic, of the event, of an entity, or calculated.

    Parameters
    ----------
    spec : dict
        The property as the SDK sends it.

    Returns
    -------
    callable
        From an event to text, a number or a boolean; null if it is not there, or is a list or an
        object.

    Examples
    --------
    >>> read = property_getter({"type": "atomic", "name": "app_id"})
    >>> read({"app_id": "web"})
    'web'
    """
    return _calculated(spec) if spec.get("type") == "calculated" else _leaf(spec)


def as_text(value: Scalar) -> str:
    """Write a value as JSON does, text without quotes.

    Examples
    --------
    >>> as_text(True), as_text(2.0), as_text("a")
    ('true', '2.0', 'a')
    """
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def like(pattern: str) -> re.Pattern[str]:
    """Regular expression of an SQL LIKE pattern: `%` is any text, `_` one character.

    Examples
    --------
    >>> bool(like("%/pricing_").fullmatch("https://example.com/pricing/"))
    True
    """
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def comparison(operator: str, wanted: Json) -> Callable[[Any], bool]:
    """Test of a value against a criterion's operator and value.

    Null meets `is null` only. Text and numbers are compared as numbers if both are some.

    Examples
    --------
    >>> comparison("in", ["a", "b"])("b"), comparison("!=", "a")(None), comparison(">", 2)("10")
    (True, False, True)
    """
    if operator == "is null":
        return lambda value: value is None
    if operator == "is not null":
        return lambda value: value is not None
    negated = operator.startswith("not ")
    test = _positive(operator.removeprefix("not "), wanted)
    return lambda value: value is not None and test(value) is not negated


def _positive(operator: str, wanted: Json) -> Callable[[Any], bool]:
    if operator in ("like", "rlike"):
        pattern = like(str(wanted)) if operator == "like" else re.compile(str(wanted))
        search = pattern.fullmatch if operator == "like" else pattern.search
        return lambda value: search(as_text(value)) is not None
    if operator == "in":
        options = wanted if isinstance(wanted, list) else [wanted]
        return lambda value: any(_equal(value, option) for option in options)
    if operator == "=":
        return lambda value: _equal(value, wanted)
    if operator == "!=":
        return lambda value: not _equal(value, wanted)
    return lambda value: _ordered(operator, value, wanted)


def _equal(value: Json, wanted: Json) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, str) == isinstance(wanted, str):
        return value == wanted
    left, right = number(value), number(wanted)
    return left is not None and left == right


def _ordered(operator: str, value: Json, wanted: Json) -> bool:
    if not (isinstance(value, str) and isinstance(wanted, str)):
        value, wanted = number(value), number(wanted)
        if value is None or wanted is None:
            return False
    if operator == "<":
        return value < wanted
    if operator == "<=":
        return value <= wanted
    return value > wanted if operator == ">" else value >= wanted


def criteria_test(criteria: Mapping[str, Any] | None) -> Test | None:
    """Test of an event against an attribute's criteria; null if there are none.

    Examples
    --------
    >>> web = {"property": {"type": "atomic", "name": "app_id"}, "operator": "=", "value": "web"}
    >>> criteria_test({"all": [web]})({"app_id": "web"})
    True
    """
    tests: list[Test] = []
    for key, combine in (("all", all), ("any", any)):
        parts = [_criterion(part) for part in (criteria or {}).get(key) or []]
        if parts:
            tests.append(lambda row, parts=parts, combine=combine: combine(t(row) for t in parts))
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def _criterion(spec: Mapping[str, Any]) -> Test:
    getter = property_getter(spec["property"])
    test = comparison(spec["operator"], spec.get("value"))
    return lambda row: test(getter(row))


_SPECIFICATION = _leaf(
    {
        "type": "entity",
        "vendor": "com.snowplowanalytics.snowplow",
        "name": "event_specification",
        "major_version": 1,
        "path": "id",
    }
)


def event_test(events: list[Mapping[str, Any]] | None) -> Test:
    """Test of an event against an attribute's events; an empty list takes every event.

    Examples
    --------
    >>> event_test([{"name": "page_view"}])({"event_name": "page_view"})
    True
    """
    wanted = [
        (
            [(f"event_{key}", e[key]) for key in ("vendor", "name", "version") if e.get(key)],
            e.get("event_specification_id"),
        )
        for e in events or []
    ]

    def test(row: Row) -> bool:
        for pairs, specification in wanted:
            if all(row.get(name) == value for name, value in pairs) and (
                specification is None or _SPECIFICATION(row) == specification
            ):
                return True
        return not wanted

    return test
