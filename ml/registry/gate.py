"""Decides whether a new version may replace the one that scores now, on rows neither has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.data.splits import PEOPLE
from ml.evaluation.metrics import log_loss_rows, paired_gain
from ml.registry.decision import Decision


@dataclass(frozen=True)
class GateRules:
    """What the gate asks for.

    Parameters
    ----------
    min_converting_subjects
        Converting subjects that the rows that judge must have at least.
    max_champion_age_days
        A champion older than this is replaced by a version that is not worse.
    tolerance
        "Not worse": loses at most this share of the champion's log loss.
    """

    min_converting_subjects: int = 5
    max_champion_age_days: float = 30.0
    tolerance: float = 0.01


@dataclass(frozen=True)
class Judged:
    """Rows that judge, newer than what any version compared has learnt from.

    Parameters
    ----------
    y, w, subjects
        Targets (1.0 / 0.0, or amounts), weights and subject hashes, shape (n,).
    challenger
        Probabilities (of a value model: amounts) of the new version, shape (n,).
    loss, loss_name
        (targets, predictions) -> loss of each row, and what it is called.
    """

    y: np.ndarray
    w: np.ndarray
    subjects: np.ndarray
    challenger: np.ndarray
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray] = log_loss_rows
    loss_name: str = "log loss"

    @property
    def n_converting(self) -> int:
        """Subjects with a positive row."""
        return len(np.unique(self.subjects[self.y > 0]))


def judge_alone(
    judged: Judged, base_rate: float, leaks: pd.DataFrame, rules: GateRules
) -> Decision | None:
    """Say what keeps a version from scoring at all; None if nothing does.

    Parameters
    ----------
    judged
        Rows of its test fold.
    base_rate
        The constant it must beat: the base rate it was trained on.
    leaks
        Suspicions that nobody has cleared.
    rules
        What the gate asks for.
    """
    if len(leaks):
        first = leaks.iloc[0]
        found = {"feature": first["feature"], "evidence": first["evidence"], "n_leaks": len(leaks)}
        return Decision("suspected_leak", found)
    if judged.n_converting < rules.min_converting_subjects:
        return Decision("few_subjects", _few(judged, rules))
    constant = judged.loss(judged.y, np.full(len(judged.y), base_rate))
    gain = _gain(judged, constant)
    if gain["gain_low"] <= 0:
        return Decision("not_above_base_rate", {"base_rate": base_rate, **gain})
    return None


def hold_back(split: str, champion_split: str) -> Decision | None:
    """Say why a version may not replace the champion, however they compare; None if it may.

    Parameters
    ----------
    split, champion_split
        How the new version and the champion were judged: keys of `ml.data.splits.JUDGED`.
    """
    if split != PEOPLE or champion_split == PEOPLE:
        return None
    return Decision("judged_less_strictly")


def judge_against(
    judged: Judged, champion: np.ndarray, champion_age_days: float, rules: GateRules
) -> Decision:
    """Compare with the present champion by a paired bootstrap over subjects.

    Parameters
    ----------
    judged
        Rows newer than both versions have seen.
    champion
        The champion's probabilities on them, shape (n,).
    champion_age_days
        Days from its `as_of` to this one.
    rules
        What the gate asks for.

    Returns
    -------
    Decision
        `champion` if the new version is better by more than noise, or not worse while
        the champion is older than allowed; `rejected` if it is worse; else `challenger`.
    """
    if judged.n_converting < rules.min_converting_subjects:
        return Decision("few_newer_subjects", _few(judged, rules))
    loss = judged.loss(judged.y, champion)
    figures = {
        **_gain(judged, loss),
        "n_rows": len(judged.y),
        "n_converting_subjects": judged.n_converting,
        "champion_age_days": champion_age_days,
        "max_champion_age_days": rules.max_champion_age_days,
    }
    if figures["gain_low"] > 0:
        return Decision("better", figures)
    worst = -rules.tolerance * float(np.average(loss, weights=judged.w))
    if figures["gain_high"] < 0 or figures["gain"] < worst:
        return Decision("worse", figures)
    is_old = champion_age_days > rules.max_champion_age_days
    return Decision("champion_old" if is_old else "not_better", figures)


def _few(judged: Judged, rules: GateRules) -> dict[str, Any]:
    return {
        "n_converting_subjects": judged.n_converting,
        "n_asked": rules.min_converting_subjects,
    }


def _gain(judged: Judged, loss: np.ndarray) -> dict[str, Any]:
    """By how much the new version's loss is lower than another loss of the same rows."""
    gain = loss - judged.loss(judged.y, judged.challenger)
    value, low, high = paired_gain(gain, judged.w, judged.subjects)
    return {"loss_name": judged.loss_name, "gain": value, "gain_low": low, "gain_high": high}
