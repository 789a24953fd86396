"""Where the champion comes from, and which group in Signals has its attributes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml.engines import connections
from ml.serving.loader import Published
from ml.serving.signals import Access

Found = tuple[dict[str, Any], bytes]
_SINCE = re.compile(r"definitions=([0-9a-f]+) since=(\S+)")


class NotPublishedError(ValueError):
    """Signals has no group with the champion's definitions; the message says what to do."""

    temporary = False


def from_file(path: Path) -> Callable[[], Found]:
    """Find the champion in a file of `cdp export-model`, and its card beside it."""
    import json

    def find() -> Found:
        card = json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
        return card["serving"], path.read_bytes()

    return find


def from_warehouse(
    opened: Callable[[], connections.Reader], model_name: str
) -> Callable[[], Found]:
    """Find the champion in the registry of a warehouse, which is opened for each look."""
    from ml.signals.champion import read_champion

    def find() -> Found:
        with opened() as reader:
            champion = read_champion(reader, model_name)
        return champion.to_json(), champion.artefact

    return find


def published(access: Access) -> Callable[[dict[str, Any]], Published]:
    """Find the group in Signals' registry by the digest of its definitions."""
    import httpx

    def find(card: dict[str, Any]) -> Published:
        name, digest = card["group"]["name"], card["group"]["digest"]
        url = f"{access.url}/api/v1/registry/attribute_groups/{name}"
        headers = {"Authorization": f"Bearer {access.token}"}
        with httpx.Client(timeout=10, headers=headers) as client:
            answer = client.get(url)
            if answer.status_code == 404:
                raise NotPublishedError(_advice(card, f"there is no group {name}"))
            answer.raise_for_status()
            newest = int(answer.json()["version"])
            for version in range(newest, 0, -1):
                if version != newest:
                    answer = client.get(f"{url}/versions/{version}")
                    if answer.status_code == 404:
                        continue
                    answer.raise_for_status()
                said = _SINCE.search(str(answer.json().get("description")))
                if said and digest.startswith(said[1]) and answer.json().get("is_published", True):
                    return Published(f"{name}_v{version}", said[2])
        raise NotPublishedError(
            _advice(card, f"no published version of group {name} has the digest {digest[:16]}")
        )

    return find


def _advice(card: dict[str, Any], what: str) -> str:
    return (
        f"The attributes of {card['model_name']} {card['version']} are not published in Signals: "
        f"{what}. Run `cdp signals publish`."
    )
