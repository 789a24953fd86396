"""What the registry takes: the fields, types and limits of Signals' API, for `snowplow-signals`.

Unknown fields are ignored. Optional fields that were not sent stay away from what is stored.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

T = TypeVar("T")
Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_]+$", min_length=1, max_length=128)]
SchemaName = Annotated[str, Meta(pattern="^[a-zA-Z0-9-_]+$", min_length=1, max_length=128)]
Vendor = Annotated[str, Meta(pattern="^[a-zA-Z0-9-_.]+$", min_length=1, max_length=128)]
Version = Annotated[str, Meta(pattern="^[0-9]+-[0-9]+-[0-9]+$")]
Positive = Annotated[int, Meta(ge=1)]
Text = str | None
Value = str | int | float | bool | list[str | int | float | bool] | None

DatePart = Literal[
    "active_day", "active_week", "active_month", "hour_of_day", "day_of_week", "month_of_year"
]
Aggregation = Literal[
    "counter", "sum", "min", "max", "mean", "first", "last", "unique_list", "most_frequent",
    "least_frequent", "category_count", "approx_count_distinct", "time_since_last",
    "time_since_first",
]  # fmt: skip
Type = Literal[
    "bytes", "string", "int32", "int64", "double", "float", "bool", "unix_timestamp", "timestamp",
    "bytes_list", "string_list", "int32_list", "int64_list", "double_list", "float_list",
    "bool_list", "unix_timestamp_list", "dict",
]  # fmt: skip


class AtomicProperty(Struct, tag="atomic", tag_field="type", omit_defaults=True):
    """A column of every event."""

    name: Annotated[str, Meta(pattern="^[a-z_]+$")]
    date_part: DatePart | None = None


class _SchemaProperty(Struct, omit_defaults=True, kw_only=True):
    """A field of an event or an entity."""

    vendor: Annotated[str, Meta(min_length=1)]
    name: SchemaName
    major_version: Positive
    path: Annotated[str, Meta(min_length=1)]
    date_part: DatePart | None = None


class EventProperty(_SchemaProperty, tag="event", tag_field="type"):
    """A field of a self-describing event."""


class EntityProperty(_SchemaProperty, tag="entity", tag_field="type"):
    """A field of an entity."""

    index: Annotated[int, Meta(ge=0)] | None = 0


Leaf = AtomicProperty | EventProperty | EntityProperty


class CalculatedProperty(Struct, tag="calculated", tag_field="type", omit_defaults=True):
    """A value made of several properties of one event."""

    operation: Literal["concat", "sum", "product", "min", "max", "coalesce"]
    properties: Annotated[list[Leaf], Meta(min_length=1, max_length=50)]
    separator: Annotated[str, Meta(max_length=16)] | None = None


Property = Leaf | CalculatedProperty


class Criterion(Struct, omit_defaults=True):
    """One condition on an event."""

    property: Property
    operator: Literal["=", "!=", "<", ">", "<=", ">=", "like", "in", "is null", "is not null"]
    value: Value = None


class Criteria(Struct, omit_defaults=True):
    """Conditions on an event."""

    all: list[Criterion] | None = None
    any: list[Criterion] | None = None


class Event(Struct, omit_defaults=True):
    """Which events; what is not named may be anything."""

    name: SchemaName | None = None
    vendor: Vendor | None = None
    version: Version | None = None
    event_specification_id: Annotated[str, Meta(min_length=1)] | None = None


class Attribute(Struct, omit_defaults=True):
    """One attribute."""

    name: Name
    type: Type
    events: list[Event]
    aggregation: Aggregation
    description: Text = None
    property: Property | None = None
    criteria: Criteria | None = None
    period: Text = None
    default_value: Value = None
    time_unit: Literal["s", "min", "h", "d"] | None = None
    ttl: Text = None


class AttributeKey(Struct, omit_defaults=True):
    """What attributes are kept by."""

    name: Name
    description: Text = None
    key: Name | None = None
    external_column: Text = None
    property: Leaf | None = None
    owner: Text = None
    ttl: Text = None
    is_published: bool = False


class Field(Struct, omit_defaults=True):
    """A column of a batch source."""

    name: Name
    type: Type
    description: Text = None


class AttributeGroup(Struct, omit_defaults=True):
    """Attributes of one key."""

    name: Name
    attribute_key: AttributeKey
    version: Positive = 1
    ttl: Text = None
    batch_source: dict[str, Any] | None = None
    online: bool | None = True
    offline: bool | None = None
    description: Text = None
    owner: Text = None
    fields: list[Field] | None = None
    attributes: list[Attribute] | None = None
    is_published: bool = False
    backfill_since_tstamp: Text = None
    refresh_rate: Text = None


class GroupLink(Struct):
    """The version of an attribute group."""

    name: Name
    version: Positive = 1


class KeyLink(Struct):
    """The name of an attribute key."""

    name: Name


class Service(Struct, omit_defaults=True):
    """Attribute groups under one name."""

    name: Name
    attribute_groups: Annotated[list[GroupLink], Meta(min_length=1, max_length=100)]
    description: Text = None
    owner: Text = None
    is_published: bool = False


class InterventionCriteria(Struct, omit_defaults=True):
    """A condition on an attribute, or several under one of `all`, `any` and `none`."""

    all: list[InterventionCriteria] | None = None
    any: list[InterventionCriteria] | None = None
    none: list[InterventionCriteria] | None = None
    attribute: Annotated[str, Meta(pattern="^[A-Za-z0-9_]+:[A-Za-z0-9_]+$")] | None = None
    operator: (
        Literal[
            "=", "!=", "<", ">", "<=", ">=", "like", "not like", "in", "not in", "rlike",
            "not rlike", "is null", "is not null",
        ]
        | None
    ) = None  # fmt: skip
    value: Value = None


class Intervention(Struct, omit_defaults=True):
    """What is sent when attributes meet criteria."""

    name: Name
    criteria: InterventionCriteria
    version: Positive = 1
    description: Text = None
    owner: Text = None
    is_published: bool = False
    target_attribute_keys: list[KeyLink] | None = None
    payload_attribute_groups: list[GroupLink] | None = None


class EventLog(Struct, omit_defaults=True):
    """Latest events of a session; kept in the registry only."""

    name: Name
    attribute_key: KeyLink
    events: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=20)]
    max_events: Annotated[int, Meta(ge=1, le=100)]
    max_age_seconds: Annotated[int, Meta(ge=1, le=3600)]
    version: Positive = 1
    description: Text = None
    owner: Text = None
    prompt: Text = None


class Reference(Struct, omit_defaults=True):
    """One object of the registry."""

    name: Name
    version: Positive | None = None


class PublishRequest(Struct):
    """Objects to publish or to unpublish."""

    attribute_keys: list[Reference] | None = None
    attribute_groups: list[Reference] | None = None
    services: list[Reference] | None = None
    interventions: list[Reference] | None = None
    event_logs: list[Reference] | None = None


class AttributesRequest(Struct):
    """Values of a service, or of attributes of groups."""

    attribute_keys: Annotated[dict[str, list[str]], Meta(min_length=1, max_length=100)]
    service: str | UnsetType = UNSET
    attributes: (
        Annotated[
            list[Annotated[str, Meta(pattern="^[A-Za-z0-9_]+_v[0-9]+:[A-Za-z0-9_]+$")]],
            Meta(min_length=1),
        ]
        | UnsetType
    ) = UNSET
    full_attribute_names: bool = False


class TargetKey(Struct):
    """Whom an intervention is for."""

    id: str
    name: str


class InterventionInstance(Struct, omit_defaults=True):
    """An intervention that is sent."""

    name: str
    version: int
    attributes: dict[str, Any] | None = None
    intervention_id: str | None = None
    target_attribute_key: TargetKey | None = None


class InvalidError(Exception):
    """A request that is refused with 422.

    Parameters
    ----------
    location : tuple
        Where in the request, beginning with "body", "query" or "path".
    message : str
    """

    def __init__(self, location: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.location, self.message = location, message

    def detail(self) -> list[dict[str, Any]]:
        """As FastAPI says it."""
        return [{"loc": list(self.location), "msg": self.message, "type": "value_error"}]


def read(kind: type[T], body: bytes) -> T:
    """Read a request's body.

    Raises
    ------
    InvalidError
        The body is not JSON, or does not fit.

    Examples
    --------
    >>> read(KeyLink, b'{"name": "domain_userid"}').name
    'domain_userid'
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        steps = re.findall(r"\.([A-Za-z_0-9]+)|\[(\d+)\]", path)
        location = ("body", *(int(i) if i else name for name, i in steps))
        raise InvalidError(location, text) from None
    except (msgspec.DecodeError, RecursionError) as error:
        text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidError(("body",), f"This is not JSON: {text}") from None


