"""Why a score is high, in words for people who have never seen a feature name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

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
        >>> Words("order total", "orders").say(float("inf"))
        'order total: unknown'
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


def read_words(catalogue: pd.DataFrame, names: Sequence[str]) -> list[Words]:
    """Words of each named feature from `feature_catalogue`; its own name if it has none."""
    rows = {
        str(r["feature_name"]): {str(k): v for k, v in r.items()}
        for r in catalogue.to_dict("records")
    }
    return [_words(name, rows.get(name, {})) for name in names]


def top_reasons(
    contributions: np.ndarray, frame: pd.DataFrame, names: Sequence[str], words: Sequence[Words]
) -> pd.DataFrame:
    """Find the strongest score-raising behaviours of each row.

    Parameters
    ----------
    contributions
        To the log-odds, shape (n, n_features).
    frame
        The values, n rows.
    names
        Columns of `frame`, in the order of `contributions`.
    words
        Of each, in the same order.

    Returns
    -------
    DataFrame
        `reason_1` to `reason_3` and `reason_1_feature` to `reason_3_feature`, n rows; null if
        fewer behaviours raise the score. Windows of one behaviour are added up, and the window
        that contributes most is named.
    """
    behaviours = list(dict.fromkeys(word.behaviour for word in words))
    member = np.array([[w.behaviour == b for b in behaviours] for w in words], dtype=float)
    total = contributions @ member
    order = np.argsort(-total, axis=1, kind="stable")[:, :N_REASONS]
    out: dict[str, np.ndarray] = {}
    for place in range(N_REASONS):
        text = np.full(len(contributions), None, dtype=object)
        feature = np.full(len(contributions), None, dtype=object)
        if place < order.shape[1]:
            chosen = order[:, place]
            raising = total[np.arange(len(chosen)), chosen] >= MIN_CONTRIBUTION
            within = np.where(member[:, chosen].T > 0, contributions, -np.inf)
            strongest = np.argmax(within, axis=1)
            for at in np.unique(strongest[raising]):
                rows = np.flatnonzero(raising & (strongest == at))
                column = cast(pd.Series, frame[names[at]])
                codes, values = column.iloc[rows].factorize(use_na_sentinel=False)
                told = np.array([PREFIX + words[at].say(_cell(v)) for v in values], dtype=object)
                text[rows] = told[codes]
                feature[rows] = names[at]
        out[f"reason_{place + 1}"] = text
        out[f"reason_{place + 1}_feature"] = feature
    return pd.DataFrame(out, index=frame.index)


def _words(name: str, row: dict[str, Any]) -> Words:
    def text(key: str) -> str:
        value = row.get(key)
        return "" if value is None or value != value else str(value)

    definition = text("definition")
    known = json.loads(definition) if definition else {}
    moment = known.get("moment") or known.get("first_visit")
    return Words(
        label=text("label") or name,
        behaviour=text("behaviour") or name,
        period_label=text("period_label"),
        unit=text("unit"),
        is_weekday=moment == "day_of_week",
    )


def _cell(value: Any) -> Any:  # noqa: ANN401
    return None if value is None or value is pd.NA or value is pd.NaT else value


def _number(value: Any) -> float | None:  # noqa: ANN401
    if isinstance(value, str):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _plain(number: float) -> str:
    return f"{int(number)}" if number == int(number) else f"{number:.1f}"
