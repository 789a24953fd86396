"""The HTTP service: routes, what is refused and how, and what one client may ask."""

from __future__ import annotations

import asyncio
import hmac
import logging
import math
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.config.cors import CORSConfig
from litestar.datastructures import Headers
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.params import JSONBody
from litestar.types import ASGIApp, Message, Receive, Scope, Send

import ml
from ml.serving import metrics
from ml.serving.docs_page import render
from ml.serving.limits import RateLimit
from ml.serving.messages import Answer, Answers, Ask, AskMany, Error, Fault, Health, Ready
from ml.serving.predictor import NotReadyError, Predictor
from ml.serving.settings import RUN_FOLDER, Settings
from ml.serving.signals import SignalsClient, UnavailableError
from ml.signals.client import Connection, connection

log = logging.getLogger("cdp.serve")
_REPLAY = "x-replay-now"
# Seconds that requests in flight have when the service stops; below those of ml.serving.server.
_DRAIN_S = 15
# Of answers that are given before the whole body was read: another request cannot follow it.
_CLOSE = {"Connection": "close"}
_NOT_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_NO_JSON = "The body is no JSON in UTF-8, or nested too deeply."
_CODES = {
    400: "bad_request",
    401: "no_access",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    429: "too_many_requests",
    503: "unavailable",
}


def _error(what: str) -> ResponseSpec:
    return ResponseSpec(Error, generate_examples=False, description=what)


_FAULTS = {
    400: _error("The body is no JSON."),
    401: _error("The API key is missing or wrong."),
    408: _error("The body did not arrive in time."),
    413: _error("The body is too long."),
    415: _error("The body is not sent as application/json."),
    422: _error("A field is missing or not accepted; `field` names it."),
    429: _error("Too many requests of one client; see Retry-After."),
    503: _error("No score can be given now; see Retry-After."),
}


@post("/predict", status_code=200, responses=_FAULTS, summary="Score a visitor")
async def predict(
    data: JSONBody[Ask], request: Request[Any, Any, Any], predictor: NamedDependency[Predictor]
) -> Answer:
    """Score a visitor by what Signals knows at this moment."""
    (answer,) = await scored(predictor, request.scope, [data.domain_userid])
    return answer


@post("/predict/batch", status_code=200, responses=_FAULTS, summary="Score up to 100 visitors")
async def predict_batch(
    data: JSONBody[AskMany], request: Request[Any, Any, Any], predictor: NamedDependency[Predictor]
) -> Answers:
    """Score visitors in the order of the request, all or none."""
    return Answers(await scored(predictor, request.scope, data.domain_userids))


@get("/health", summary="Whether the process answers")
async def health() -> Health:
    """Answer always."""
    return Health()


@get(
    "/ready",
    summary="Whether scores can be given",
    responses={503: ResponseSpec(Ready, generate_examples=False, description="Not yet.")},
)
async def ready(predictor: NamedDependency[Predictor]) -> Response[Ready]:
    """Say what is served, and what is wrong."""
    found = predictor.ready()
    return Response(found, status_code=200 if found.status == "ready" else 503)


@get("/metrics", media_type="text/plain", summary="Figures for Prometheus")
async def figures() -> Response[str]:
    """Tell what all workers did."""
    text = await asyncio.to_thread(metrics.exposition)
    return Response(text.decode(), headers={"content-type": metrics.CONTENT_TYPE})


@get("/docs", media_type="text/html", include_in_schema=False, sync_to_thread=False)
def docs(request: Request[Any, Any, Any]) -> str:
    """Describe the API for people."""
    return render(request.app.openapi_schema.to_schema())


class Scoring(ASGIMiddleware):
    """Answers the requests for scores as `predict` and `predict_batch` do, only sooner.

    Litestar's way from a body to a handler and back takes longer than a score. The handlers say
    what is asked and answered, for the description of the API too.

    Parameters
    ----------
    predictor
        Scores visitors.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._one = msgspec.json.Decoder(Ask)
        self._many = msgspec.json.Decoder(AskMany)
        self._encode = msgspec.json.Encoder().encode

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer, or raise; requests for other things go on."""
        route = scope.get("path_template")
        if scope.get("method") != "POST" or route not in ("/predict", "/predict/batch"):
            await next_app(scope, receive, send)
            return
        body = (await receive()).get("body", b"")  # Guard has read it all
        if route == "/predict":
            visitor = self._one.decode(body).domain_userid
            (answer,) = await scored(self._predictor, scope, [visitor])
            out = self._encode(answer)
        else:
            visitors = self._many.decode(body).domain_userids
            out = self._encode(Answers(await scored(self._predictor, scope, visitors)))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(out))]
        start: Any = {"type": "http.response.start", "status": 200, "headers": headers}
        rest: Any = {"type": "http.response.body", "body": out, "more_body": False}
        await send(start)
        await send(rest)


