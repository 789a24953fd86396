from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.scoring.reasons import read_words, top_reasons
from ml.scoring.words import Words

CATALOGUE = pd.DataFrame(
    {
        "feature_name": ["visits", "visits_l30d", "device", "day_of_week"],
        "label": ["page views", "page views", "device", "day of the week"],
        "behaviour": ["views", "views", "device", "day"],
        "period_label": ["in the last 7 days", "in the last 30 days", None, None],
        "unit": ["events", "events", "", ""],
        "definition": ["{}", "{}", "{}", '{"moment": "day_of_week"}'],
    }
)


NAMES = CATALOGUE["feature_name"].tolist()


def told(contributions: list[list[float]]) -> pd.DataFrame:
    n = len(contributions)
    frame = pd.DataFrame(
        {"visits": [4] * n, "visits_l30d": [9] * n, "device": ["Phone"] * n, "day_of_week": [3] * n}
    )
    return top_reasons(np.array(contributions), frame, NAMES, read_words(CATALOGUE, NAMES))


def test_windows_of_one_behaviour_are_one_reason_told_by_the_strongest() -> None:
    out = told([[0.2, 0.3, 0.4, 0.02]]).iloc[0]
    assert out.to_dict() == {
        "reason_1": "Associated with 9 page views in the last 30 days",
        "reason_1_feature": "visits_l30d",
        "reason_2": "Associated with device: Phone",
        "reason_2_feature": "device",
        "reason_3": "Associated with day of the week: Wednesday",
        "reason_3_feature": "day_of_week",
    }


def test_what_lowers_a_score_is_no_reason() -> None:
    out = told([[0.5, -0.6, 0.3, -0.1], [-1, -1, -1, -1]])
    assert out["reason_1"].dropna().to_dict() == {0: "Associated with device: Phone"}
    assert out[["reason_2", "reason_3_feature"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("words", "value", "text"),
    [
        (Words("views of pricing pages", "b", "in the last 7 days", "events"), 1,
         "1 view of pricing pages in the last 7 days"),
        (Words("time spent reading", "b", "in the last 7 days", "events"), 45.0,
         "time spent reading: 45 events in the last 7 days"),
        (Words("form engagement", "b", "in the last 7 days"), True,
         "form engagement in the last 7 days"),
        (Words("form engagement", "b"), np.False_, "no form engagement"),
        (Words("sessions", "b", "", "sessions"), 0, "no sessions"),
        (Words("revenue", "b"), 12.34, "revenue: 12.3"),
        (Words("device", "b"), None, "device: unknown"),
        (Words("visits", "b"), np.nan, "visits: unknown"),
    ],
)  # fmt: skip
def test_values_in_words(words: Words, value: object, text: str) -> None:
    assert words.say(value) == text


def test_a_feature_without_words_goes_by_its_name() -> None:
    assert read_words(CATALOGUE, ["other"]) == [Words("other", "other")]
