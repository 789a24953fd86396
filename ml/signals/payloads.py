"""Attribute groups and services as JSON, as the official Python SDK would send them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ml.signals.definitions import NAME, Feature, SignalsError, group_digest, group_name

# The SDK's built-in key, in its words: the identifier that a visitor's events carry.
ATTRIBUTE_KEY = {
    "name": "domain_userid",
    "description": "The domain user ID for the user.",
    "key": "domain_userid",
    "is_published": False,
}
_OWNER = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def group_of(
    model_name: str,
    features: Mapping[str, Feature],
    *,
    version: int,
    owner: str,
    now: datetime,
    since: datetime | None = None,
) -> dict[str, Any]:
    """Describe a version of a model's attribute group, published.

    Parameters
    ----------
    model_name
        The group is `<model_name>_features`.
    features
        Of `of_model`.
    version
        Its number.
    owner
        An e-mail address.
    now
        When it is published.
    since
        From when on Signals reads older events of its warehouse; None: it begins empty.

    Raises
    ------
    SignalsError
        A name or the owner is none that Signals takes, or there is no attribute.
    """
    attributes = [
        {
            "name": check_name(feature.name, "feature"),
            "description": f"{feature.description} definition={feature.digest}".strip(),
            **feature.online["attribute"],
        }
        for _, feature in sorted(features.items())
        if feature.online and "attribute" in feature.online
    ]
    if not attributes:
        msg = f"{model_name} learns from no feature that is computed online: nothing to publish."
        raise SignalsError(msg)
    begun = (since or now).astimezone(UTC)
    about: dict[str, Any] = {
        "name": check_name(group_name(model_name), "attribute group"),
        "version": version,
        "attribute_key": ATTRIBUTE_KEY,
        "online": True,
        "offline": False,
        "description": (
            f"What the model {model_name} reads of a visitor; published by cdp signals. "
            f"definitions={group_digest(features)[:16]} since={begun:%Y-%m-%dT%H:%M:%SZ}"
        ),
        "owner": check_owner(owner),
        "attributes": attributes,
        "is_published": True,
    }
    if since is not None:
        about["backfill_since_tstamp"] = f"{begun:%Y-%m-%dT%H:%M:%SZ}"
    return about


def service_of(model_name: str, version: int, owner: str) -> dict[str, Any]:
    """Describe a model's service: one version of its group."""
    return {
        "name": check_name(model_name, "service"),
        "description": f"What the champion of {model_name} reads; published by cdp signals.",
        "attribute_groups": [{"name": group_name(model_name), "version": version}],
        "owner": check_owner(owner),
        "is_published": True,
    }


def check_name(name: str, what: str) -> str:
    """Return the name if Signals takes it.

    Raises
    ------
    SignalsError
        It does not.
    """
    if NAME.fullmatch(name):
        return name
    msg = (
        f"{what} {name!r}: Signals takes names of up to 128 letters, digits and underscores. "
        "Rename it."
    )
    raise SignalsError(msg)


def check_owner(owner: str) -> str:
    """Return the owner if it is an e-mail address.

    Raises
    ------
    SignalsError
        It is none.
    """
    if _OWNER.fullmatch(owner):
        return owner
    said = f"{owner!r} is no e-mail address" if owner else "it is missing"
    msg = f"owner: {said}. Signals wants one of who looks after this: --owner, or SP_OWNER."
    raise SignalsError(msg)
