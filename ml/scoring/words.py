"""How a feature and its value are put in words; needs no pandas, so that the API starts fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

N_REASONS = 3
# Contributions to the log-odds below this are not worth a sentence.
MIN_CONTRIBUTION = 0.01
PREFIX = "Associated with "

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Words:
    """How a feature is spoken of.

    Parameters
    ----------
    label
        What it measures: "page views".
    behaviour
        Features of one behaviour over different periods share it; they make one reason.
    period_label
        "in the last 7 days"; empty for none.
    unit
        What is counted; empty for no count.
    is_weekday
        Whether the value is an ISO weekday.
    """

    label: str
    behaviour: str
    period_label: str = ""
    unit: str = ""
    is_weekday: bool = False

    def say(self, value: Any) -> str:  # noqa: ANN401 - a cell of any kind
        """Put a value in words.

        Examples
        --------
        >>> words = Words("page views", "page views", "in the last 7 days", "events")
        >>> words.say(4), words.say(1), words.say(0)
        ('4 page views in the last 7 days', '1 page view in the last 7 days', 'no page views in the last 7 days')
        >>> Words("device", "device").say("Phone"), Words("device", "device").say("")
        ('device: Phone', 'device: unknown')
        >>> Words("order total", "orders").say(float("inf")), Words("orders", "orders").say(10**400)
        ('order total: unknown', 'orders: unknown')
        """  # noqa: E501 - a doctest's output is one line
        return " ".join(part for part in (self._what(value), self.period_label) if part)

    def _what(self, value: Any) -> str:  # noqa: ANN401
        if value is None or value != value or value == "":
            return f"{self.label}: unknown"
        if isinstance(value, bool | np.bool_):
            return self.label if value else f"no {self.label}"
        number = _number(value)
        if number is None:
            return f"{self.label}: {value}"
        if not np.isfinite(number):
            return f"{self.label}: unknown"
        if self.is_weekday and number in range(1, 8):
            return f"{self.label}: {_WEEKDAYS[int(number) - 1]}"
        if not self.unit:
            return f"{self.label}: {_plain(number)}"
        if number == 0:
            return f"no {self.label}"
        words = self.label.split(" ")
        plural = [at for at, word in enumerate(words) if word.endswith("s")]
        if not plural:
            return f"{self.label}: {_plain(number)} {self.unit}"
        if number == 1:
            words[plural[0]] = words[plural[0]].removesuffix("s")
        return f"{_plain(number)} {' '.join(words)}"


def _number(value: Any) -> float | None:  # noqa: ANN401
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf")
    except (TypeError, ValueError):
        return None


def _plain(number: float) -> str:
    return f"{int(number)}" if number == int(number) else f"{number:.1f}"
