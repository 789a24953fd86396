"""Scores and reasons of subjects, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ml.engines.frames import Types, threads_of
from ml.model import artefact
from ml.model.trained import PropensityModel
from ml.registry.specs import CHURN, CONVERSION, MOMENT, SUBJECT, base_of
from ml.scoring.reasons import read_words, top_reasons
from ml.scoring.words import N_REASONS

SCORES: Types = {
    "model_name": "text",
    "version": "text",
    "subject_id": "text",
    "as_of_tstamp": "timestamp",
    "score": "double",
    "base_rate": "double",
    **{f"reason_{n}": "text" for n in range(1, N_REASONS + 1)},
    **{f"reason_{n}_feature": "text" for n in range(1, N_REASONS + 1)},
    "kind": "text",
    "role": "text",
    "is_open": "boolean",
}
# Prefix of the subjects' columns that say whether a model's outcome can still happen.
IS_OPEN = "is_open__"
CHAMPION, CHALLENGER = "champion", "challenger"


def roles(
    champions: pd.DataFrame, challengers: pd.DataFrame, *, challenger_share: float
) -> pd.DataFrame:
    """List the versions that score, with the `role` of each.

    Parameters
    ----------
    champions, challengers
        `propensity_champions` and `propensity_challengers`.
    challenger_share
        Share of people that goes by the challengers' scores; at 0 they do not score.
    """
    scorers = champions.assign(role=CHAMPION)
    if challenger_share <= 0 or challengers.empty:
        return scorers
    return pd.concat([scorers, challengers.assign(role=CHALLENGER)], ignore_index=True)


def jobs(
    scorers: pd.DataFrame,
    subjects: Mapping[str, Any],
    *,
    catalogue: pd.DataFrame,
    fetch: Callable[[str, str], Mapping[str, Any]],
) -> list[tuple[Any, Callable[[pd.DataFrame], pd.DataFrame]]]:
    """Pair the subjects of each base with the function that scores them, for `frames.map_many`.

    Parameters
    ----------
    scorers
        From `roles`: `model_name`, `version`, `kind`, `subject_column`, `role`.
    subjects
        Base -> relation of the subjects that its models score.
    catalogue
        `feature_catalogue`, for the words of reasons.
    fetch
        (model name, version) -> `artefact` and `artefact_sha256`.

    Returns
    -------
    list of pairs
        A relation, and a function of its batches that scores each row with every version
        of the base. Bases without a version are absent.
    """
    out = []
    for base, relation in subjects.items():
        versions = []
        for row in scorers.sort_values(["model_name", "role"]).to_dict("records"):
            name, version = str(row["model_name"]), str(row["version"])
            if base_of(name) != base:
                continue
            found = fetch(name, version)
            model = artefact.read_registered(
                found["artefact"], str(found["artefact_sha256"]), name, version
            )
            versions.append(
                scorer(
                    model,
                    catalogue,
                    model_name=name,
                    version=version,
                    kind=str(row["kind"]),
                    subject=str(row["subject_column"]),
                    role=str(row["role"]),
                    n_threads=threads_of(relation),
                )
            )
        if versions:
            out.append((relation, _all_of(versions)))
    return out


def _all_of(
    scorers: list[Callable[[pd.DataFrame], pd.DataFrame]],
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: pd.concat([score(frame) for score in scorers], ignore_index=True)


def scorer(
    model: PropensityModel,
    catalogue: pd.DataFrame,
    *,
    model_name: str,
    version: str,
    kind: str = CONVERSION,
    subject: str = SUBJECT,
    role: str = CHAMPION,
    n_threads: int | None = None,
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function that scores a frame of subjects.

    Parameters
    ----------
    model
        A version that scores.
    catalogue
        `feature_catalogue`, for the words of reasons.
    model_name, version, kind, role
        What the scores are filed under.
    subject
        Column of the subjects' identifier.
    n_threads
        How many the reasons take; by default as many as there are cores.

    Returns
    -------
    callable
        Frame with the subject column, `as_of_tstamp` and the model's columns -> frame with the
        columns of SCORES, in the same order. If the frame has `is_open__<model_name>`, it becomes
        `is_open`, and churn only scores the rows for which it is true, because visitors who have
        gone already cannot go.
    """
    # The function goes to each of Spark's tasks.
    model = model.for_scoring(n_threads)
    names = model.schema.names
    words = read_words(catalogue, names)

    def score(frame: pd.DataFrame) -> pd.DataFrame:
        is_open = _is_open(frame, model_name)
        if kind == CHURN and not is_open.all():
            frame, is_open = frame[is_open], is_open[is_open]
        x = model.schema.encode(frame, part=True)
        contributions, _ = model.contributions_of(x)
        out = top_reasons(contributions, frame, names, words)
        out["model_name"] = model_name
        out["version"] = version
        out["subject_id"] = frame[subject]
        out["as_of_tstamp"] = frame[MOMENT]
        out["score"] = model.calibration.apply(model.log_odds(x))
        out["base_rate"] = model.base_rate
        out["kind"] = kind
        out["role"] = role
        out["is_open"] = is_open
        return out[list(SCORES)]

    return score


def _is_open(frame: pd.DataFrame, model_name: str) -> np.ndarray:
    name = f"{IS_OPEN}{model_name}"
    if name not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame[name].to_numpy(dtype=bool)
