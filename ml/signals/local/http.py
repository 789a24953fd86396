"""The little of ASGI that the stand-in needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml.signals.local.properties import Json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")


class TooSlowError(Exception):
    """A body did not arrive in time."""


class GoneError(Exception):
    """The client went away."""


@dataclass
class Response:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: list[Header] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        """Send it."""
        length = (b"content-length", str(len(self.body)).encode())
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*self.headers, length],
            }
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_response(content: Json, status: int = 200, headers: Iterable[Header] = ()) -> Response:
    """Answer with JSON."""
    return Response(status, msgspec.json.encode(content), [JSON, *headers])


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Headers of a request, their names in lower case."""
    return dict(scope["headers"])


async def read_body(receive: Receive, limit: int, seconds: float) -> tuple[bytes, bool]:
    """Read a body to its end, and keep at most `limit` bytes of it.

    Parameters
    ----------
    receive : callable
    limit : int
        Bytes that are kept. What comes after is read and thrown away, so that the client hears an
        answer instead of a broken connection.
    seconds : float
        How long it may take.

    Returns
    -------
    tuple of bytes and bool
        The body, and whether it is whole.

    Raises
    ------
    TooSlowError, GoneError
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                part = message.get("body", b"")
                if size < limit:
                    parts.append(part[: limit - size])
                size += len(part)
                if not message.get("more_body", False):
                    return b"".join(parts), size <= limit
    except TimeoutError:
        raise TooSlowError from None
