"""Statements that take longer than a client waits for an answer.

The connector gives up reading after a minute and sends the statement again. Snowflake answers
before that with where the result will be, and the client asks there until it is.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from tests.emulators.snowflake.gateway import QUERIES, Receive, Scope, Send

Message = MutableMapping[str, Any]
_RESULT = re.compile(r"^/queries/(?P<id>[\w-]+)/result$")
_IN_PROGRESS = "333333"
KEPT_SECONDS = 300


class Polling:
    """An ASGI application that answers within `seconds`.

    Parameters
    ----------
    application
        What answers in the end.
    seconds : float
        How long a request waits for it.
    """

    def __init__(
        self, application: Callable[[Scope, Receive, Send], Awaitable[None]], seconds: float = 40
    ) -> None:
        self._application = application
        self._seconds = seconds
        self._running: dict[str, asyncio.Task[list[Message]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if polled := _RESULT.match(path):
            await self._answer(polled["id"], scope, receive, send)
        elif path == QUERIES:
            name = str(uuid.uuid4())
            task = self._running[name] = asyncio.create_task(self._run(scope, receive))
            task.add_done_callback(lambda _: self._forget(name))
            await self._answer(name, scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._application(scope, receive, keep)
        return messages

    def _forget(self, name: str) -> None:
        """Keep a result for a while: its client may have left."""
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._running.pop, name, None)

    async def _answer(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        task = self._running.get(name)
        if task is None:
            gone = {"code": "000709", "message": f"Statement {name} not found", "success": False}
            await JSONResponse({"data": None, **gone})(scope, receive, send)
            return
        done, _ = await asyncio.wait([task], timeout=self._seconds)
        if not done:
            data = {"getResultUrl": f"/queries/{name}/result"}
            answer = {"data": data, "code": _IN_PROGRESS, "message": None, "success": False}
            await JSONResponse(answer)(scope, receive, send)
            return
        self._running.pop(name, None)
        for message in task.result():
            await send(message)
