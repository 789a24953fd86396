"""A Signals that knows every visitor and answers at once: the same for all who are measured.

It runs in a process of its own, and takes what the official SDK and `cdp serve` send.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

# Written by bench/serve/run.py: values by attribute, and the JSON of the registry's group.
ABOUT = json.loads(Path(os.environ["BENCH_SERVE_ABOUT"]).read_text())
VALUES: dict[str, Any] = ABOUT["values"]
GROUP = msgspec.json.encode(ABOUT["group"])
_HEADERS = [(b"content-type", b"application/json")]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
    """Answer one request."""
    if scope["type"] != "http":
        return
    if scope["method"] == "GET":
        path = scope["path"]
        body = GROUP if path.endswith("_features") else b"{}"
    else:
        parts = []
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        visitors = msgspec.json.decode(b"".join(parts))["attribute_keys"]["domain_userid"]
        columns = {name: [value] * len(visitors) for name, value in VALUES.items()}
        body = msgspec.json.encode({"domain_userid": visitors, **columns})
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": body})
