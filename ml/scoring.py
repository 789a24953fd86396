"""Scores and reasons of subjects, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ml.model import PropensityModel
from ml.reasons import N_REASONS, read_words, top_reasons
from ml.registry import MOMENT, SUBJECT
from ml.warehouse import Types

SCORES: Types = {
    "model_name": "text",
    "version": "text",
    "subject_id": "text",
    "as_of_tstamp": "timestamp",
    "score": "double",
    "base_rate": "double",
    **{f"reason_{n}": "text" for n in range(1, N_REASONS + 1)},
    **{f"reason_{n}_feature": "text" for n in range(1, N_REASONS + 1)},
}


def scorer(
    model: PropensityModel, catalogue: pd.DataFrame, *, model_name: str, version: str
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function that scores a frame of subjects.

    Parameters
    ----------
    model
        The champion.
    catalogue
        `feature_catalogue`, for the words of reasons.
    model_name, version
        What the scores are filed under.

    Returns
    -------
    callable
        Frame with `domain_userid`, `as_of_tstamp` and the model's columns -> frame with the
        columns of SCORES, in the same order.
    """
    names = model.schema.names
    words = read_words(catalogue, names)

    def score(frame: pd.DataFrame) -> pd.DataFrame:
        contributions, _ = model.contributions(frame)
        out = top_reasons(contributions, frame, names, words)
        out["model_name"] = model_name
        out["version"] = version
        out["subject_id"] = frame[SUBJECT]
        out["as_of_tstamp"] = frame[MOMENT]
        out["score"] = model.predict_proba(frame)
        out["base_rate"] = model.base_rate
        return out[list(SCORES)]

    return score