async def scored(predictor: Predictor, scope: Scope, visitors: Sequence[str]) -> list[Answer]:
    """Score visitors and count the answers; a moment to replay is in the scope, put by Guard."""
    answers = await predictor.predict(visitors, str(scope.get("replay", "")))
    for answer in answers:
        metrics.count(answer.label, stale=answer.stale, known=answer.known)
    return answers


class Guard(ASGIMiddleware):
    """Refuses what is too much, too slow or not allowed, before the body is parsed.

    Parameters
    ----------
    settings
        The limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = RateLimit(settings.rate, settings.burst, settings.clients)
        self._key = settings.api_key.encode()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let a request through, or raise."""
        if scope.get("method") != "POST":
            await next_app(scope, receive, send)
            return
        headers = Headers.from_scope(scope)
        if self._key and not hmac.compare_digest(headers.get("x-api-key", "").encode(), self._key):
            raise HTTPException(status_code=401, detail="Send the API key in the header X-API-Key.")
        wait = self._limit.wait(self._client(scope, headers), time.monotonic())
        if wait > 0:
            raise HTTPException(
                status_code=429,
                detail=f"More than {self._settings.rate:g} requests per second of one client.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(status_code=415, detail="Send JSON, as application/json.")
        if self._settings.replay:
            scope["replay"] = headers.get(_REPLAY, "")  # type: ignore[typeddict-unknown-key]
        body = await self._body(receive, headers.get("content-length", ""))

        async def again() -> Any:  # noqa: ANN401 - a message
            return {"type": "http.request", "body": body, "more_body": False}

        await next_app(scope, again, send)

    def _client(self, scope: Scope, headers: Headers) -> str:
        if self._settings.proxies:
            named = headers.get("x-forwarded-for", "").split(",")
            return named[-min(self._settings.proxies, len(named))].strip()[:64]
        client = scope.get("client")
        return client[0] if client else ""

    async def _body(self, receive: Receive, told: str) -> bytes:
        most = self._settings.body_bytes
        too_large = HTTPException(
            status_code=413, detail=f"A body has at most {most} bytes.", headers=_CLOSE
        )
        if told.isdigit() and int(told) > most:
            raise too_large
        message = await self._within(receive)
        parts = [message.get("body", b"")]
        size = len(parts[0])
        while message.get("more_body"):
            message = await self._within(receive)
            if message["type"] == "http.disconnect":
                raise HTTPException(status_code=400, detail="The client went away.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large
        body = b"".join(parts)
        if not body:
            raise HTTPException(status_code=400, detail=_NO_JSON)
        return body

    async def _within(self, receive: Receive) -> Any:  # noqa: ANN401 - a message
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                return await receive()
        except TimeoutError:
            raise HTTPException(
                status_code=408,
                detail=f"The body did not arrive within {self._settings.body_seconds:g} s.",
                headers=_CLOSE,
            ) from None


def _refused(request: Request[Any, Any, Any], error: Exception) -> Response[Error]:
    """Answer in one shape, whatever went wrong."""
    headers: dict[str, str] = {}
    field = ""
    if isinstance(error, UnavailableError):
        status, message = 503, f"No score can be given now: {error.reason}."
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif isinstance(error, NotReadyError):
        status, message = 503, str(error)
        headers["Retry-After"] = "10"
    elif isinstance(error, msgspec.ValidationError):
        status = 422
        message, field = _told(str(error))
    elif isinstance(error, _NOT_JSON):
        status, message = 400, _NO_JSON
    elif isinstance(error, HTTPException):
        status, message = error.status_code, error.detail
        headers = dict(error.headers or {})
    else:
        status, message = 500, "An error of ours; the log says which."
    if status >= 500 and status != 503:
        log.error("error", extra={"exception": type(error).__name__, "path": request.url.path})
    code = _CODES.get(status, HTTPStatus(status).name.lower())
    return Response(Error(Fault(code, message, field)), status_code=status, headers=headers)


def _told(text: str) -> tuple[str, str]:
    """Split what msgspec says into message and field."""
    message, _, place = text.partition(" - at `$")
    field = place.rstrip("`").lstrip(".")
    named = re.fullmatch(r"Object (?:missing required|contains unknown) field `(.*)`", message)
    return message, ".".join(part for part in (field, named[1] if named else "") if part)


class Measure(ASGIMiddleware):
    """Counts requests and their time; logs them if that is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.in_flight = 0
        self._log = bool(settings.log_requests)
        self._counted: dict[tuple[str, int], tuple[Any, Any]] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass a request on and note how it went."""
        started = time.perf_counter()
        status = 500
        self.in_flight += 1

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, noted)
        except Exception as error:
            status = _status_of(error)
            raise
        finally:
            self.in_flight -= 1
            seconds = time.perf_counter() - started
            route = str(scope.get("path_template", "other"))
            self._note(route, status, seconds)

    def _note(self, route: str, status: int, seconds: float) -> None:
        counted = self._counted.get((route, status))
        if counted is None:
            counted = self._counted[route, status] = (
                metrics.REQUESTS.labels(route, str(status)),
                metrics.LATENCY.labels(route),
            )
        counted[0].inc()
        counted[1].observe(seconds)
        if self._log:
            log.info(
                "request", extra={"route": route, "status": status, "ms": round(seconds * 1e3, 2)}
            )


def _status_of(error: Exception) -> int:
    if isinstance(error, msgspec.ValidationError):
        return 422
    if isinstance(error, UnavailableError | NotReadyError):
        return 503
    if isinstance(error, _NOT_JSON):
        return 400
    return error.status_code if isinstance(error, HTTPException) else 500


def _note_state(*, ready: bool, failed: bool, swapped: bool) -> None:
    metrics.READY.set(ready)
    metrics.RELOAD_FAILED.set(failed)
    metrics.SWAPS.inc(swapped)


def make_app(settings: Settings, to: Connection, folder: Path) -> Litestar:
    """Make the application of one worker.

    Parameters
    ----------
    settings
        How it behaves.
    to
        Where Signals is, and who asks.
    folder
        Where the main process puts what is served.
    """
    outcome = {False: metrics.SIGNALS.labels("ok"), True: metrics.SIGNALS.labels("failed")}

    def observe(seconds: float, visitors: int, failed: bool) -> None:
        outcome[failed].observe(seconds)
        metrics.SIGNALS_VISITORS.inc(visitors)

    client = SignalsClient(
        to,
        timeout=settings.signals_timeout,
        calls=settings.signals_calls,
        waiting=settings.waiting,
        failures=settings.failures,
        pause=settings.pause_seconds,
        observe=observe,
    )
    measure = Measure(settings)
    predictor = Predictor(folder, client, settings, _note_state)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await client.start()
        await predictor.look()
        following = asyncio.create_task(predictor.follow())
        try:
            yield
        finally:
            following.cancel()
            # The server takes no more requests, and those in flight still need the client.
            until = time.monotonic() + _DRAIN_S
            while measure.in_flight and time.monotonic() < until:
                await asyncio.sleep(0.02)
            await client.stop()

    origins = settings.allowed_origins
    return Litestar(
        [predict, predict_batch, health, ready, figures, docs],
        dependencies={"predictor": Provide(lambda: predictor, sync_to_thread=False)},
        middleware=[measure, Guard(settings), Scoring(predictor)],
        exception_handlers={Exception: _refused},
        lifespan=[lifespan],
        logging_config=None,
        cors_config=CORSConfig(
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "x-api-key"],
            max_age=3600,
        )
        if origins
        else None,
        openapi_config=OpenAPIConfig(
            title="cdp serve",
            version=ml.__version__,
            description="Scores visitors while they browse.",
            path="/schema",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
            use_handler_docstrings=True,
        ),
    )


def app() -> Litestar:
    """Make the application from the environment; granian calls it in every worker."""
    # Before the first metric is written: another worker has other files.
    return make_app(Settings.read(os.environ), connection(os.environ), Path(os.environ[RUN_FOLDER]))
