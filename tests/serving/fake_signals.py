"""A Signals whose every answer a test decides: real HTTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from tests.serving.champions import ATTRIBUTES, DIGEST

Answer = Callable[[web.Request, list[str], list[str]], Awaitable[web.StreamResponse]]
VALUES: dict[str, Any] = {
    "num_page_views_l7d": 9,
    "num_page_views_l1h": 3,
    "num_pricing_views_l7d": 2,
    "sum_of_orders_l30d": 12.5,
    "had_form_engagement_l7d": 4,
    "last_page_l1h": "/pricing/",
    "hours_since_pricing_l30d": 0.25,
}
UNKNOWN = "nobody"


class FakeSignals:
    """What a test changes and looks at.

    Attributes
    ----------
    url : str
    answer : callable
        Makes the answer to get-online-attributes.
    calls : list of list of str
        Visitors of each call.
    published : bool
        Whether the registry has the group.
    values : dict
        Attribute -> value of every known visitor.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answer: Answer = self.usual
        self.calls: list[list[str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.published = True
        self.registry_status = 200
        self.since = "2026-01-01T00:00:00Z"
        self.values = dict(VALUES)

    async def usual(
        self, request: web.Request, visitors: list[str], names: list[str]
    ) -> web.StreamResponse:
        return web.json_response(self.columns(visitors, names))

    def columns(self, visitors: list[str], names: list[str]) -> dict[str, Any]:
        known = {
            name: [None if visitor == UNKNOWN else self.values[name] for visitor in visitors]
            for name in names
        }
        return {"domain_userid": visitors, **known}

    async def _attributes(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        visitors = body["attribute_keys"]["domain_userid"]
        self.calls.append(visitors)
        self.bodies.append(body)
        names = [name.rpartition(":")[2] for name in body["attributes"]]
        return await self.answer(request, visitors, names)

    async def _group(self, request: web.Request) -> web.Response:
        if self.registry_status != 200:
            return web.json_response({"detail": "out of order"}, status=self.registry_status)
        if not self.published:
            return web.json_response({"detail": "not found"}, status=404)
        attributes = [
            {**made, "name": name, "description": f"x. definition={DIGEST}"}
            for name, (_, made) in ATTRIBUTES.items()
        ]
        return web.json_response(
            {
                "name": "live_features",
                "version": 1,
                "is_published": True,
                "description": f"x since={self.since}",
                "attributes": attributes,
            }
        )

    async def _nothing(self, request: web.Request) -> web.Response:
        return web.json_response({"detail": "not found"}, status=404)

    def app(self) -> web.Application:
        out = web.Application()
        out.router.add_post("/api/v1/get-online-attributes", self._attributes)
        out.router.add_get("/api/v1/registry/attribute_groups/live_features", self._group)
        out.router.add_get("/api/v1/registry/{rest:.*}", self._nothing)
        return out


@contextlib.contextmanager
def running() -> Iterator[FakeSignals]:
    """Run one on a free port."""
    fake = FakeSignals()
    loop = asyncio.new_event_loop()
    started = threading.Event()
    runner = web.AppRunner(fake.app(), access_log=None, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