def check_group(group: AttributeGroup) -> None:
    """Check what the types do not say of an attribute group.

    Raises
    ------
    InvalidError
    """
    names = [a.name for a in group.attributes or []] + [f.name for f in group.fields or []]
    if not names:
        raise InvalidError(("body", "attributes"), "A group has at least one attribute or field.")
    for at, attribute in enumerate(group.attributes or []):
        place = ("body", "attributes", at)
        if names.count(attribute.name) > 1:
            raise InvalidError((*place, "name"), f"{attribute.name} is there twice.")
        _check_attribute(place, attribute)
    check_duration(("body", "ttl"), group.ttl)
    check_duration(("body", "attribute_key", "ttl"), group.attribute_key.ttl)
    check_owner(group.owner)


def timedelta(text: str) -> dt.timedelta:
    """Read an ISO 8601 duration; a year has 365 days, as the SDK writes it.

    Examples
    --------
    >>> timedelta("P1Y35D").days
    400
    """
    found = re.match(r"P(\d+)Y(?:(\d+)D)?", text)
    if found:
        days = int(found[1]) * 365 + int(found[2] or 0)
        text = f"P{days}D{text[found.end() :]}"
    return msgspec.convert(text, dt.timedelta)


def check_duration(place: tuple[str | int, ...], text: str | None) -> None:
    """Check that a text is a positive ISO 8601 duration.

    Raises
    ------
    InvalidError
    """
    try:
        span = None if text is None else timedelta(text)
    except msgspec.ValidationError:
        raise InvalidError(place, "This is no ISO 8601 duration.") from None
    if span is not None and span <= dt.timedelta(0):
        raise InvalidError(place, "This is not longer than nothing.")


