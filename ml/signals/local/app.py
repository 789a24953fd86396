"""The ASGI application of the stand-in: collector paths, Signals paths, `/local`."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sys
import traceback
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ml.signals.local import schemas
from ml.signals.local.http import (
    TEXT,
    GoneError,
    Receive,
    Response,
    Scope,
    Send,
    TooSlowError,
    headers_of,
    json_response,
    read_body,
)
from ml.signals.local.interventions import MOST_SUBSCRIPTIONS
from ml.signals.local.properties import EPOCH, microseconds
from ml.signals.local.registry import (
    KINDS,
    VERSIONED,
    ExistsError,
    InUseError,
    MissingError,
    answer,
)
from ml.signals.local.schemas import InvalidError
from ml.signals.local.stand_in import StandIn
from ml.signals.local.tracker import NOBODY, BadRowError, Request, payload_of_get, payloads_of_post

WHAT_IT_IS = (
    "A local stand-in of a Snowplow collector and of Snowplow Signals, for demos and tests. "
    "It is neither of them, and no copy of their code."
)
TRACKER_BODY = 1_000_000
"""Bytes of a tracker's request that are taken, as a real collector's default."""
API_BODY = 4_000_000
REPLAY_BODY = 256_000_000
BODY_SECONDS = 30.0
MOST_KEYS = 5
"""Attribute keys of one subscription to interventions, as in Signals."""
_NOT_HERE = {
    "/api/v1/event_log": "it keeps agentic contexts in the registry only",
    "/api/v1/testing/attribute_groups/": "it keeps no events to try attributes on",
}
_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_COOKIE = "sp={}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OBJECT = re.compile(r"/api/v1/registry/(\w+)(?:/(\w+)(?:/versions/(\d{1,9}))?)?/?")
_TRACKER_PATH = re.compile(r"/[A-Za-z0-9._~-]+/[A-Za-z0-9._~-]+")


class RefusedError(Exception):
    """A request that is answered with an error of its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class App:
    """The application.

    Parameters
    ----------
    stand_in : StandIn
    replay : bool
        Whether callers tell the time.
    """

    def __init__(self, stand_in: StandIn, *, replay: bool = False) -> None:
        self.stand_in = stand_in
        self.replays = replay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            response = await self._answer(scope, receive, send)
            if response is not None:
                await response.send(send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        path: str = scope["path"]
        try:
            if path.startswith("/api/v1/"):
                return await self._signals(scope, receive, send)
            if path.startswith("/local/"):
                return await self._local(scope, receive)
            return await self._collector(scope, receive)
        except InvalidError as error:
            return json_response({"detail": error.detail()}, 422)
        except MissingError as error:
            return json_response({"detail": str(error)}, 404)
        except (ExistsError, InUseError) as error:
            return json_response({"detail": str(error)}, 400)
        except RefusedError as error:
            return json_response({"detail": str(error)}, error.status)
        except TooSlowError:
            return json_response({"detail": "The body did not arrive in time."}, 408)
        except GoneError:
            return None
        except Exception as error:
            return self._failed(path, error)

    def _failed(self, path: str, error: Exception) -> Response:
        """Answer after a defect of the stand-in, and say where it is, without what was sent."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
        print(f"A defect of the stand-in: {where}", file=sys.stderr, flush=True)
        self.stand_in.counts["defects"] += 1
        if path.startswith(("/api/", "/local/")):
            return json_response({"detail": f"A defect of the stand-in: {where}"}, 500)
        return Response(200, b"ok", [TEXT])

    def _now(self, headers: dict[bytes, bytes]) -> int:
        """Tell the time of a request, in microseconds since 1970."""
        told = headers.get(b"x-replay-now")
        if not self.replays:
            if told is not None:
                raise RefusedError(400, "X-Replay-Now is taken with --replay only.")
            now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
            return (now - EPOCH) // dt.timedelta(microseconds=1)
        time = None if told is None else microseconds(told.decode("latin-1"))
        if time is None:
            raise RefusedError(
                400, "With --replay, the header X-Replay-Now holds the time as ISO 8601."
            )
        return time

    # The collector

    async def _collector(self, scope: Scope, receive: Receive) -> Response:
        method, path = scope["method"], scope["path"]
        headers = headers_of(scope)
        if path == "/health" and method in ("GET", "HEAD"):
            return Response(200, b"ok", [TEXT])
        if path == "/":
            return Response(200, WHAT_IT_IS.encode(), [TEXT])
        is_tracker = path == "/i" or _TRACKER_PATH.fullmatch(path)
        if not is_tracker or method not in ("GET", "HEAD", "POST", "OPTIONS"):
            return Response(404, b"404 not found", [TEXT])
        cross_origin = _cross_origin(headers)
        if method == "OPTIONS":
            allowed = (b"access-control-allow-headers", b"Content-Type, SP-Anonymous")
            lasting = (b"access-control-max-age", b"3600")
            return Response(200, b"", [*cross_origin, allowed, lasting])
        visitor, cookie = _visitor(headers)
        request = self._request(scope, headers, visitor)
        if method == "POST":
            await self._take_post(receive, headers, request)
            return Response(200, b"ok", [TEXT, *cross_origin, *cookie])
        self._take_get(scope, request)
        pixel = [(b"content-type", b"image/gif"), (b"cache-control", b"no-cache, no-store")]
        return Response(200, _PIXEL, [*pixel, *cross_origin, *cookie])

    def _request(self, scope: Scope, headers: dict[bytes, bytes], visitor: str) -> Request:
        received = EPOCH + dt.timedelta(microseconds=self._now(headers))
        useragent = headers.get(b"user-agent", b"").decode("latin-1")[:2000] or None
        if b"sp-anonymous" in headers:
            return Request(received, visitor, None, useragent)
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1").partition(",")[0].strip()
        client = scope.get("client")
        return Request(received, visitor, forwarded[:100] or (client and client[0]), useragent)

    async def _take_post(
        self, receive: Receive, headers: dict[bytes, bytes], request: Request
    ) -> None:
        # Every POST is answered with 200: a tracker sends most other answers again for ever.
        try:
            body, is_whole = await read_body(receive, TRACKER_BODY, BODY_SECONDS)
            if not is_whole:
                raise BadRowError(f"the body has more than {TRACKER_BODY:,} bytes")
            content_type = headers.get(b"content-type", b"").decode("latin-1")
            try:
                payloads = payloads_of_post(body, content_type)
            except BadRowError as bad:
                self.stand_in.refuse(str(bad), body)
                return
            self.stand_in.collect(payloads, request)
        except TooSlowError:
            self.stand_in.refuse(f"the body took more than {BODY_SECONDS:.0f} seconds", None)
        except BadRowError as bad:
            self.stand_in.refuse(str(bad), None)

    def _take_get(self, scope: Scope, request: Request) -> None:
        try:
            self.stand_in.collect([payload_of_get(scope["query_string"])], request)
        except BadRowError as bad:
            self.stand_in.refuse(str(bad), scope["query_string"])

    # Signals

    async def _signals(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        method, path = scope["method"], scope["path"]
        headers = headers_of(scope)
        if path == "/api/v1/interventions" and method in ("GET", "OPTIONS"):
            return await self._subscribe(scope, headers, receive, send)
        token = headers.get(b"authorization", b"").decode("latin-1")
        if not re.fullmatch(r"(?i:bearer) +\S+", token):
            raise RefusedError(401, "A header Authorization: Bearer <token> is needed.")
        body = (await _whole_body(receive, API_BODY)) if method in ("POST", "PUT") else b""
        if path == "/api/v1/get-online-attributes" and method == "POST":
            return self._read(headers, body)
        if (found := _OBJECT.fullmatch(path)) and found[1] in KINDS:
            return self._registry(method, found[1], found[2], found[3], body)
        if path == "/api/v1/interventions" and method == "POST":
            return self._push(scope, body)
        if path in _NOT_HERE:
            raise RefusedError(501, f"The stand-in does not do this: {_NOT_HERE[path]}.")
        if path in ("/api/v1/engines/publish", "/api/v1/engines/unpublish") and method == "POST":
            return self._publish(path.endswith("/publish"), body)
        raise RefusedError(404, f"The stand-in has no {method} {path}.")

    def _read(self, headers: dict[bytes, bytes], body: bytes) -> Response:
        request = schemas.read(schemas.AttributesRequest, body)
        return json_response(self.stand_in.read(request, self._now(headers)))

    def _registry(
        self, method: str, kind: str, name: str | None, version: str | None, body: bytes
    ) -> Response:
        registry = self.stand_in.registry
        if version is not None and kind not in VERSIONED:
            raise MissingError(f"{kind} have no versions.")
        number = int(version) if version else None
        if name is None:
            if method == "GET":
                return json_response([answer(kind, made) for made in registry.all(kind)])
            if method == "POST":
                made = registry.create(kind, body)
                self.stand_in.refresh()
                return json_response(answer(kind, made))
            raise RefusedError(405, f"{method} is not for a list of {kind}.")
        if method == "GET":
            return json_response(answer(kind, registry.get(kind, name, number)))
        if number is None:
            if kind in VERSIONED:
                raise RefusedError(405, f"{method} of {kind} needs /versions/<version>.")
            number = 0
        if method == "PUT":
            made = registry.replace(kind, name, number, body)
            self.stand_in.refresh()
            return json_response(answer(kind, made))
        if method == "DELETE":
            registry.delete(kind, name, number)
            self.stand_in.refresh()
            return json_response({"ok": True})
        raise RefusedError(405, f"{method} is not for one of {kind}.")

    def _publish(self, published: bool, body: bytes) -> Response:
        request = schemas.read(schemas.PublishRequest, body)
        changed = False
        for kind in KINDS:
            for reference in getattr(request, kind) or []:
                version = (reference.version or 1) if kind in VERSIONED else 0
                changed |= self.stand_in.registry.set_published(
                    kind, reference.name, version, published
                )
        self.stand_in.refresh()
        word = "publish" if published else "unpublish"
        return json_response({"status": f"{word}ed" if changed else f"nothing to {word}"})

    def _push(self, scope: Scope, body: bytes) -> Response:
        what = msgspec.to_builtins(schemas.read(schemas.InterventionInstance, body))
        what.setdefault("intervention_id", str(uuid.uuid4()))
        reached = False
        for place in _targets(scope):
            target = {"name": place[0], "id": place[1]}
            sent = {**what, "target_attribute_key": target}
            reached |= self.stand_in.subscribers.send(place, sent)
        return json_response({"status": "success" if reached else "undelivered"})

    async def _subscribe(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> Response | None:
        cross_origin = _cross_origin(headers)
        if scope["method"] == "OPTIONS":
            allowed = headers.get(b"access-control-request-headers", b"")
            return Response(200, b"", [*cross_origin, (b"access-control-allow-headers", allowed)])
        places = _targets(scope)
        _check_subscription(places)
        subscribers = self.stand_in.subscribers
        if len(subscribers) >= MOST_SUBSCRIPTIONS:
            return json_response(
                {"detail": "Too many subscriptions."}, 503, [(b"retry-after", b"5")]
            )
        kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        start = {"type": "http.response.start", "status": 200, "headers": [*kind, *cross_origin]}
        queue = subscribers.add(places)
        left = asyncio.ensure_future(_until_gone(receive))
        try:
            await send(start)
            await send(
                {"type": "http.response.body", "body": b": listening\n\n", "more_body": True}
            )
            await _stream(queue, left, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            left.cancel()
            subscribers.remove(places, queue)
        return None

    # The stand-in's own

    async def _local(self, scope: Scope, receive: Receive) -> Response:
        method, path = scope["method"], scope["path"]
        if path == "/local/stats" and method == "GET":
            return json_response(self.stats())
        if path == "/local/events" and method == "POST":
            if not self.replays:
                raise RefusedError(403, "Enriched events are taken with --replay only.")
            now = self._now(headers_of(scope))
            rows = schemas.read(list[dict[str, Any]], await _whole_body(receive, REPLAY_BODY))
            self.stand_in.replay(rows, now)
            return json_response({"taken": len(rows)})
        raise RefusedError(404, f"The stand-in has no {method} {path}.")

    def stats(self) -> dict[str, Any]:
        """Tell what was taken, refused and dropped."""
        stand_in = self.stand_in
        return {
            "what": WHAT_IT_IS,
            "replay": self.replays,
            "events": stand_in.counts["events"],
            "interventions": stand_in.counts["interventions"],
            "subscriptions": len(stand_in.subscribers),
            "profiles": len(stand_in.profiles.profiles),
            "profiles_dropped": stand_in.profiles.counts["profiles_dropped"],
            "events_dropped": stand_in.profiles.counts["events_dropped"],
            "values_left_out": stand_in.profiles.counts["values_left_out"],
            "defects": stand_in.counts["defects"],
            "bad_rows": sum(stand_in.bad_rows.values()),
            "bad_rows_by_reason": dict(stand_in.bad_rows.most_common()),
        }


def _targets(scope: Scope) -> list[tuple[str, str]]:
    """Read attribute keys and identifiers from a query string."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=200)
    if not pairs:
        raise InvalidError(("query",), "An attribute key and an identifier are needed.")
    return pairs


def _check_subscription(places: list[tuple[str, str]]) -> None:
    """Refuse what Signals does not let anyone listen to."""
    keys = [key for key, _ in places]
    if len(keys) > MOST_KEYS:
        raise InvalidError(("query",), f"At most {MOST_KEYS} attribute keys.")
    for key, identifier in places:
        if keys.count(key) > 1:
            raise InvalidError(("query", key), "One identifier per attribute key.")
        if key == "user_id" or not _UUID.fullmatch(identifier):
            raise InvalidError(("query", key), "Only identifiers that are UUIDs, and no user_id.")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stream(
    queue: asyncio.Queue[dict[str, Any] | None], left: asyncio.Future[None], send: Send
) -> None:
    """Send interventions until the client leaves or the server stops."""
    while not left.done():
        waiting = asyncio.ensure_future(queue.get())
        await asyncio.wait([waiting, left], timeout=15, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            if not left.done():
                await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
            continue
        what = waiting.result()
        if what is None:
            return
        data = b"data: " + msgspec.json.encode(what) + b"\n\n"
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _whole_body(receive: Receive, limit: int) -> bytes:
    body, is_whole = await read_body(receive, limit, BODY_SECONDS)
    if not is_whole:
        raise RefusedError(413, f"The body has more than {limit:,} bytes.")
    return body


def _cross_origin(headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Let another origin's page talk to the collector, cookies included."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
    ]


def _visitor(headers: dict[bytes, bytes]) -> tuple[str, list[tuple[bytes, bytes]]]:
    """Find the network_userid of a request, and make the cookie that keeps it."""
    if b"sp-anonymous" in headers:
        return NOBODY, []
    cookies = headers.get(b"cookie", b"").decode("latin-1").split(";")
    found = next((c.strip()[3:] for c in cookies if c.strip().startswith("sp=")), "")
    visitor = found if _UUID.fullmatch(found) else str(uuid.uuid4())
    return visitor, [(b"set-cookie", _COOKIE.format(visitor).encode())]
