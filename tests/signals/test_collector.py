"""The collector: what trackers send becomes rows; CORS and answers as a collector gives them."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from typing import Any

import pytest

from ml.signals.local.enrichment import device, referrer
from ml.signals.local.tracker import NOBODY, BadRowError, Request, payload_of_get, row_of

NOW = dt.datetime(2026, 5, 1, 12)
EVENT_ID = "0a1b2c3d-0000-4000-8000-000000000001"
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36"
)


def milliseconds(time: dt.datetime) -> str:
    return str(int((time - dt.datetime(1970, 1, 1)).total_seconds() * 1000))


def row(payload: dict[str, Any], **request: Any) -> dict[str, Any]:
    return row_of({"e": "pv", "eid": EVENT_ID, **payload}, Request(NOW, NOBODY, **request))


def iglu(name: str, data: Any, version: str = "1-0-0") -> dict[str, Any]:
    return {
        "schema": f"iglu:com.snowplowanalytics.snowplow/{name}/jsonschema/{version}",
        "data": data,
    }


def encoded(value: Any) -> str:
    """As trackers write JSON into a query string: base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_page_view_of_the_tracker_becomes_this_row() -> None:
    payload = {
        "e": "pv", "eid": EVENT_ID.upper(), "tv": "js-4.6.8", "tna": "sp", "aid": "website",
        "p": "web", "cookie": "1", "cs": "UTF-8", "lang": "en-GB", "res": "1920x1080",
        "cd": "24", "tz": "Europe/Berlin", "dtm": milliseconds(NOW - dt.timedelta(hours=1)),
        "stm": milliseconds(NOW - dt.timedelta(minutes=59)), "vp": "1280x720", "ds": "1265x2400",
        "vid": "3", "sid": "s-1", "duid": "d-1", "uid": "jane", "fp": "42",
        "url": "https://example.com/pricing/?utm_source=news&utm_medium=email&gclid=abc#plans",
        "refr": "https://www.google.com/search?q=x", "page": "Pricing",
        "co": json.dumps(iglu("contexts", [iglu("web_page", {"id": "p-1"})])),
    }  # fmt: skip
    assert row_of(payload, Request(NOW, "n-1", "10.0.0.7", None)) == {
        "event": "page_view", "event_id": EVENT_ID, "event_name": "page_view",
        "event_vendor": "com.snowplowanalytics.snowplow", "event_version": "1-0-0",
        "event_format": "jsonschema", "v_tracker": "js-4.6.8", "name_tracker": "sp",
        "app_id": "website", "platform": "web", "br_cookies": True, "doc_charset": "UTF-8",
        "br_lang": "en-GB", "dvce_screenwidth": 1920, "dvce_screenheight": 1080,
        "br_colordepth": "24", "os_timezone": "Europe/Berlin",
        "br_viewwidth": 1280, "br_viewheight": 720, "doc_width": 1265, "doc_height": 2400,
        "domain_sessionidx": 3, "domain_sessionid": "s-1", "domain_userid": "d-1",
        "user_id": "jane", "user_fingerprint": "42", "network_userid": "n-1",
        "user_ipaddress": "10.0.0.7", "page_title": "Pricing",
        "dvce_created_tstamp": "2026-05-01 11:00:00.000000",
        "dvce_sent_tstamp": "2026-05-01 11:01:00.000000",
        "collector_tstamp": "2026-05-01 12:00:00.000000",
        "etl_tstamp": "2026-05-01 12:00:00.000000",
        "derived_tstamp": "2026-05-01 11:59:00.000000",
        "v_collector": "signals-local", "v_etl": "signals-local",
        "page_url": payload["url"], "page_urlscheme": "https", "page_urlhost": "example.com",
        "page_urlport": 443, "page_urlpath": "/pricing/", "page_urlfragment": "plans",
        "page_urlquery": "utm_source=news&utm_medium=email&gclid=abc",
        "page_referrer": payload["refr"], "refr_urlscheme": "https",
        "refr_urlhost": "www.google.com", "refr_urlport": 443, "refr_urlpath": "/search",
        "refr_urlquery": "q=x", "refr_medium": "search", "refr_source": "Google",
        "mkt_source": "news", "mkt_medium": "email", "mkt_clickid": "abc",
        "mkt_network": "Google",
        "contexts_com_snowplowanalytics_snowplow_web_page_1": [{"id": "p-1"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("pp", {"pp_mix": "0", "pp_max": "12.6", "pp_miy": "3", "pp_may": "900"},
         {"event_name": "page_ping", "pp_xoffset_min": 0, "pp_xoffset_max": 13,
          "pp_yoffset_min": 3, "pp_yoffset_max": 900}),
        ("se", {"se_ca": "media", "se_ac": "play", "se_la": "a", "se_pr": "b", "se_va": "1.5"},
         {"event": "struct", "event_vendor": "com.google.analytics", "event_name": "event",
          "se_category": "media", "se_action": "play", "se_label": "a", "se_property": "b",
          "se_value": 1.5}),
        ("tr", {"tr_id": "o", "tr_af": "shop", "tr_tt": "19.99", "tr_tx": "3", "tr_sh": "0",
                "tr_ci": "Ulm", "tr_st": "BW", "tr_co": "DE", "tr_cu": "EUR"},
         {"event": "transaction", "event_name": "transaction", "tr_orderid": "o",
          "tr_affiliation": "shop", "tr_total": 19.99, "tr_tax": 3.0, "tr_shipping": 0.0,
          "tr_city": "Ulm", "tr_state": "BW", "tr_country": "DE", "tr_currency": "EUR"}),
        ("ti", {"ti_id": "o", "ti_sk": "s", "ti_nm": "mug", "ti_ca": "c", "ti_pr": "5.5",
                "ti_qu": "2", "ti_cu": "EUR"},
         {"event": "transaction_item", "event_name": "transaction_item", "ti_orderid": "o",
          "ti_sku": "s", "ti_name": "mug", "ti_category": "c", "ti_price": 5.5,
          "ti_quantity": 2, "ti_currency": "EUR"}),
    ],
)  # fmt: skip
def test_fields_of_each_kind_of_event(
    kind: str, fields: dict[str, str], expected: dict[str, Any]
) -> None:
    made = row({"e": kind, **fields, "se_ca": fields.get("se_ca", "left over")})
    kept = {k: v for k, v in made.items() if k in expected or k.startswith(("se_", "tr_", "ti_"))}
    assert kept == expected


@pytest.mark.parametrize("style", ["ue_pr", "ue_px"])
def test_a_self_describing_event_and_entities_in_both_spellings(style: str) -> None:
    event = iglu("unstruct_event", iglu("submit_form", {"formId": "f"}, "1-0-1"))
    entities = iglu("contexts", [iglu("web_page", {"id": "a"}), iglu("web_page", {"id": "ü"})])
    write = json.dumps if style == "ue_pr" else encoded
    names = (style, "co" if style == "ue_pr" else "cx")
    made = row({"e": "ue", names[0]: write(event), names[1]: write(entities)})
    assert made["event"] == "unstruct"
    assert (made["event_name"], made["event_version"]) == ("submit_form", "1-0-1")
    assert made["unstruct_event_com_snowplowanalytics_snowplow_submit_form_1"] == {"formId": "f"}
    pages = made["contexts_com_snowplowanalytics_snowplow_web_page_1"]
    assert pages == [{"id": "a"}, {"id": "ü"}]


@pytest.mark.parametrize(
    ("fields", "derived"),
    [
        ({}, NOW),
        ({"dtm": -60, "stm": -50}, NOW - dt.timedelta(seconds=10)),
        # A clock that runs backwards is not believed.
        ({"dtm": -50, "stm": -60}, NOW),
        ({"dtm": -50, "stm": -50}, NOW),
        ({"dtm": -50}, NOW),
        ({"dtm": -60, "stm": -50, "ttm": -7200}, NOW - dt.timedelta(hours=2)),
    ],
)
def test_when_an_event_happened(fields: dict[str, int], derived: dt.datetime) -> None:
    times = {k: milliseconds(NOW + dt.timedelta(seconds=v)) for k, v in fields.items()}
    assert row(times)["derived_tstamp"] == f"{derived}.000000"


def test_the_network_userid_of_the_payload_comes_first() -> None:
    assert row({"tnuid": "t", "nuid": "n"})["network_userid"] == "t"
    assert row({"nuid": "n"})["network_userid"] == "n"
    assert row({})["network_userid"] == NOBODY


def test_a_link_from_another_domain_carries_the_visitor() -> None:
    made = row({"url": "https://example.com/?_sp=d-9.1777636800000"})
    assert made["refr_domain_userid"] == "d-9"
    assert made["refr_dvce_tstamp"] == "2026-05-01 12:00:00.000000"


@pytest.mark.parametrize(
    ("url", "medium", "source"),
    [
        ("https://example.com/a", "internal", None),
        ("https://mail.google.com/", "email", "Gmail"),
        ("https://google.co.uk/", "search", "Google"),
        ("https://t.co/x", "social", "Twitter"),
        ("https://notgoogle.org/", "unknown", None),
        ("https://google.example.org/", "unknown", None),
    ],
)
def test_the_medium_of_a_referrer(url: str, medium: str, source: str | None) -> None:
    found = referrer(url, "example.com")
    assert (found["refr_medium"], found.get("refr_source")) == (medium, source)


@pytest.mark.parametrize(
    ("useragent", "kind"),
    [
        (DESKTOP, "Desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) Mobile/15E148 Safari", "Phone"),
        ("Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) Mobile/15E148 Safari/604.1", "Tablet"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X200) Chrome/120.0 Safari/537.36", "Tablet"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S921B) Chrome/120.0 Mobile Safari", "Phone"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Robot"),
        ("curl/8.0", "Unknown"),
    ],
)
def test_the_kind_of_device(useragent: str, kind: str) -> None:
    assert device(useragent)["contexts_nl_basjes_yauaa_context_1"][0]["deviceClass"] == kind


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ([], "an event is no JSON object"),
        ({"e": "xx"}, "the field e is none of pv, pp, ue, se, tr, ti"),
        ({"eid": "secret"}, "the field eid is no UUID"),
        ({"dtm": "secret"}, "the field dtm is no time in milliseconds"),
        ({"dtm": "9" * 15}, "the field dtm is a time after the year 2199"),
        ({"stm": "7258118399000", "dtm": "0"}, "the fields dtm and stm are too far apart"),
        ({"e": "se", "se_va": "secret"}, "the field se_va is no number, or too large a one"),
        ({"vid": "1e400"}, "the field vid is no number, or too large a one"),
        ({"vp": "secret"}, "the field vp is no size such as 800x600"),
        ({"url": "http://[secret"}, "the field url is no address"),
        ({"aid": {"a": "secret"}}, "the field aid is no text"),
        ({"secret": ["a"]}, "the field (unknown) is no text"),
        ({"page": "x" * 10_001}, "the field page has more than 10,000 characters"),
        ({"co": "{secret"}, "the field co is not JSON"),
        ({"co": "[]"}, "the entities are no list under data"),
        ({"cx": "sec*ret"}, "the field cx is not base64"),
        ({"cx": encoded({"data": [1]})}, "an entity has no schema and data"),
        ({"co": '{"data": [{"schema": "secret", "data": {}}]}'},
         "the schema of an entity is no iglu: address"),
        ({"co": '{"data": ' + "[" * 5000}, "the field co is nested too deeply"),
        ({"e": "ue"}, "neither ue_pr nor ue_px is there"),
        ({"e": "ue", "ue_pr": '{"data": {"schema": "x"}}'},
         "a self-describing event has no schema and data"),
    ],
)  # fmt: skip
def test_the_reason_of_a_bad_row_names_the_field_and_never_the_value(
    payload: Any, reason: str
) -> None:
    with pytest.raises(BadRowError) as error:
        row_of({"e": "pv", **payload} if isinstance(payload, dict) else payload, REQUEST)
    assert str(error.value) == reason


REQUEST = Request(NOW, NOBODY)


def test_a_query_string_that_is_no_utf8_is_a_bad_row() -> None:
    with pytest.raises(BadRowError, match="is not UTF-8"):
        payload_of_get(b"e=pv&page=%ff")
    assert payload_of_get(b"e=pv&page=%C3%BC") == {"e": "pv", "page": "ü"}


def test_half_a_pair_of_utf16_codes_is_written_as_a_question_mark() -> None:
    made = row({"page": "\ud800x", "url": "https://example.com/"})
    assert made["page_title"] == "?x"


def test_event_ids_are_made_when_there_is_none() -> None:
    assert uuid.UUID(row_of({"e": "pv"}, REQUEST)["event_id"])
