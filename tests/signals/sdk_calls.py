"""Runs in .venv-signals: the calls that the official SDK makes for objects given as JSON."""

from __future__ import annotations

import json
import sys

from snowplow_signals import (  # pyright: ignore[reportMissingImports]
    Attribute,
    Service,
    SignalsSandbox,
    StreamAttributeGroup,
    domain_userid,
)


def main() -> None:
    """Read a list of {url, token, calls, group, service, read} and make the calls of each."""
    for asked in json.load(sys.stdin):
        signals = SignalsSandbox(api_url=asked["url"], sandbox_token=asked["token"])
        about = dict(asked["group"], attribute_key=domain_userid)
        about["attributes"] = [Attribute(**one) for one in about["attributes"]]
        objects = [
            Service(**{**asked["service"], "is_published": False}),
            StreamAttributeGroup(**{**about, "is_published": False}),
        ]
        for call in asked["calls"]:
            if call == "read":
                signals.get_group_attributes(**asked["read"])
            else:
                getattr(signals, call)(objects)


if __name__ == "__main__":
    main()
