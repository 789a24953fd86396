"""From a tracker's request to rows of atomic events, by Snowplow's tracker protocol."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ml.signals.local.enrichment import campaign, device, referrer, url_parts
from ml.signals.local.properties import Json, column_of

LONGEST_TEXT = 10_000
"""Characters of one field; a longer one makes its event a bad row."""
NOBODY = "00000000-0000-0000-0000-000000000000"
"""The network_userid of a request with the header SP-Anonymous."""
VERSION = "signals-local"

_SCHEMA = re.compile(r"iglu:([A-Za-z0-9_.-]+)/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/(\d+)-(\d+)-(\d+)")
_TEXTS = {
    "tna": "name_tracker", "aid": "app_id", "p": "platform", "uid": "user_id",
    "duid": "domain_userid", "sid": "domain_sessionid", "fp": "user_fingerprint",
    "tv": "v_tracker", "tz": "os_timezone", "lang": "br_lang", "cs": "doc_charset",
    "cd": "br_colordepth", "page": "page_title", "url": "page_url", "refr": "page_referrer",
    "ip": "user_ipaddress", "ua": "useragent",
    "se_ca": "se_category", "se_ac": "se_action", "se_la": "se_label", "se_pr": "se_property",
    "tr_id": "tr_orderid", "tr_af": "tr_affiliation", "tr_ci": "tr_city", "tr_st": "tr_state",
    "tr_co": "tr_country", "tr_cu": "tr_currency",
    "ti_id": "ti_orderid", "ti_sk": "ti_sku", "ti_na": "ti_name", "ti_nm": "ti_name",
    "ti_ca": "ti_category", "ti_cu": "ti_currency",
}  # fmt: skip
_INTEGERS = {
    "tid": "txn_id", "vid": "domain_sessionidx", "ti_qu": "ti_quantity",
    "pp_mix": "pp_xoffset_min", "pp_max": "pp_xoffset_max",
    "pp_miy": "pp_yoffset_min", "pp_may": "pp_yoffset_max",
}  # fmt: skip
_NUMBERS = {
    "se_va": "se_value", "tr_tt": "tr_total", "tr_tx": "tr_tax", "tr_sh": "tr_shipping",
    "ti_pr": "ti_price",
}  # fmt: skip
_TIMES = {"dtm": "dvce_created_tstamp", "stm": "dvce_sent_tstamp", "ttm": "true_tstamp"}
_SIZES = {
    "res": ("dvce_screenwidth", "dvce_screenheight"),
    "vp": ("br_viewwidth", "br_viewheight"),
    "ds": ("doc_width", "doc_height"),
}
_EVENTS = {
    "pv": ("page_view", "com.snowplowanalytics.snowplow", "page_view"),
    "pp": ("page_ping", "com.snowplowanalytics.snowplow", "page_ping"),
    "se": ("struct", "com.google.analytics", "event"),
    "tr": ("transaction", "com.snowplowanalytics.snowplow", "transaction"),
    "ti": ("transaction_item", "com.snowplowanalytics.snowplow", "transaction_item"),
}
_FIELDS_OF = {"se": "se_", "tr": "tr_", "ti": "ti_", "pp": "pp_"}
_YEARS = (dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1))


class BadRowError(Exception):
    """An event that cannot be taken; says why, and never with a value of the event."""


@dataclass(frozen=True)
class Request:
    """What a request says besides its events.

    Parameters
    ----------
    received : datetime.datetime
        UTC, without zone.
    network_userid : str
    ip, useragent : str or None
        Null if the visitor wants to be anonymous, or did not send it.
    """

    received: dt.datetime
    network_userid: str
    ip: str | None = None
    useragent: str | None = None


def payloads_of_post(body: bytes, content_type: str) -> list[Any]:
    """Events of a POST request.

    Raises
    ------
    BadRowError
        The body holds no events.

    Examples
    --------
    >>> payloads_of_post(
    ...     b'{"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",'
    ...     b' "data": [{"e": "pv"}]}', "application/json; charset=UTF-8")
    [{'e': 'pv'}]
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise BadRowError("the content type is not application/json")
    sent = _json(body, "the body")
    if not isinstance(sent, dict):
        raise BadRowError("the body is no JSON object")
    _, name, _ = _iglu(sent.get("schema"), "the body")
    if name != "payload_data":
        raise BadRowError("the schema of the body is not payload_data")
    data = sent.get("data")
    if not isinstance(data, list) or not data:
        raise BadRowError("the body has no list of events under data")
    return data


