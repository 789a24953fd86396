"""What `feature_catalogue` says of the attributes that a served model reads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml.engines.connections import Reader
from ml.signals.errors import SignalsError

# The identifier that attributes are kept by.
ATTRIBUTE_KEY = "domain_userid"
NAME = re.compile(r"[A-Za-z0-9_]{1,128}")
_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (31_536_000, 604_800, 86_400, 3_600, 60, 1)
_COLUMNS = ("feature_hash", "online_definition", "not_online_reason")


@dataclass(frozen=True)
class Feature:
    """A feature as the warehouse defines it now.

    Parameters
    ----------
    name
        Its column.
    feature_hash
        Of what decides its values.
    online
        `online_definition`; None if it is not computed online.
    not_online_reason
        Why not; empty if it is.
    only_for
        Bases of the models that may learn from it; empty: all.
    description
        The column's.
    is_of_first_visit
        Whether it is of a person's first visit, which no served model reads.
    """

    name: str
    feature_hash: str
    online: dict[str, Any] | None
    not_online_reason: str = ""
    only_for: tuple[str, ...] = ()
    description: str = ""
    is_of_first_visit: bool = False

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of what decides the attribute's values and their reading."""
        return _digest([self.feature_hash, self.online])[:12]

    @property
    def warm_after_s(self) -> int:
        """Seconds after which the attribute holds all that it should, had it begun empty."""
        online = self.online or {}
        attribute = online.get("attribute")
        if attribute is None or online.get("includes_own_event"):
            return 0
        return seconds_of(attribute.get("period") or attribute["ttl"])


def read_features(reader: Reader) -> dict[str, Feature]:
    """Read the catalogue, by name.

    Raises
    ------
    SignalsError
        It is not there, or was built before definitions were made for Signals.
    """
    catalogue = reader.table("feature_catalogue")
    if catalogue.empty or not set(_COLUMNS) <= set(catalogue.columns):
        what = "is not there" if catalogue.empty else f"has no column {_COLUMNS[1]}"
        msg = (
            f"feature_catalogue {what} in {reader.name}: build it, by `dbt build --select "
            "feature_catalogue propensity_versions propensity_champions`."
        )
        raise SignalsError(msg)
    return {str(row["feature_name"]): _feature(row) for row in catalogue.to_dict("records")}


def _feature(row: Mapping[Any, Any]) -> Feature:
    return Feature(
        name=str(row["feature_name"]),
        feature_hash=str(row["feature_hash"]),
        online=json.loads(row["online_definition"]) if _text(row["online_definition"]) else None,
        not_online_reason=_text(row["not_online_reason"]),
        only_for=tuple(_text(row["only_for"]).split()),
        description=_text(row["description"]),
        is_of_first_visit='"first_visit"' in _text(row["definition"]),
    )


def of_model(features: Mapping[str, Feature], model_name: str) -> dict[str, Feature]:
    """Features that a model may learn from and Signals computes, and moments, by name.

    All of them and not only those that the champion reads: the next one may read others, and
    finds them warm.
    """
    base = model_name.partition("__")[0]
    return {
        name: feature
        for name, feature in sorted(features.items())
        if feature.online is not None and base in (feature.only_for or (base,))
    }


def group_digest(features: Mapping[str, Feature]) -> str:
    """SHA-256 of a group: its attributes, their hashes and definitions."""
    return _digest(
        [
            [name, feature.feature_hash, feature.online]
            for name, feature in sorted(features.items())
            if "attribute" in (feature.online or {})
        ]
    )


def group_name(model_name: str) -> str:
    """Name of a model's attribute group.

    Examples
    --------
    >>> group_name("live")
    'live_features'
    """
    return f"{model_name}_features"


def seconds_of(duration: str) -> int:
    """Seconds of an ISO 8601 duration; a year has 365 days.

    Examples
    --------
    >>> seconds_of("P7D"), seconds_of("PT1H"), seconds_of("P1Y35D"), seconds_of("P1DT12H")
    (604800, 3600, 34560000, 129600)
    """
    found = _DURATION.fullmatch(duration)
    numbers = [int(part or 0) for part in found.groups()] if found else []
    if not any(numbers):
        msg = f"{duration!r} is no duration as ISO 8601 writes it, such as P7D or PT1H"
        raise SignalsError(msg)
    return sum(number * length for number, length in zip(numbers, _SECONDS, strict=True))


def _digest(value: Any) -> str:  # noqa: ANN401 - any JSON
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return "" if value is None or value is pd.NaT or value != value else str(value)
