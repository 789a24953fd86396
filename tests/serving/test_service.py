"""The service by real HTTP, before a Signals that behaves and misbehaves as a test says."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from aiohttp import web

from ml.scoring.score import scorer
from tests.serving.champions import catalogue, champion, model
from tests.serving.fake_signals import UNKNOWN, VALUES, FakeSignals
from tests.serving.service import Service


def expected(features: dict[str, Any]) -> tuple[float, list[str]]:
    """Score and reasons of the warehouse's batch."""
    frame = pd.DataFrame([features]).assign(
        domain_userid="someone", as_of_tstamp=pd.Timestamp("2026-01-05")
    )
    row = scorer(model(), catalogue(), model_name="live", version="v0")(frame).iloc[0]
    told = [row[f"reason_{n}"] for n in (1, 2, 3)]
    return float(row["score"]), [text for text in told if isinstance(text, str)]


def test_an_answer_is_what_the_warehouse_would_say(serve: Service):
    answer = serve.predict("visitor-1").json()
    as_of = datetime.fromisoformat(answer["as_of"])
    features = {**VALUES, "had_form_engagement_l7d": True, "day_of_week": as_of.isoweekday()}
    score, reasons = expected(features)
    known = champion()
    assert answer == {
        "domain_userid": "visitor-1",
        "score": score,
        "label": "High" if score >= known.label_from["High"] else "Medium",
        "decile": 1 + sum(score < at for at in known.decile_from),
        "reasons": reasons,
        "signals": VALUES,
        "scoring_attributes": features,
        "model_name": "live",
        "model_version": "v0",
        "known": True,
        "warm": True,
        "stale": False,
        "as_of": answer["as_of"],
    }


def test_signals_is_asked_as_the_sdk_asks(serve: Service, signals: FakeSignals):
    serve.predict("visitor-1")
    names = [f"live_features_v1:{name}" for name in champion().attributes]
    assert signals.bodies == [
        {
            "attribute_keys": {"domain_userid": ["visitor-1"]},
            "full_attribute_names": False,
            "attributes": names,
        }
    ]


def test_a_visitor_that_signals_does_not_know_is_scored_from_empty_features(serve: Service):
    answer = serve.predict(UNKNOWN).json()
    empty = {
        "num_page_views_l7d": 0,
        "num_page_views_l1h": 0,
        "num_pricing_views_l7d": 0,
        "sum_of_orders_l30d": 0.0,
        "had_form_engagement_l7d": False,
        "last_page_l1h": "",
        "hours_since_pricing_l30d": None,
    }
    weekday = {"day_of_week": datetime.fromisoformat(answer["as_of"]).isoweekday()}
    assert answer["scoring_attributes"] == {**empty, **weekday}
    assert answer["known"] is False
    assert answer["score"] == expected({**empty, **weekday})[0]


def test_a_default_that_is_never_a_value_is_missing(serve: Service, signals: FakeSignals):
    signals.values = {**VALUES, "hours_since_pricing_l30d": -1.0}
    answer = serve.predict("visitor-1").json()
    assert answer["signals"]["hours_since_pricing_l30d"] == -1.0
    assert answer["scoring_attributes"]["hours_since_pricing_l30d"] is None


def test_a_batch_is_answered_in_its_order_by_one_call(serve: Service, signals: FakeSignals):
    visitors = [f"visitor-{n}" for n in range(99)] + [UNKNOWN]
    visitors.reverse()
    answer = serve.client.post("/predict/batch", json={"domain_userids": visitors}).json()
    assert [one["domain_userid"] for one in answer["predictions"]] == visitors
    assert [one["known"] for one in answer["predictions"]] == [False] + [True] * 99
    assert len(signals.calls) == 1


