"""The features and targets of DESIGN.md, section 5, as plain loops over one visitor's events."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

DAY = 86_400_000_000
SECONDS = {"W": 604800, "D": 86400, "H": 3600, "M": 60, "S": 1}
UNITS = {"seconds": 10**6, "minutes": 60 * 10**6, "hours": 3600 * 10**6, "days": DAY}


@dataclass(frozen=True)
class Event:
    """One row of stg_snowplow__events, as far as the definitions of the tests go."""

    event_id: str
    domain_userid: str | None
    us: int
    event_name: str = "page_view"
    domain_sessionid: str | None = None
    app_id: str | None = None
    device_class: str | None = None
    page_url: str | None = None
    page_urlhost: str | None = None
    page_urlpath: str | None = None
    refr_medium: str | None = None
    mkt_medium: str | None = None
    mkt_campaign: str | None = None
    has_media_player: bool = False
    se_value: float | None = None
    media_player__duration: str | None = None  # a field of an entity: text


PROPERTIES = [field.name for field in fields(Event) if field.name != "us"]


@dataclass(frozen=True)
class Moment:
    """A visitor at a time; at an event, that event."""

    domain_userid: str | None
    us: int
    event: Event | None = None


def duration_us(text: str) -> int:
    return sum(
        int(number) * SECONDS[unit] * 10**6 for number, unit in re.findall(r"(\d+)([WDHMS])", text)
    )


def _property(event: Event, name: str) -> Any:
    return getattr(event, name.replace(".", "__"))


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text.strip(), re.IGNORECASE):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _meets(event: Event, criterion: Mapping[str, Any]) -> bool:
    have, want = _property(event, criterion["property"]), criterion.get("value")
    if criterion["operator"].lower() in ("is null", "is not null"):
        return (have is None) is (criterion["operator"].lower() == "is null")
    if isinstance(have, str) and isinstance(want, int | float):
        have = _number(have)
    return have is not None and _compare(criterion["operator"], have, want)


def _compare(operator: str, have: Any, want: Any) -> bool:
    match operator:
        case "=":
            return have == want
        case "!=":
            return have != want
        case "<":
            return have < want
        case ">":
            return have > want
        case "<=":
            return have <= want
        case ">=":
            return have >= want
        case "in":
            return have in want
        case "like":
            pattern = re.escape(want).replace("%", ".*").replace("_", ".")
            return re.fullmatch(pattern, have, re.DOTALL) is not None
        case other:
            raise AssertionError(other)


def qualifies(event: Event, definition: Mapping[str, Any]) -> bool:
    """Is it one of the definition's events, and does it meet the criteria?"""
    if definition.get("events") and event.event_name not in definition["events"]:
        return False
    criteria = definition.get("criteria") or {}
    return all(_meets(event, criterion) for criterion in criteria.get("all", [])) and (
        not criteria.get("any") or any(_meets(event, criterion) for criterion in criteria["any"])
    )


def feature(
    events: Iterable[Event],
    moment: Moment,
    definition: Mapping[str, Any],
    conversions: list[dict[str, Any]],
) -> Any:
    """Value of one feature at a moment."""
    if "moment" in definition:
        instant = datetime.fromtimestamp(moment.us // 10**6, UTC)
        return instant.isoweekday() if definition["moment"] == "day_of_week" else instant.hour
    since = moment.us - duration_us(definition["period"]) if "period" in definition else 0
    window = sorted(
        (
            event
            for event in events
            if event.domain_userid == moment.domain_userid and since <= event.us < moment.us
        ),
        key=lambda event: (event.us, event.event_id),
    )
    if "conversion" in definition:
        asked = [c for c in conversions if definition["conversion"] in ("any", c["name"])]
        if definition["aggregation"] == "any":
            return any(sum(qualifies(e, c) for e in window) >= c.get("min_count", 1) for c in asked)
        mine = [event for event in window if any(qualifies(event, c) for c in asked)]
    else:
        mine = [event for event in window if qualifies(event, definition)]
    own = moment.event if definition.get("includes_own_event") else None
    if own is not None and qualifies(own, definition):
        mine = [*mine, own]
    return _aggregate(mine, moment, definition)


def _aggregate(mine: list[Event], moment: Moment, definition: Mapping[str, Any]) -> Any:
    values = [_property(event, definition.get("property", "event_id")) for event in mine]
    if definition["aggregation"] in ("sum", "mean", "min", "max"):
        values = [_number(value) if isinstance(value, str) else value for value in values]
    known = [value for value in values if value is not None]
    if definition["aggregation"] in ("sum", "mean"):
        known = [value for value in known if abs(value) <= 9e12]
    match definition["aggregation"]:
        case "counter":
            return len(mine)
        case "any":
            return len(mine) > 0
        case "unique_count":
            return len(set(known))
        case "sum":
            return float(sum(Decimal(str(value)) for value in known))
        case "mean":
            total = float(sum(Decimal(str(value)) for value in known))
            return total / len(known) if known else None
        case "min":
            return min(known, default=None)
        case "max":
            return max(known, default=None)
        case "first":
            return (values[0] or "") if values else ""
        case "last":
            return (values[-1] or "") if values else ""
        case "most_frequent":
            counts = Counter(value for value in known if value in definition["values"])
            return min(counts, key=lambda value: (-counts[value], value), default="")
        case "time_since_first":
            unit = UNITS[definition["unit"]]
            return (moment.us - mine[0].us) / unit if mine else None
        case "time_since_last":
            unit = UNITS[definition["unit"]]
            return (moment.us - mine[-1].us) / unit if mine else None
        case other:
            raise AssertionError(other)


def target(
    events: Iterable[Event],
    moment: Moment,
    conversion: Mapping[str, Any],
    horizon: str,
    allowance: str,
    as_of_us: int,
) -> bool | None:
    """Did the visitor convert within the horizon after the moment? None: not known yet."""
    until = moment.us + duration_us(horizon)
    if until + duration_us(allowance) > as_of_us:
        return None
    count = sum(
        event.domain_userid == moment.domain_userid
        and moment.us < event.us <= until
        and qualifies(event, conversion)
        for event in events
    )
    return count >= conversion.get("min_count", 1)
