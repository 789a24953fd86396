"""The stand-in over HTTP: CORS, cookies, answers, and hostile input that never makes a 500."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.signals.stand_in import Running, stand_in

TP2 = "/com.snowplowanalytics.snowplow/tp2"
PAYLOAD_DATA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
ORIGIN = {"Origin": "https://shop.example.com"}
CORS = {
    "access-control-allow-origin": "https://shop.example.com",
    "access-control-allow-credentials": "true",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with stand_in(tmp_path_factory.mktemp("local")) as running:
        yield running
        # A defect is answered with 200, too, if a tracker would send the request again for ever.
        assert running.stats()["defects"] == 0


def post(server: Running, content: Any, path: str = TP2, **headers: str) -> httpx.Response:
    sent = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    with httpx.Client(base_url=server.url) as client:
        return client.post(path, content=sent, headers=kind | headers)


def events(*payloads: Any) -> dict[str, Any]:
    return {"schema": PAYLOAD_DATA, "data": list(payloads)}


def kept(response: httpx.Response) -> dict[str, str]:
    return {k: v for k, v in response.headers.items() if k.startswith("access-control")}


def test_a_preflight_is_answered_as_a_collector_does(server: Running) -> None:
    answer = server.client.options(TP2, headers=ORIGIN)
    assert answer.status_code == 200
    assert kept(answer) == CORS | {
        "access-control-allow-headers": "Content-Type, SP-Anonymous",
        "access-control-max-age": "3600",
    }


@pytest.mark.parametrize("path", [TP2, "/com.acme/track"])
def test_a_post_is_taken_and_sets_a_cookie(server: Running, path: str) -> None:
    before = server.stats()["events"]
    answer = post(server, events({"e": "pv"}, {"e": "pv"}), path, **ORIGIN)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert kept(answer) == CORS
    visitor = answer.cookies["sp"]
    again = post(server, events({"e": "pv"}), path, Cookie=f"a=b; sp={visitor}")
    assert again.cookies["sp"] == visitor
    assert server.stats()["events"] == before + 3


def test_an_anonymous_visitor_gets_no_cookie(server: Running) -> None:
    answer = post(server, events({"e": "pv"}), **{"SP-Anonymous": "*"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_a_get_is_answered_with_a_pixel(server: Running) -> None:
    before = server.stats()["events"]
    answer = server.client.get("/i", params={"e": "pv", "page": "ü"}, headers=ORIGIN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content[:6] == b"GIF89a"
    assert kept(answer) == CORS
    assert server.stats()["events"] == before + 1


def test_health_and_what_it_is(server: Running) -> None:
    assert server.client.get("/health").text == "ok"
    assert "stand-in" in server.client.get("/").text
    assert server.client.get("/no-such-path").status_code == 404


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (b"", {}, "the body is not JSON"),
        (b"\xff\xfe{}", {}, "the body is not JSON"),
        (json.dumps(events({"e": "pv"})).encode("utf-16"), {}, "the body is not JSON"),
        (b"[" * 900_000, {}, "the body is nested too deeply"),
        (b'{"data": NaN}', {}, "the body is not JSON"),
        (b"x" * 1_000_001, {}, "the body has more than 1,000,000 bytes"),
        (b"x" * 20_000_000, {}, "the body has more than 1,000,000 bytes"),
        ([], {}, "the body is no JSON object"),
        ({"schema": "x", "data": []}, {}, "the schema of the body is no iglu: address"),
        ({"schema": PAYLOAD_DATA, "data": {}}, {}, "the body has no list of events under data"),
        (events({"e": "pv"}), {"Content-Type": "text/plain"},
         "the content type is not application/json"),
        (events({"e": "pv"}), {"Content-Type": "application/x-www-form-urlencoded"},
         "the content type is not application/json"),
        (events({"e": "pv"}, {"e": "nonsense"}), {},
         "the field e is none of pv, pp, ue, se, tr, ti"),
    ],
)  # fmt: skip
def test_a_bad_body_is_a_bad_row_and_the_answer_is_200(
    server: Running, content: Any, headers: dict[str, str], reason: str
) -> None:
    before = server.stats()["bad_rows_by_reason"].get(reason, 0)
    assert post(server, content, **headers).status_code == 200
    assert server.stats()["bad_rows_by_reason"][reason] == before + 1


def test_a_body_that_never_ends_does_not_hold_the_others_up(server: Running) -> None:
    port = int(server.url.rpartition(":")[2])
    slow = []
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(
            f"POST {TP2} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            "Content-Length: 100\r\n\r\n{".encode()
        )
        slow.append(connection)
    assert post(server, events({"e": "pv"})).status_code == 200
    for connection in slow:
        connection.close()
    assert post(server, events({"e": "pv"})).status_code == 200


TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from([
    "e", "eid", "dtm", "stm", "ttm", "url", "refr", "vp", "res", "ds", "co", "cx", "ue_pr",
    "ue_px", "se_va", "vid", "tid", "tr_tt", "pp_max", "page", "duid", "tnuid", "cookie", "ua",
    "ip", "nonsense",
])  # fmt: skip
SCHEMAS = st.sampled_from(["iglu:a.b/c/jsonschema/1-0-0", "iglu:a/" + "b" * 400, "x", ""])
NESTED = st.fixed_dictionaries(
    {"schema": SCHEMAS, "data": st.fixed_dictionaries({"schema": SCHEMAS, "data": JSON}) | JSON}
).map(json.dumps)
VALUES = (
    JSON
    | NESTED
    | NESTED.map(lambda text: base64.urlsafe_b64encode(text.encode()).decode())
    | st.sampled_from(["pv", "pp", "ue", "se", "tr", "ti", "http://[", "http://a:99999/", "1e999"])
)
PAYLOADS = st.dictionaries(FIELDS | TEXT, VALUES, max_size=8) | JSON
BODIES = (
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(PAYLOADS, max_size=5).map(lambda p: json.dumps(events(*p)).encode())
)
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(
    body=BODIES,
    kind=st.sampled_from(
        ["application/json", "application/json; charset=utf-16", "text/plain", ""]
    ),
    path=st.sampled_from([TP2, "/a/b", "/com.acme/v1"]),
)
def test_any_body_is_answered_with_200(server: Running, body: bytes, kind: str, path: str) -> None:
    answer = server.client.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200


@FUZZ
@given(
    query=st.dictionaries(FIELDS | TEXT, VALUES.map(str), max_size=8), raw=st.binary(max_size=40)
)
def test_any_query_is_answered_with_200(server: Running, query: dict[str, str], raw: bytes) -> None:
    encodable = {k: v for k, v in query.items() if (k + v).isprintable()}
    assert server.client.get("/i", params=encodable).status_code == 200
    assert server.client.get("/i?" + "".join(f"%{byte:02x}" for byte in raw)).status_code == 200


@FUZZ
@given(
    body=BODIES,
    path=st.sampled_from(
        ["get-online-attributes", "engines/publish", "registry/attribute_groups/",
         "registry/services/", "registry/interventions/", "registry/attribute_keys/",
         "registry/event_logs/", "interventions?domain_userid=a"]
    ),
)  # fmt: skip
def test_any_call_of_the_api_is_refused_in_words(server: Running, body: bytes, path: str) -> None:
    answer = server.client.post(f"/api/v1/{path}", content=body)
    assert answer.status_code in (200, 404, 422)
    if answer.status_code == 422:
        for detail in answer.json()["detail"]:
            assert detail.keys() == {"loc", "msg", "type"}


def test_memory_does_not_grow_with_hostile_traffic(server: Running) -> None:
    generator = random.Random(0)

    def hostile(number: int) -> dict[str, Any]:
        entity = f"iglu:a{number}.b/c/jsonschema/1-0-0"
        name = f"n{number}"
        event = {"data": {"schema": f"iglu:v/{name}/jsonschema/1-0-0", "data": {}}}
        return {
            "e": "ue", "ue_pr": json.dumps(event), "duid": str(number), "ua": "agent",
            "co": json.dumps({"data": [{"schema": entity, "data": {"x": generator.random()}}]}),
        }  # fmt: skip

    def send(first: int) -> None:
        for batch in range(first, first + 5):
            made = events(*(hostile(batch * 300 + at) for at in range(300)))
            assert post(server, made).status_code == 200

    send(0)
    time.sleep(4)  # until the first events are in a file
    before = memory(server)
    for round_ in range(1, 4):
        send(round_ * 5)
    time.sleep(4)
    assert memory(server) - before < 30_000_000
    assert server.stats()["bad_rows_by_reason"]["more than 500 different schemas"] > 5_000


def memory(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1000


def test_bad_rows_are_kept_and_nothing_of_a_visitor_is_printed(tmp_path: Path) -> None:
    with stand_in(tmp_path) as running:
        for payload in ({"e": "secret-1"}, {"e": "pv", "dtm": "secret-2"}):
            post(running, events(payload))
        post(running, b"secret-3")
    (bad,) = (tmp_path / "bad").iterdir()
    rows = [json.loads(line) for line in bad.read_text().splitlines()]
    assert [row["reason"] for row in rows] == [
        "the field e is none of pv, pp, ue, se, tr, ti",
        "the field dtm is no time in milliseconds",
        "the body is not JSON",
    ]
    assert [f"secret-{at}" in row["payload"] for at, row in enumerate(rows, 1)] == [True] * 3
    assert "secret" not in running.printed


def test_the_api_wants_a_token(server: Running) -> None:
    answer = httpx.get(f"{server.url}/api/v1/registry/services/")
    assert answer.status_code == 401


def test_replayed_events_and_times_are_refused_without_replay(server: Running) -> None:
    assert server.client.post("/local/events", json=[]).status_code == 403
    body = {"attribute_keys": {"domain_userid": ["a"]}, "service": "s"}
    answer = server.client.post(
        "/api/v1/get-online-attributes", json=body, headers={"X-Replay-Now": "2026-05-01"}
    )
    assert answer.status_code in (400, 404)


def test_many_open_connections(server: Running) -> None:
    async def open_and_ask() -> int:
        port = int(server.url.rpartition(":")[2])
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
        answered = 0
        for reader, writer in opened:
            writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            answered += (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        for _, writer in opened:
            writer.close()
        return answered

    assert asyncio.run(open_and_ask()) == 500