def test_concurrent_requests_share_calls(serve: Service, signals: FakeSignals):
    async def slow(request: web.Request, visitors: list[str], names: list[str]) -> Any:
        await asyncio.sleep(0.1)
        return await signals.usual(request, visitors, names)

    signals.answer = slow
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(serve.predict, [f"visitor-{n % 30}" for n in range(40)]))
    assert {answer.status_code for answer in answers} == {200}
    assert [one.json()["domain_userid"] for one in answers] == [
        f"visitor-{n % 30}" for n in range(40)
    ]
    assert len(signals.calls) < 40
    assert max(map(len, signals.calls)) <= 100


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/predict", {"domain_userid": 4}, 422, "invalid", "domain_userid"),
        ("/predict", {"domain_userid": None}, 422, "invalid", "domain_userid"),
        ("/predict", {"domain_userid": ""}, 422, "invalid", "domain_userid"),
        ("/predict", {"domain_userid": "x" * 129}, 422, "invalid", "domain_userid"),
        ("/predict", {}, 422, "invalid", "domain_userid"),
        ("/predict", {"domain_userid": "a", "user": "b"}, 422, "invalid", "user"),
        ("/predict", [], 422, "invalid", ""),
        ("/predict/batch", {"domain_userids": []}, 422, "invalid", "domain_userids"),
        ("/predict/batch", {"domain_userids": ["a"] * 101}, 422, "invalid", "domain_userids"),
        ("/predict/batch", {"domain_userids": ["a", 1]}, 422, "invalid", "domain_userids[1]"),
        ("/predict", b'{"domain_userid": ', 400, "bad_request", ""),
        ("/predict", b'{"domain_userid": "\xff\xfe"}', 400, "bad_request", ""),
        ("/predict", b'{"domain_userid": "\\ud800"}', 400, "bad_request", ""),
        ("/predict", b"", 400, "bad_request", ""),
        ("/predict", b'{"x":' * 20_000 + b"1" + b"}" * 20_000, 413, "too_large", ""),
        ("/predict", b"[" * 60_000, 422, "invalid", ""),
        ("/predict", b'{"domain_userid":' + b"[" * 60_000, 422, "invalid", "domain_userid"),
        ("/predict", b" " * 70_000, 413, "too_large", ""),
    ],
)
def test_bad_input_is_named(
    serve: Service, path: str, body: Any, status: int, code: str, field: str
):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = serve.client.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error.get("field", "")) == (code, field)
    assert error["message"]