def _check_attribute(place: tuple[str | int, ...], attribute: Attribute) -> None:
    kind = attribute.aggregation
    is_age = kind.startswith("time_since")
    if attribute.property is None and not is_age and kind != "counter":
        raise InvalidError((*place, "property"), f"{kind} needs a property.")
    if is_age and attribute.time_unit is None:
        raise InvalidError((*place, "time_unit"), f"{kind} needs one of s, min, h, d.")
    if attribute.time_unit is not None and not is_age:
        raise InvalidError((*place, "time_unit"), f"{kind} has no time unit.")
    if is_age and attribute.type not in ("double", "float"):
        raise InvalidError((*place, "type"), f"{kind} is a double or a float.")
    if attribute.period is not None and attribute.ttl is not None:
        raise InvalidError((*place, "ttl"), "An attribute has a period or a ttl, not both.")
    for name in ("period", "ttl"):
        check_duration((*place, name), getattr(attribute, name))
    for event in attribute.events:
        others = (event.name, event.vendor, event.version)
        if event.event_specification_id and any(others):
            raise InvalidError(
                (*place, "events"), "event_specification_id stands without name, vendor, version."
            )
    _check_criteria(place, attribute.criteria)
    _check_property((*place, "property"), attribute.property)


def _check_criteria(place: tuple[str | int, ...], criteria: Criteria | None) -> None:
    for key in ("all", "any"):
        for at, criterion in enumerate((criteria and getattr(criteria, key)) or []):
            here = (*place, "criteria", key, at)
            _check_property((*here, "property"), criterion.property)
            needs_none = criterion.operator in ("is null", "is not null")
            if criterion.value is None and not needs_none:
                raise InvalidError((*here, "value"), f"{criterion.operator} needs a value.")
            if (criterion.operator == "in") is not isinstance(criterion.value, list):
                raise InvalidError((*here, "value"), "`in` needs a list, and nothing else has one.")


def _check_property(place: tuple[str | int, ...], given: Property | None) -> None:
    if isinstance(given, CalculatedProperty):
        if given.operation != "coalesce" and len(given.properties) < 2:
            raise InvalidError((*place, "properties"), f"{given.operation} needs two properties.")
        if given.separator is not None and given.operation != "concat":
            raise InvalidError((*place, "separator"), "Only concat has a separator.")
    is_time = not isinstance(given, AtomicProperty) or given.name.endswith("_tstamp")
    if isinstance(given, Leaf) and given.date_part and not is_time:
        raise InvalidError((*place, "date_part"), "This property is no time.")


def check_criteria_tree(tree: InterventionCriteria, place: tuple[str | int, ...]) -> None:
    """Check the criteria of an intervention.

    Raises
    ------
    InvalidError
    """
    lists = [name for name in ("all", "any", "none") if getattr(tree, name) is not None]
    if len(lists) + (tree.attribute is not None) != 1:
        raise InvalidError(place, "One of all, any, none, or an attribute with an operator.")
    for name in lists:
        for at, part in enumerate(getattr(tree, name)):
            check_criteria_tree(part, (*place, name, at))
    if tree.attribute is not None and tree.operator is None:
        raise InvalidError((*place, "operator"), "An attribute needs an operator.")


def check_owner(owner: str | None) -> None:
    """Check that an owner is an e-mail address.

    Raises
    ------
    InvalidError
    """
    if owner is None:
        raise InvalidError(("body", "owner"), "An owner is needed.")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", owner) or len(owner) > 255:
        raise InvalidError(("body", "owner"), "An owner is an e-mail address.")
