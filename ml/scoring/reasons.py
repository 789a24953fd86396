"""Why a score is high, in words for people who have never seen a feature name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from ml.scoring.words import MIN_CONTRIBUTION, N_REASONS, PREFIX, Words


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