def test_other_wrong_requests(serve: Service):
    got = serve.client.get("/predict")
    assert (got.status_code, got.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in got.headers["allow"]
    got = serve.client.get("/nothing")
    assert (got.status_code, got.json()["error"]["code"]) == (404, "not_found")
    body = b'{"domain_userid": "a"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        got = serve.client.post("/predict", content=body, headers={"content-type": kind})
        assert (got.status_code, got.json()["error"]["code"]) == (415, "not_json")


def test_a_body_that_does_not_arrive_is_given_up(serve: Service):
    host, port = serve.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as slow:
        slow.sendall(
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 30\r\n\r\n{"
        )
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
    assert serve.predict().status_code == 200


async def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/json")


def columns(signals: FakeSignals, **changed: Any) -> Any:
    """Answer as usual, but for some columns; None removes one."""

    async def answer(_: web.Request, visitors: list[str], names: list[str]) -> web.Response:
        out = {**signals.columns(visitors, names), **changed}
        return web.json_response({k: v for k, v in out.items() if v is not None})

    return answer


async def _cut(request: web.Request, *_: Any) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request, *_: Any) -> web.StreamResponse:
    out = web.StreamResponse(headers={"content-length": "1000"})
    await out.prepare(request)
    await out.write(b'{"domain_userid": [')
    assert request.transport is not None
    request.transport.abort()
    return out


async def _slow(request: web.Request, *_: Any) -> web.StreamResponse:
    out = web.StreamResponse()
    await out.prepare(request)
    for _n in range(50):
        await out.write(b" ")
        await asyncio.sleep(0.1)
    return out


async def _late(*_: Any) -> web.StreamResponse:
    await asyncio.sleep(3)
    return web.Response()


MISBEHAVIOURS: dict[str, tuple[Any, str]] = {
    "500": (lambda _: lambda *_: _text("oh no", 500), "answered 500"),
    "401": (lambda _: lambda *_: _text("{}", 401), "answered 401"),
    "redirect": (lambda _: lambda *_: _text("{}", 302), "answered 302"),
    "no JSON": (lambda _: lambda *_: _text("<html>"), "no JSON"),
    "half a JSON": (lambda _: lambda *_: _text('{"domain_userid": ["visi'), "no JSON"),
    "deep JSON": (lambda _: lambda *_: _text("[" * 100_000), "no JSON"),
    "a list": (lambda _: lambda *_: _text("[]"), "no object"),
    "null": (lambda _: lambda *_: _text("null"), "no object"),
    "no ids": (lambda s: columns(s, domain_userid=None), "other visitors"),
    "wrong ids": (lambda s: columns(s, domain_userid=["somebody"]), "other visitors"),
    "more ids": (lambda s: columns(s, domain_userid=["never-seen", "b"]), "other visitors"),
    "no attribute": (lambda s: columns(s, last_page_l1h=None), "last_page_l1h"),
    "no list": (lambda s: columns(s, last_page_l1h="/"), "last_page_l1h"),
    "short list": (lambda s: columns(s, last_page_l1h=[]), "last_page_l1h"),
    "number as text": (lambda s: columns(s, num_page_views_l7d=["9"]), "num_page_views_l7d"),
    "text as number": (lambda s: columns(s, last_page_l1h=[4]), "last_page_l1h"),
    "true for a count": (lambda s: columns(s, num_page_views_l7d=[True]), "num_page_views_l7d"),
    "half a count": (lambda s: columns(s, num_page_views_l7d=[1.5]), "num_page_views_l7d"),
    "object": (lambda s: columns(s, num_page_views_l7d=[{}]), "num_page_views_l7d"),
    "closed": (lambda _: _cut, "cannot be reached"),
    "closed half way": (lambda _: _half, "cannot be reached"),
    "slow bytes": (lambda _: _slow, "within 0.5 s"),
    "late": (lambda _: _late, "within 0.5 s"),
}


@pytest.mark.parametrize("how", MISBEHAVIOURS)
def test_a_signals_that_misbehaves_gives_a_reason_and_no_number(
    serve: Service, signals: FakeSignals, how: str
):
    make, reason = MISBEHAVIOURS[how]
    signals.answer = make(signals)
    started = time.monotonic()
    answer = serve.predict("never-seen")
    assert time.monotonic() - started < 5
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert reason in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == "unavailable"


def test_the_last_attributes_are_used_if_signals_fails(serve: Service, signals: FakeSignals):
    before = serve.predict("visitor-7").json()
    signals.answer = lambda *_: _text("", 500)
    after = serve.predict("visitor-7").json()
    assert after == {**before, "stale": True}
    assert serve.predict("never-seen").status_code == 503
    batch = serve.client.post(
        "/predict/batch", json={"domain_userids": ["visitor-7", "never-seen"]}
    )
    assert batch.status_code == 503


def test_calls_pause_after_failures_and_go_on(serve: Service, signals: FakeSignals):
    signals.answer = lambda *_: _text("", 500)
    for _ in range(3):
        serve.predict("never-seen")
    assert len(signals.calls) == 3
    answer = serve.predict("never-seen")
    assert answer.status_code == 503
    assert "3 times in a row (Signals answered 500)" in answer.json()["error"]["message"]
    assert len(signals.calls) == 3
    assert serve.ready()["signals"] == "paused: Signals answered 500"
    signals.answer = signals.usual
    time.sleep(0.6)
    assert serve.predict("never-seen").status_code == 200
    assert serve.ready()["signals"] == "ok"


def test_pages_of_allowed_origins_may_call(serve: Service):
    allowed, other = "https://shop.example.com", "https://evil.example.com"
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    got = serve.client.options("/predict", headers={"origin": allowed, **asked})
    assert got.status_code in (200, 204)
    assert got.headers["access-control-allow-origin"] == allowed
    assert "content-type" in got.headers["access-control-allow-headers"].lower()
    got = serve.client.options("/predict", headers={"origin": other, **asked})
    assert "access-control-allow-origin" not in got.headers
    assert serve.predict(origin=allowed).headers["access-control-allow-origin"] == allowed
    assert "access-control-allow-origin" not in serve.predict(origin=other).headers
    # A page has to see why it was refused, too.
    got = serve.client.post("/predict", json={}, headers={"origin": allowed})
    assert (got.status_code, got.headers["access-control-allow-origin"]) == (422, allowed)


def test_what_happens_is_measured(serve: Service):
    serve.predict("visitor-1")
    serve.client.post("/predict", json={})
    text = serve.client.get("/metrics").text
    for line in (
        'cdp_serve_requests_total{route="/predict",status="200"}',
        'cdp_serve_requests_total{route="/predict",status="422"}',
        'cdp_serve_signals_seconds_count{outcome="ok"}',
        "cdp_serve_ready 1.0",
        "cdp_serve_reload_failed 0.0",
        "cdp_serve_swaps_total 1.0",
    ):
        assert line in text


def test_the_description_names_every_route_and_answer(serve: Service):
    described = serve.client.get("/schema/openapi.json").json()
    paths = described["paths"]
    assert set(paths) == {"/predict", "/predict/batch", "/health", "/ready", "/metrics"}
    assert set(paths["/predict"]["post"]["responses"]) == {
        "200", "400", "401", "408", "413", "415", "422", "429", "503",
    }  # fmt: skip
    page = serve.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/predict/batch" in page.text
    assert "https://" not in page.text


def test_the_log_is_json_without_identifiers_and_keys(serve: Service, signals: FakeSignals):
    serve.predict("secret-visitor", **{"x-api-key": "secret-key", "cookie": "secret=1"})
    signals.answer = lambda *_: _text("secret-answer", 500)
    serve.client.post("/predict?domain_userid=secret", json={"domain_userid": "secret-2"})
    serve.client.post("/predict", content=b'{"secret', headers={"content-type": "secret/secret"})
    serve.client.get("/secret")
    lines = serve.lines()
    assert {"time", "level", "event"} <= set(lines[0])
    requests = [line for line in lines if line["event"] == "request"]
    assert {(line["route"], line["status"]) for line in requests} >= {
        ("/predict", 200),
        ("/predict", 503),
        ("/predict", 415),
    }
    text = serve.log.read_text()
    assert "secret" not in text
    assert "a-token" not in text
