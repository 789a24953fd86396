"""The web tables in plain Python, as their columns are documented: no SQL, no windows."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

HEARTBEAT, MIN_VISIT, DAYS_LATE, MAX_DAYS, TIMEOUT = 10, 5, 3, 3, 30
EPOCH = dt.datetime(1970, 1, 1)
PAGE = ["title", "url", "urlscheme", "urlhost", "urlpath", "urlquery", "urlfragment"]
REFERRER = ["urlscheme", "urlhost", "urlpath", "urlquery", "urlfragment", "medium", "source"]
CAMPAIGN = ["medium", "source", "term", "content", "campaign", "clickid", "network"]
CAME_FROM = [f"refr_{n}" for n in [*REFERRER, "term"]] + [f"mkt_{n}" for n in CAMPAIGN]
GEO = ["country", "region", "region_name", "city", "zipcode", "latitude", "longitude", "timezone"]
PLAIN = [f"geo_{n}" for n in GEO] + ["user_ipaddress", "useragent", "br_lang", "br_renderengine"]
PLAIN += ["os_timezone", "device_class", "device_name", "agent_name", "operating_system_name"]
IDENTITY = ["app_id", "platform", "user_id", "network_userid", "domain_sessionidx"]


def seconds(start: dt.datetime, end: dt.datetime) -> int:
    """Whole seconds between, both cut to the second."""
    return int((end.replace(microsecond=0) - start.replace(microsecond=0)).total_seconds())


def heartbeat(moment: dt.datetime) -> int:
    return int((moment - EPOCH).total_seconds() // HEARTBEAT)


def engaged(pings: Iterable[Row]) -> int:
    beats = {heartbeat(ping["created"]) for ping in pings}
    return HEARTBEAT * (len(beats) - 1) + MIN_VISIT if beats else 0


def order(event: Row) -> tuple[Any, ...]:
    return event["at"], event["created"], event["event_id"]


def usable(events: list[Row]) -> list[Row]:
    """Events of a session, sent and arrived in time; `at`, `created`, `in_session` added."""
    kept = []
    for event in events:
        created, sent = event["dvce_created_tstamp"], event["dvce_sent_tstamp"]
        late = created and sent and sent - created > dt.timedelta(days=DAYS_LATE)
        if event["domain_sessionid"] and not late:
            at = event["event_tstamp"]
            own = created or event["derived_tstamp"] or event["collector_tstamp"]
            kept.append(event | {"at": at, "created": own})
    of_session: defaultdict[str, list[Row]] = defaultdict(list)
    for event in sorted(kept, key=lambda e: (e["at"], e["event_id"])):
        of_session[event["domain_sessionid"]].append(event)
    longest, timeout = dt.timedelta(days=MAX_DAYS), dt.timedelta(minutes=TIMEOUT)
    inside = []
    for every in of_session.values():
        first = min(event["arrival_tstamp"] for event in every)
        is_over, before = False, every[0]["at"]
        for event in every:
            # What counts from its arrival does not open a session again that was over.
            late = event["derived_tstamp"] and event["at"] > event["derived_tstamp"]
            is_over = bool(late) and (is_over or event["at"] - before >= timeout)
            before = event["at"]
            if event["arrival_tstamp"] - first <= longest:
                inside.append(event | {"in_session": not is_over})
    return inside


def people(events: list[Row]) -> dict[str, Row]:
    """The last event, by arrival, with a user_id of each visitor."""
    last: dict[str, Row] = {}
    order_of_arrival = ("arrival_tstamp", "event_tstamp", "event_id")
    for event in sorted(events, key=lambda e: tuple(e[name] for name in order_of_arrival)):
        if event["user_id"] and event["domain_userid"]:
            last[event["domain_userid"]] = event
    return last


def person(event: Row, known: dict[str, Row]) -> str | None:
    """Who the visitor is; without one, whoever is logged in."""
    visitor = event["domain_userid"]
    if not visitor:
        return event["user_id"]
    return known.get(visitor, {}).get("user_id", visitor)


def described(event: Row) -> Row:
    """What page views and sessions tell of an event."""
    out = {name: event[name] for name in [*CAME_FROM, *PLAIN]}
    for name, value in event.items():
        entity, _, field = name.partition("__")
        if entity in ("iab", "yauaa", "ua_parser") and field:
            out[field] = value
    categories = {"Desktop": "Desktop", "Tablet": "Tablet", "Phone": "Mobile"}
    out["device_category"] = categories.get(event["device_class"], "Other")
    width, height = event["dvce_screenwidth"], event["dvce_screenheight"]
    out["screen_resolution"] = None if width is None or height is None else f"{width}x{height}"
    robot = event["spider_or_robot"]
    out["spider_or_robot"] = None if robot is None else robot.lower() == "true"
    return out


def scroll(events: list[Row], axis: str, size: str, view: str) -> tuple[int | None, float | None]:
    """Pixels and percentage scrolled along one axis."""
    sized = [e for e in events if (e["doc_width"] or 0) > 0 and (e["doc_height"] or 0) > 0]
    if not sized:
        return None, None
    whole = max(event[size] for event in sized)
    farthest = max(event[f"pp_{axis}offset_max"] or 0 for event in sized)
    pixels = max(0, min(farthest, whole))
    seen = min(pixels + max(event[view] or 0 for event in sized), whole)
    return pixels, float(math.floor(100 * seen / whole + 0.5))


def page_views(events: list[Row], known: dict[str, Row]) -> dict[str, Row]:
    of_page: defaultdict[tuple[str, str, bool], list[Row]] = defaultdict(list)
    first: dict[str, Row] = {}
    for event in sorted(events, key=order):
        if event["event_name"] in ("page_view", "page_ping") and event["page_view_id"]:
            key = event["page_view_id"], event["domain_sessionid"], event["in_session"]
            of_page[key].append(event)
            if event["event_name"] == "page_view":
                first.setdefault(event["page_view_id"], event)
    in_session: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for event in sorted(first.values(), key=order):
        in_session[event["domain_sessionid"], event["in_session"]].append(event["event_id"])
    rows = {}
    for name, view in first.items():
        around = of_page[name, view["domain_sessionid"], view["in_session"]]
        pings = [event for event in around if event["event_name"] == "page_ping"]
        end = max((ping["at"] for ping in pings), default=view["at"])
        across = scroll(around, "x", "doc_width", "br_viewwidth")
        down = scroll(around, "y", "doc_height", "br_viewheight")
        session = in_session[view["domain_sessionid"], view["in_session"]]
        same = ["event_id", "domain_userid", "domain_sessionid", *IDENTITY, "page_referrer"]
        same += [f"page_{n}" for n in PAGE] + ["doc_width", "doc_height", "br_colordepth"]
        same += ["br_viewwidth", "br_viewheight", "dvce_created_tstamp", "collector_tstamp"]
        rows[name] = {column: view[column] for column in same} | described(view)
        rows[name] |= {
            "page_view_id": name,
            "stitched_user_id": person(view, known),
            "page_view_in_session_index": session.index(view["event_id"]) + 1,
            "page_views_in_session": len(session),
            "derived_tstamp": view["at"],
            "start_tstamp": view["at"],
            "end_tstamp": end,
            "engaged_time_in_s": engaged(pings),
            "absolute_time_in_s": seconds(view["at"], end),
            "horizontal_pixels_scrolled": across[0],
            "horizontal_percentage_scrolled": across[1],
            "vertical_pixels_scrolled": down[0],
            "vertical_percentage_scrolled": down[1],
        }
    return rows


def source_platform(query: str | None) -> str | None:
    for part in (query or "").split("&"):
        key, _, value = part.partition("=")
        if key == "utm_source_platform":
            return value or None
    return None


def sessions(events: list[Row], known: dict[str, Row]) -> dict[str, Row]:
    of_session: defaultdict[str, list[Row]] = defaultdict(list)
    for event in sorted(events, key=order):
        if event["in_session"]:
            of_session[event["domain_sessionid"]].append(event)
    rows = {}
    for name, every in of_session.items():
        pages = [event for event in every if event["event_name"] in ("page_view", "page_ping")]
        if not pages:
            continue
        first, last = pages[0], pages[-1]
        pinged: defaultdict[str, list[Row]] = defaultdict(list)
        for event in pages:
            if event["event_name"] == "page_ping" and event["page_view_id"]:
                pinged[event["page_view_id"]].append(event)
        num_pages = len({event["page_view_id"] for event in pages} - {None})
        time = sum(engaged(pings) for pings in pinged.values())
        began = MIN_VISIT if every[0]["event_name"] == "page_ping" else 0
        start, end = every[0]["at"] - dt.timedelta(seconds=began), every[-1]["at"]
        rows[name] = {column: first[column] for column in ["domain_userid", *IDENTITY]}
        rows[name] |= described(first)
        rows[name] |= {f"first_page_{n}": first[f"page_{n}"] for n in PAGE}
        rows[name] |= {f"last_page_{n}": last[f"page_{n}"] for n in PAGE}
        for n in ("geo_country", "geo_region_name", "geo_city", "br_lang"):
            rows[name][f"last_{n}"] = last[n]
        rows[name] |= {
            "domain_sessionid": name,
            "stitched_user_id": person(first, known),
            "referrer": first["page_referrer"],
            "mkt_source_platform": source_platform(first["page_urlquery"]),
            "start_tstamp": start,
            "end_tstamp": end,
            "absolute_time_in_s": seconds(start, end),
            "page_views": num_pages,
            "total_events": len(every),
            "engaged_time_in_s": time,
            "is_engaged": num_pages >= 2 or time >= 2 * HEARTBEAT,
        }
    return rows


def users(told: dict[str, Row]) -> dict[str, Row]:
    of_user: defaultdict[str, list[Row]] = defaultdict(list)
    for session in told.values():
        if session["domain_userid"]:
            of_user[session["domain_userid"]].append(session)
    rows = {}
    for name, every in of_user.items():
        key = ("start_tstamp", "end_tstamp", "domain_sessionid")
        first = min(every, key=lambda s: tuple(s[k] for k in key))
        last = max(every, key=lambda s: (s["end_tstamp"], s["start_tstamp"], s["domain_sessionid"]))
        same = ["user_id", "network_userid", "stitched_user_id", "referrer", *CAME_FROM]
        rows[name] = {column: first[column] for column in [*same, "mkt_source_platform"]}
        rows[name] |= {f"first_page_{n}": first[f"first_page_{n}"] for n in PAGE}
        rows[name] |= {f"last_page_{n}": last[f"last_page_{n}"] for n in PAGE}
        for n in ("geo_country", "geo_city", "geo_region_name", "br_lang"):
            rows[name] |= {f"first_{n}": first[n], f"last_{n}": last[f"last_{n}"]}
        for n in ("platform", "app_id", "device_class", "operating_system_name"):
            rows[name] |= {f"first_{n}": first[n], f"last_{n}": last[n]}
        sums = ("page_views", "engaged_time_in_s", "absolute_time_in_s")
        rows[name] |= {column: sum(session[column] for session in every) for column in sums}
        rows[name] |= {
            "domain_userid": name,
            "sessions": len(every),
            "start_tstamp": first["start_tstamp"],
            "end_tstamp": last["end_tstamp"],
        }
    return rows


def user_mapping(events: list[Row]) -> dict[str, Row]:
    return {
        visitor: {
            "domain_userid": visitor,
            "user_id": event["user_id"],
            "end_tstamp": event["arrival_tstamp"],
        }
        for visitor, event in people(events).items()
    }
