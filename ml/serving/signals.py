"""Attributes of visitors from Snowplow Signals: pooled, coalesced, with a bounded wait."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from ml.signals.client import Connection

# What one call of the endpoint takes.
MOST_VISITORS = 100
KEY = "domain_userid"
PATH = "/api/v1/get-online-attributes"
_MOST_BYTES = 8_000_000
# While a call is under way, visitors gather for this long before another one starts.
_GATHER_S = 0.003
_TOKEN_LEFT_S = 300


class UnavailableError(Exception):
    """Signals gave no attributes.

    Parameters
    ----------
    reason
        Why, without anything of a visitor.
    retry_after
        Seconds after which it makes sense to ask again.
    """

    def __init__(self, reason: str, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass
class _Waiting:
    """Visitors that the same call can ask for."""

    body: tuple[str, ...]
    now: str
    visitors: dict[str, asyncio.Future[tuple[Any, ...]]] = field(default_factory=dict)


class SignalsClient:
    """Reads attributes for all requests of a worker.

    Requests that come while calls are under way are answered by one call together, of at most
    MOST_VISITORS visitors.

    Parameters
    ----------
    to
        Where Signals is, and who asks.
    timeout
        Seconds after which a request does not wait any longer.
    calls
        At the same time.
    waiting
        Visitors that may wait.
    failures, pause
        After so many failed calls in a row there are none for `pause` seconds; then one that
        decides.
    observe
        Told of each call: seconds, visitors, and whether it failed.
    """

    def __init__(
        self,
        to: Connection,
        *,
        timeout: float,
        calls: int,
        waiting: int,
        failures: int,
        pause: float,
        observe: Callable[[float, int, bool], None] = lambda *_: None,
    ) -> None:
        self._to = to
        self._timeout = timeout
        self._calls = max(calls, 1)
        self._most_waiting = waiting
        self._most_failures = max(failures, 1)
        self._pause = pause
        self._observe = observe
        self._session: aiohttp.ClientSession | None = None
        self._waiting: dict[tuple[tuple[str, ...], str], _Waiting] = {}
        self._n_waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._closed_until = 0.0
        self._reason = ""
        self._token = to.token or ""
        self._token_until = float("inf") if to.token else 0.0
        self._pumping = False
        self._later: asyncio.TimerHandle | None = None
        self._waiting_since = 0.0

    @property
    def state(self) -> str:
        """`ok`, `failing`, or `paused`, with the reason of the last failure."""
        if not self._failures:
            return "ok"
        paused = time.monotonic() < self._closed_until
        return f"{'paused' if paused else 'failing'}: {self._reason}"

    async def start(self) -> None:
        """Open the pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._calls + 1, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            auto_decompress=True,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def stop(self) -> None:
        """Close it."""
        for task in self._tasks:
            task.cancel()
        if self._session is not None:
            await self._session.close()

    async def read(
        self, visitors: Sequence[str], attributes: tuple[str, ...], now: str = ""
    ) -> list[tuple[Any, ...]]:
        """Read attributes.

        Parameters
        ----------
        visitors
            Whose.
        attributes
            `group_v1:name` of each.
        now
            Only for replays by the stand-in: the moment to read them at.

        Returns
        -------
        list of tuple
            Of each visitor: values in the order of `attributes`.

        Raises
        ------
        UnavailableError
            They did not come in time, or are nonsense.
        """
        closed = self._closed_until - time.monotonic()
        if closed > 0:
            msg = f"Signals failed {self._failures} times in a row ({self._reason})"
            raise UnavailableError(msg, closed)
        waiting = self._waiting.get((attributes, now))
        if waiting is None:
            waiting = self._waiting[attributes, now] = _Waiting(attributes, now)
        loop = asyncio.get_running_loop()
        futures = []
        for visitor in visitors:
            future = waiting.visitors.get(visitor)
            if future is None:
                if self._n_waiting >= self._most_waiting:
                    raise UnavailableError("too many requests wait for Signals")
                future = waiting.visitors[visitor] = loop.create_future()
                self._n_waiting += 1
            futures.append(future)
        if not self._pumping:
            self._waiting_since = time.monotonic()
            # Requests that are ready in this turn of the loop join the same call.
            self._pumping = True
            loop.call_soon(self._pump)
        try:
            async with asyncio.timeout(self._timeout):
                # Others may wait for the same future: it is not cancelled with this request.
                return [await asyncio.shield(future) for future in futures]
        except TimeoutError:
            msg = f"Signals did not answer within {self._timeout:g} s"
            raise UnavailableError(msg) from None

    def _pump(self) -> None:
        """Start calls for those who wait, as many as may be under way."""
        self._pumping = False
        self._later = None
        most = self._calls if self._failures < self._most_failures else 1
        while self._waiting and len(self._tasks) < most:
            if self._tasks and self._n_waiting < MOST_VISITORS:
                # Others join until the call under way is done, or for a moment.
                gathered = time.monotonic() - self._waiting_since
                if gathered < _GATHER_S:
                    self._pumping = True
                    loop = asyncio.get_running_loop()
                    self._later = loop.call_later(_GATHER_S - gathered, self._pump)
                    return
            key, waiting = next(iter(self._waiting.items()))
            names = list(waiting.visitors)[:MOST_VISITORS]
            chosen = {name: waiting.visitors.pop(name) for name in names}
            self._n_waiting -= len(chosen)
            if not waiting.visitors:
                del self._waiting[key]
            if not chosen:
                continue
            task = asyncio.create_task(self._call(chosen, waiting.body, waiting.now))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._waiting and (not self._pumping or self._later is not None):
            if self._later is not None:
                self._later.cancel()
            self._pump()

    async def _call(
        self,
        chosen: dict[str, asyncio.Future[tuple[Any, ...]]],
        attributes: tuple[str, ...],
        now: str,
    ) -> None:
        started = time.monotonic()
        error = None
        try:
            found = await self._ask(list(chosen), attributes, now)
            for visitor, future in chosen.items():
                if not future.done():
                    future.set_result(found[visitor])
            self._failures = 0
        except asyncio.CancelledError:
            error = UnavailableError("the service stops")
        except UnavailableError as failed:
            error = failed
        except TimeoutError:
            error = UnavailableError(f"Signals did not answer within {self._timeout:g} s")
        except (aiohttp.ClientError, OSError) as failed:
            error = UnavailableError(f"Signals cannot be reached ({type(failed).__name__})")
        except Exception as failed:  # whatever it is, nobody waits for ever
            error = UnavailableError(f"reading from Signals failed ({type(failed).__name__})")
        if error is not None:
            self._failures += 1
            self._reason = error.reason
            if self._failures >= self._most_failures:
                self._closed_until = time.monotonic() + self._pause
                error.retry_after = self._pause
                self._refuse_waiting(error)
            _fail(chosen.values(), error)
        self._observe(time.monotonic() - started, len(chosen), error is not None)

    def _refuse_waiting(self, error: UnavailableError) -> None:
        for waiting in self._waiting.values():
            _fail(waiting.visitors.values(), error)
        self._waiting.clear()
        self._n_waiting = 0

    async def _ask(
        self, visitors: list[str], attributes: tuple[str, ...], now: str
    ) -> dict[str, tuple[Any, ...]]:
        if self._session is None:
            msg = "the client was not started"
            raise UnavailableError(msg)
        headers = {
            "Authorization": f"Bearer {await self._bearer(self._session)}",
            "Content-Type": "application/json",
        }
        if now:
            headers["X-Replay-Now"] = now
        body = msgspec.json.encode(
            {
                "attribute_keys": {KEY: visitors},
                "full_attribute_names": False,
                "attributes": attributes,
            }
        )
        async with self._session.post(
            self._to.url + PATH, data=body, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                if answer.status == 401 and not self._to.token:
                    self._token_until = 0.0
                msg = f"Signals answered {answer.status}"
                raise UnavailableError(msg)
            raw = await _limited(answer.content)
        return _rows(raw, visitors, attributes)

    async def _bearer(self, session: aiohttp.ClientSession) -> str:
        if time.time() < self._token_until:
            return self._token
        to = self._to
        headers = {"X-API-Key-Id": to.api_key_id, "X-API-Key": to.api_key}
        url = f"{to.console_url}/api/msc/v1/organizations/{to.org_id}/credentials/v3/token"
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                msg = f"Snowplow's console answered {answer.status} when asked for a token"
                raise UnavailableError(msg)
            raw = await _limited(answer.content)
        try:
            self._token = str(json.loads(raw)["accessToken"])
        except (ValueError, KeyError, TypeError) as error:
            msg = "Snowplow's console gave no token"
            raise UnavailableError(msg) from error
        self._token_until = expiry(self._token) - _TOKEN_LEFT_S
        return self._token


def expiry(token: str) -> float:
    """Seconds since 1970 at which a token (JWT) ends; in an hour, if it does not say so."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return time.time() + 3600.0


def _rows(
    raw: bytes, visitors: list[str], attributes: tuple[str, ...]
) -> dict[str, tuple[Any, ...]]:
    """Check an answer, and split it by visitor."""
    try:
        answer = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        msg = "Signals answered what is no JSON"
        raise UnavailableError(msg) from error
    if not isinstance(answer, dict):
        msg = "Signals answered no object"
        raise UnavailableError(msg)
    ids = answer.get(KEY)
    if (
        not isinstance(ids, list)
        or len(ids) != len(visitors)
        or set(map(str, ids)) != set(visitors)
    ):
        msg = f"Signals answered for other visitors than it was asked for ({KEY})"
        raise UnavailableError(msg)
    columns = []
    for attribute in attributes:
        name = attribute.rpartition(":")[2]
        values = answer.get(name)
        if not isinstance(values, list) or len(values) != len(ids):
            msg = f"Signals answered without one value of {name} per visitor"
            raise UnavailableError(msg)
        columns.append(values)
    if not columns:
        return {str(visitor): () for visitor in ids}
    return dict(zip(map(str, ids), zip(*columns, strict=True), strict=True))


async def _limited(content: aiohttp.StreamReader) -> bytes:
    parts, size = [], 0
    async for part in content.iter_any():
        size += len(part)
        if size > _MOST_BYTES:
            msg = f"Signals answered more than {_MOST_BYTES} bytes"
            raise UnavailableError(msg)
        parts.append(part)
    return b"".join(parts)


def _fail(futures: Any, error: UnavailableError) -> None:  # noqa: ANN401 - any iterable of them
    for future in futures:
        if not future.done():
            future.set_exception(error)
            # Nobody may be waiting any more, and asyncio complains of errors that nobody saw.
            future.exception()
