"""From attributes, as Signals returns them, to the features that a model reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ml.errors import ArtefactError

_MOMENTS: dict[str, Callable[[datetime], int]] = {
    "day_of_week": datetime.isoweekday,
    "hour_of_day": lambda as_of: as_of.hour,
}
_TEXT_TYPES = {"string"}
_WHOLE_TYPES = {"int32", "int64"}


class NonsenseError(ValueError):
    """Signals gave an attribute a value that it cannot have; names the attribute, not the value."""


class FeatureReader:
    """Reads the features of a model.

    Parameters
    ----------
    names
        Features in the model's order.
    definitions
        Feature -> `online_definition`.

    Raises
    ------
    ArtefactError
        A definition is none that this version of the package knows.
    """

    def __init__(self, names: Sequence[str], definitions: Mapping[str, Any]) -> None:
        self.names = list(names)
        self.attributes = [name for name in names if "attribute" in definitions[name]]
        place = {name: at for at, name in enumerate(self.attributes)}
        # Place among the attributes (-1: a moment), type of values that are read as they are, and
        # how others are read.
        self._plan: list[tuple[int, type | None, Callable[[Any], Any]]] = []
        self._empty = []
        for name in names:
            definition = definitions[name]
            moment = _MOMENTS.get(definition.get("moment"))
            if moment is not None:
                self._plan.append((-1, None, moment))
                continue
            attribute, read_as = definition.get("attribute"), definition.get("read_as")
            if attribute is None or read_as not in _READ_AS:
                msg = (
                    f"{name}: its online definition is none that this version of the package "
                    f"reads (read_as: {read_as!r}). Install the version that trained the model."
                )
                raise ArtefactError(msg)
            default = attribute.get("default_value")
            self._empty.append(default)
            kind = str(attribute.get("type"))
            reading = _reading(read_as, default, _check_of(name, kind))
            as_it_is = None
            if read_as in ("value", "empty_text_if_null"):
                as_it_is = str if kind in _TEXT_TYPES else int if kind in _WHOLE_TYPES else None
            self._plan.append((place[name], as_it_is, reading))

    def values(self, returned: Sequence[Any], as_of: datetime) -> list[Any]:
        """Values of the features, in their order.

        Parameters
        ----------
        returned
            Values of `attributes`, in their order.
        as_of
            The moment that they were read at, in UTC.

        Raises
        ------
        NonsenseError
            A value is of another type than its attribute.
        """
        out = []
        for at, as_it_is, read in self._plan:
            value = returned[at] if at >= 0 else as_of
            out.append(value if type(value) is as_it_is else read(value))
        return out

    def is_known(self, returned: Sequence[Any]) -> bool:
        """Whether Signals holds anything of a visitor: a value that is not what all begin with."""
        return any(
            value is not None and value != empty
            for value, empty in zip(returned, self._empty, strict=True)
        )


def _check_of(name: str, type_name: str) -> Callable[[Any], Any]:
    if type_name in _TEXT_TYPES:
        return lambda value: value if type(value) is str else _refuse(name, "a text", value)
    if type_name == "boolean":
        return lambda value: value if type(value) is bool else _refuse(name, "true or false", value)
    if type_name in _WHOLE_TYPES:
        return lambda value: (
            value
            if type(value) is int or (type(value) is float and value.is_integer())
            else _refuse(name, "a whole number", value)
        )
    return lambda value: (
        value
        if type(value) is int or (type(value) is float and math.isfinite(value))
        else _refuse(name, "a number", value)
    )


def _refuse(name: str, wanted: str, value: object) -> Any:  # noqa: ANN401 - never returns
    msg = f"Signals gave {name} a value of type {type(value).__name__}, where it gives {wanted}"
    raise NonsenseError(msg)


def _reading(read_as: str, default: Any, check: Callable[[Any], Any]) -> Callable[[Any], Any]:  # noqa: ANN401
    make = _READ_AS[read_as]

    def read(value: Any) -> Any:  # noqa: ANN401
        return make(default if value is None else check(value), default)

    return read


_READ_AS: dict[str, Callable[[Any, Any], Any]] = {
    "value": lambda value, _: value,
    "is_positive": lambda value, _: value is not None and value > 0,
    "null_if_default": lambda value, default: None if value == default else value,
    "empty_text_if_null": lambda value, _: "" if value is None else value,
}
