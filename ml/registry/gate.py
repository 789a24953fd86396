"""Whether a new version may replace what scores now: decided on rows neither has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ml.data.splits import PEOPLE
from ml.evaluation.metrics import log_loss_rows, paired_gain

# champion: scores from now on. challenger: stands alone and may score a share of people,
# but has not shown that it is better. rejected: never scores.
Verdict = Literal["champion", "challenger", "rejected"]


@dataclass(frozen=True)
class GateRules:
    """What the gate asks for.

    Parameters
    ----------
    min_converting_subjects
        Converting subjects among the rows that judge.
    max_champion_age_days
        A champion older than this gives way to a version that is not worse.
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


@dataclass(frozen=True)
class Decision:
    """The verdict.

    Parameters
    ----------
    verdict, reason
        And, in one sentence, why.
    damaged
        Whether the champion cannot be read, so that nothing was compared with it.
    """

    verdict: Verdict
    reason: str
    damaged: bool = False


def judge_alone(judged: Judged, base_rate: float, leaks: pd.DataFrame, rules: GateRules) -> str:
    """Say what keeps a version from scoring at all; empty when nothing does.

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
        more = f" (and {len(leaks) - 1} more)" if len(leaks) > 1 else ""
        return (
            f"suspected leak in {first['feature']}{more}: {first['evidence']}. Repair the "
            "feature, or set config: meta: leak_reviewed: true on its column."
        )
    if judged.n_converting < rules.min_converting_subjects:
        return (
            f"{judged.n_converting} converting subjects judge it, "
            f"{rules.min_converting_subjects} are asked for; bring more history."
        )
    constant = judged.loss(judged.y, np.full(len(judged.y), base_rate))
    gain = constant - judged.loss(judged.y, judged.challenger)
    value, low, high = paired_gain(gain, judged.w, judged.subjects)
    if low <= 0:
        return (
            f"no better than the base rate {base_rate:.4f} by more than noise: "
            f"{judged.loss_name} {value:+.5f} better [{low:+.5f}, {high:+.5f}]."
        )
    return ""


def hold_back(split: str, champion_split: str) -> str:
    """Say why a version may not replace the champion, however they compare; empty if it may.

    Parameters
    ----------
    split, champion_split
        How the new version and the champion were judged: keys of `ml.data.splits.JUDGED`.
    """
    if split != PEOPLE or champion_split == PEOPLE:
        return ""
    return (
        "the champion was judged on later time and stays: what was judged on other people of the "
        "same time only cannot show that it is better. Bring more history, or put this version "
        "in its place (dbt run-operation rollback_model)."
    )


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
        `champion` when the new version is better by more than noise, or not worse while
        the champion is older than allowed; `rejected` when it is worse; else `challenger`.
    """
    if judged.n_converting < rules.min_converting_subjects:
        return Decision(
            "challenger",
            f"{judged.n_converting} converting subjects are newer than both versions saw, "
            f"{rules.min_converting_subjects} are asked for; the champion stays.",
        )
    loss = judged.loss(judged.y, champion)
    gain = loss - judged.loss(judged.y, judged.challenger)
    value, low, high = paired_gain(gain, judged.w, judged.subjects)
    figures = (
        f"{judged.loss_name} {value:+.5f} better than the champion's [{low:+.5f}, {high:+.5f}] on "
        f"{len(judged.y)} rows, {judged.n_converting} converting subjects newer than both saw"
    )
    if low > 0:
        return Decision("champion", f"better by more than noise: {figures}.")
    worst = -rules.tolerance * float(np.average(loss, weights=judged.w))
    if high < 0 or value < worst:
        return Decision("rejected", f"worse: {figures}.")
    age = f"the champion is {champion_age_days:.0f} days old"
    if champion_age_days > rules.max_champion_age_days:
        return Decision("champion", f"not worse, and {age}: {figures}.")
    return Decision(
        "challenger",
        f"not better by more than noise, and {age} "
        f"({rules.max_champion_age_days:.0f} allowed): {figures}.",
    )
