"""Decides whether a new version may replace the one that scores now, on rows neither has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.data import folds
from ml.data.kinds import days_between
from ml.data.splits import PEOPLE, PEOPLE_AND_TIME
from ml.errors import ArtefactError
from ml.evaluation.metrics import log_loss_rows, paired_gain
from ml.model import artefact
from ml.model.trained import PropensityModel
from ml.registry import definitions
from ml.registry.decision import Decision
from ml.registry.model_kinds import kind_of
from ml.registry.specs import FOLD, MOMENT, Spec


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


def decide(
    model: PropensityModel,
    frame: pd.DataFrame,
    mine: pd.DataFrame,
    spec: Spec,
    fetch_artefact: Callable[[str, str], bytes] | None,
    as_of: pd.Timestamp,
    rules: GateRules,
) -> Decision:
    """Put a new version through the gate.

    Parameters
    ----------
    model
        The new version.
    frame
        The rows it was made from, with their folds.
    mine
        The model's versions so far.
    spec
        What it is.
    fetch_artefact
        Reads a registered artefact.
    as_of
        The moment of this run.
    rules
        What the gate asks for.

    Returns
    -------
    Decision
        Champion, challenger or rejected, and why. A champion whose artefact is absent or
        unsound gives way to what stands alone.
    """
    test = frame[(frame[FOLD] == "test") & frame[spec.target].notna()]
    judged = _judged(model, test, spec)
    rejected = judge_alone(judged, model.base_rate, model.leaks, rules)
    if rejected:
        return rejected
    # With one of another definition there is nothing to compare.
    champions = definitions.current(mine[mine["decision"] == "champion"], spec)
    champions = champions.sort_values(["trained_at", "version"])
    if champions.empty or fetch_artefact is None:
        kind = kind_of(spec.kind)
        figures = {
            "loss_name": kind.loss_name,
            "gain": model.metric(kind.gain),
            "gain_low": model.metric_low(kind.gain),
        }
        return Decision("first_version" if mine.empty else "first_of_definition", figures)
    champion = champions.iloc[-1]
    name, version = spec.model_name, str(champion["version"])
    try:
        data = fetch_artefact(name, version)
        old = artefact.read_registered(data, str(champion["artefact_sha256"]), name, version)
    except ArtefactError as error:
        # What the reader of artefacts advises on is not needed: this version takes the place.
        why = str(error).partition(" Put a version back")[0]
        return Decision("champion_damaged", {"champion": version, "error": why})
    held_back = hold_back(spec.split, str(old.params.get("split", PEOPLE_AND_TIME)))
    if held_back:
        return held_back
    # Like is compared with like: both as made from their train folds, before any refit.
    seen_until = old.gated.seen_until if old.gated else champion["seen_until_tstamp"]
    newer = test[pd.to_datetime(test[MOMENT]) > pd.Timestamp(seen_until)]
    if newer.empty:
        return Decision("no_newer_rows")
    try:
        gated = old.as_gated()
        x = gated.schema.encode(newer, part=True)
        of_champion = gated.calibration.apply(gated.log_odds(x))
    except ValueError as error:  # a column has changed its type under its name
        return Decision("champion_reads_other_columns", {"error": str(error)})
    return judge_against(
        _judged(model, newer, spec),
        of_champion,
        days_between(as_of, champion["as_of_tstamp"]),
        rules,
    )


def _judged(model: PropensityModel, rows: pd.DataFrame, spec: Spec) -> Judged:
    subjects = folds.hash_groups(rows[spec.subject])
    kind = kind_of(spec.kind)
    return Judged(
        y=kind.read(rows[spec.target]),
        w=folds.group_weights(subjects),
        subjects=subjects,
        challenger=model.score(rows),
        loss=kind.objective.loss,
        loss_name=kind.loss_name,
    )


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