def payload_of_get(query: bytes) -> dict[str, str]:
    """Read the event of a GET request.

    Raises
    ------
    BadRowError
        There is none.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), errors="strict", max_num_fields=1000)
    except ValueError:
        raise BadRowError("the query string is not UTF-8") from None
    if not pairs:
        raise BadRowError("the query string is empty")
    return dict(pairs)


def row_of(payload: Json, request: Request) -> dict[str, Any]:
    """One event as a row.

    Parameters
    ----------
    payload : dict
        Fields of the tracker protocol.
    request : Request

    Returns
    -------
    dict
        Columns that have a value. Times are text, UTC. Columns of entities hold a list of
        objects, those of self-describing events an object, as they were sent.

    Raises
    ------
    BadRowError
        The event breaks the protocol.

    Examples
    --------
    >>> now = dt.datetime(2026, 5, 1, 12)
    >>> row = row_of({"e": "pv", "p": "web", "url": "https://example.com/"}, Request(now, NOBODY))
    >>> row["event_name"], row["page_urlhost"], row["derived_tstamp"]
    ('page_view', 'example.com', '2026-05-01 12:00:00.000000')
    """
    if not isinstance(payload, dict):
        raise BadRowError("an event is no JSON object")
    fields = {name: _text(name, value) for name, value in payload.items() if value is not None}
    fields = {name: value for name, value in fields.items() if value != ""}
    row: dict[str, Any] = {
        "etl_tstamp": _stamp(request.received),
        "collector_tstamp": _stamp(request.received),
        "v_collector": VERSION,
        "v_etl": VERSION,
        "event_id": _event_id(fields.get("eid")),
        "network_userid": fields.get("tnuid") or fields.get("nuid") or request.network_userid,
        "user_ipaddress": request.ip,
        "useragent": request.useragent,
    }
    kind = fields.get("e")
    others = tuple(prefix for event, prefix in _FIELDS_OF.items() if event != kind)
    for name, value in fields.items():
        if not name.startswith(others):
            row |= _columns(name, value)
    row |= _times(row, request.received)
    row |= _event(kind, fields)
    row |= _entities(fields)
    row |= _enriched(row)
    return {column: value for column, value in row.items() if value is not None}


def _text(name: Json, value: Json) -> str:
    if isinstance(value, bool):
        value = "1" if value else "0"
    elif isinstance(value, int | float):
        value = msgspec.json.encode(value).decode()
    elif not isinstance(value, str):
        raise BadRowError(f"the field {_known(name)} is no text")
    # Entities and self-describing events are bounded by the body.
    if len(value) > LONGEST_TEXT and name not in ("co", "cx", "ue_pr", "ue_px"):
        raise BadRowError(f"the field {_known(name)} has more than {LONGEST_TEXT:,} characters")
    # Half a pair of UTF-16 codes is no UTF-8, and PostgreSQL has no room for a null character.
    return value.encode("utf-8", "replace").decode().replace("\x00", "")


_KNOWN = {*_TEXTS, *_INTEGERS, *_NUMBERS, *_TIMES, *_SIZES}
_KNOWN |= {"e", "eid", "co", "cx", "ue_pr", "ue_px", "tnuid", "nuid", "cookie", "vid", "fp"}


def _known(name: Json) -> str:
    """Name a field as a reason may: a name that a visitor made up is not shown."""
    return str(name) if name in _KNOWN else "(unknown)"


def _columns(name: str, value: str) -> dict[str, Any]:
    if name in _TEXTS:
        return {_TEXTS[name]: value}
    if name in _INTEGERS:
        # Trackers send positions of the page with decimals, too.
        return {_INTEGERS[name]: round(_number(name, value, 2**31 - 1))}
    if name in _NUMBERS:
        return {_NUMBERS[name]: _number(name, value, 10**15)}
    if name in _TIMES:
        return {_TIMES[name]: _stamp(_time(name, value))}
    if name in _SIZES:
        size = re.fullmatch(r"(\d{1,9})x(\d{1,9})", value)
        if size is None:
            raise BadRowError(f"the field {name} is no size such as 800x600")
        return dict(zip(_SIZES[name], map(int, size.groups()), strict=True))
    return {"br_cookies": value == "1"} if name == "cookie" else {}


def _number(name: str, value: str, highest: int) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not abs(number) <= highest:
        raise BadRowError(f"the field {name} is no number, or too large a one")
    return number


def _time(name: str, value: str) -> dt.datetime:
    if not re.fullmatch(r"\d{1,15}", value):
        raise BadRowError(f"the field {name} is no time in milliseconds")
    try:
        time = _YEARS[0] + dt.timedelta(milliseconds=int(value))
    except OverflowError:
        time = _YEARS[1]
    if time >= _YEARS[1]:
        raise BadRowError(f"the field {name} is a time after the year 2199")
    return time


def _stamp(time: dt.datetime) -> str:
    return time.isoformat(" ", "microseconds")


def _event_id(text: str | None) -> str:
    if text is None:
        return str(uuid.uuid4())
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise BadRowError("the field eid is no UUID")
    return text.lower()


def _times(row: Mapping[str, Any], received: dt.datetime) -> dict[str, str]:
    if true := row.get("true_tstamp"):
        return {"derived_tstamp": true}
    created, sent = row.get("dvce_created_tstamp"), row.get("dvce_sent_tstamp")
    if created and sent and created < sent:
        waited = dt.datetime.fromisoformat(sent) - dt.datetime.fromisoformat(created)
        try:
            received -= waited
        except OverflowError:
            raise BadRowError("the fields dtm and stm are too far apart") from None
        if received < _YEARS[0]:
            raise BadRowError("the fields dtm and stm are too far apart")
    return {"derived_tstamp": _stamp(received)}


def _event(kind: str | None, fields: Mapping[str, str]) -> dict[str, Any]:
    if kind in _EVENTS:
        event, vendor, name = _EVENTS[kind]
        made: dict[str, Any] = {"event_version": "1-0-0", "event_format": "jsonschema"}
        return made | {"event": event, "event_vendor": vendor, "event_name": name}
    if kind != "ue":
        raise BadRowError("the field e is none of pv, pp, ue, se, tr, ti")
    outer = _json_field(fields, "ue_pr", "ue_px")
    inner = outer.get("data") if isinstance(outer, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("data"), dict):
        raise BadRowError("a self-describing event has no schema and data")
    vendor, name, version = _iglu(inner.get("schema"), "a self-describing event")
    return {
        "event": "unstruct",
        "event_vendor": vendor,
        "event_name": name,
        "event_version": version,
        "event_format": "jsonschema",
        column_of("unstruct_event", vendor, name, version.partition("-")[0]): inner["data"],
    }


def _entities(fields: Mapping[str, str]) -> dict[str, list[Any]]:
    if "co" not in fields and "cx" not in fields:
        return {}
    outer = _json_field(fields, "co", "cx")
    entities = outer.get("data") if isinstance(outer, dict) else None
    if not isinstance(entities, list):
        raise BadRowError("the entities are no list under data")
    found: dict[str, list[Any]] = {}
    for entity in entities:
        if not isinstance(entity, dict) or not isinstance(entity.get("data"), dict):
            raise BadRowError("an entity has no schema and data")
        vendor, name, version = _iglu(entity.get("schema"), "an entity")
        column = column_of("contexts", vendor, name, version.partition("-")[0])
        found.setdefault(column, []).append(entity["data"])
    return found


def _json_field(fields: Mapping[str, str], plain: str, encoded: str) -> Json:
    if plain in fields:
        return _json(fields[plain].encode(errors="replace"), f"the field {plain}")
    if encoded not in fields:
        raise BadRowError(f"neither {plain} nor {encoded} is there")
    text = fields[encoded].replace("-", "+").replace("_", "/").rstrip("=")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadRowError(f"the field {encoded} is not base64") from None
    return _json(data, f"the field {encoded}")


def _json(data: bytes, what: str) -> Json:
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise BadRowError(f"{what} is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRowError(f"{what} is not JSON") from None


def _iglu(schema: Json, what: str) -> tuple[str, str, str]:
    """Vendor, name and version of a schema's address."""
    match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if match is None or len(schema) > 300:
        raise BadRowError(f"the schema of {what} is no iglu: address")
    vendor, name, _, *numbers = match.groups()
    return vendor, name, "-".join(numbers)


def _enriched(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if url := row.get("page_url"):
        parts = url_parts("page", url)
        if parts is None:
            raise BadRowError("the field url is no address")
        made |= parts | campaign(parts.get("page_urlquery", ""))
        made |= _other_domain(parts.get("page_urlquery", ""))
    if url := row.get("page_referrer"):
        # A referrer comes from other sites, so a broken one does not spoil the event.
        made |= (url_parts("refr", url) or {}) | referrer(url, made.get("page_urlhost"))
    if useragent := row.get("useragent"):
        made |= device(useragent[:1000])
    return made


def _other_domain(query: str) -> dict[str, Any]:
    """Read the visitor and time that a link from another domain of the site carries."""
    found = re.search(r"(?:^|&)_sp=([^&.]{1,100})\.(\d{1,15})(?:[.&]|$)", query)
    if found is None:
        return {}
    made = {"refr_domain_userid": found[1]}
    try:
        return made | {"refr_dvce_tstamp": _stamp(_time("_sp", found[2]))}
    except BadRowError:
        return made
