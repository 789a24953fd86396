"""Models of uplift: who converts because of the treatment, learnt from a randomised experiment.

A DR-learner (Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects",
Electronic Journal of Statistics 17 (2023)) on the boosters of every other model. Chances to convert
with and without treatment are learnt from each arm. With them and the known share of treated people
every person gets a score of their own effect: noisy, but right on average, even if the chances are
wrong. A third model learns the scores from the features.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ml.data import folds
from ml.data.arguments import check_training, refuse
from ml.data.kinds import NUMBERS, held, to_numbers
from ml.data.schema import learn_schema
from ml.data.splits import N_CROSS, check_classes
from ml.data.targets import to_target
from ml.errors import NotTrainableError
from ml.evaluation.uplift_metrics import evaluate_uplift
from ml.experiments import imbalance
from ml.model import booster
from ml.model.calibration import Calibration
from ml.model.trained import UpliftModel
from ml.training.leaks import find_leaks, find_rates
from ml.training.rows import MAX_CROSS_ROWS, TrainingRows, explain_columns, stable_order
from ml.training.train import package_versions

# People who converted, and who did not, that each arm needs. With fewer, no difference between
# people could be told from noise.
MIN_OF_EACH = 50


def _squared_error(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return (y - predicted) ** 2


SQUARED = booster.Objective(
    {"objective": "reg:squarederror", "eval_metric": "rmse"}, _squared_error
)
# Effects are faint: far more people per leaf, and shallower trees, than for a chance to convert.
SETTINGS: dict[str, Any] = {
    **booster.STRONG_PARAMS,
    "max_depth": 2,
    "min_child_weight": 200.0,
    "reg_lambda": 200.0,
}
# Larger steps and fewer folds than for a model of its own: 54 fits instead of 90.
RATE, N_INNER = 0.1, 3


def train_uplift(
    frame: pd.DataFrame,
    *,
    target: str,
    treatment: str,
    features: list[str] | None = None,
    group: str | None = None,
    random_state: int = 0,
    treated_share: float | str | None = None,
    propensity: str | None = None,
    leak_reviewed: Collection[str] = (),
) -> UpliftModel:
    """Train a model of what a treatment adds to each person's chance to convert, and judge it.

    Parameters
    ----------
    frame
        One row per person of a randomised experiment, with what was known before assignment.
        Columns are read as in `ml.train_propensity`. The order of rows does not matter.
    target
        Column of booleans, 0 / 1, or yes / no: whether the person converted afterwards. Rows where
        it is null are left out.
    treatment
        Column of the same kinds of values: whether the person was assigned to the treatment,
        whatever reached them. Never null.
    features
        Columns to learn from; by default all columns without another role.
    group
        Column that says whose row it is. Rows of one group are judged together by models that saw
        none of them.
    random_state
        Seed of splits and sampling.
    treated_share
        Share of people that assignment treats, as a number, or as a column if it differs between
        people. By default the share found, which is right if everybody had the same.
    propensity
        Column with the chance to convert that `beats_propensity` compares with, such as the score
        at assignment. By default the chance that is learnt here from both arms together.
    leak_reviewed
        Columns that a person has reviewed: they are not suspected to be leaks.

    Returns
    -------
    UpliftModel
        `evaluation` has `qini`, `qini_of_propensity`, `qini_gain`, `uplift_of_all`, `uplift_at_10`,
        `uplift_at_20` and `uplift_at_30` with 95 % intervals, see `ml.evaluation.uplift_metrics`:
        all in conversions per person, and of people whom the models that judge them did not see.

    Raises
    ------
    ml.errors.NotTrainableError
        An arm has too few people who converted, or who did not, or no feature varies.
    ValueError
        A column or an argument is absent or cannot be read; the message names it.

    Notes
    -----
    People are split into five folds. Each fold is judged by models that learnt from the others
    (beyond 100,000 rows only one fold is judged). The model returned learnt from all. Its `notes`
    say if the arms differ more than chance allows: then assignment was not random, or a feature was
    measured after it, and nothing here can be believed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"visits": rng.poisson(3, 2_000), "treated": rng.random(2_000) < 0.5})
    >>> chance = 0.1 + 0.1 * frame["treated"] * (frame["visits"] > 3)
    >>> frame["bought"] = rng.random(2_000) < chance
    >>> model = train_uplift(frame, target="bought", treatment="treated")
    >>> model.predict_uplift(frame).shape
    (2000,)
    """
    share_column = treated_share if isinstance(treated_share, str) else None
    check_training(
        frame, target=target, features=features, time=None, group=group, fold=None,
        random_state=random_state, n_trials=1, leak_reviewed=leak_reviewed,
        treatment=_named(treatment), treated_share=share_column,
    )  # fmt: skip
    if propensity is not None and (
        not isinstance(propensity, str) or propensity not in frame.columns or propensity == target
    ):
        refuse("propensity", propensity, "a column of the frame other than target, or None")
    people = _read(
        frame, target, treatment, features, group, random_state, treated_share, propensity
    )
    rows = people.rows
    by = folds.cross_folds(rows.groups, people.y, N_CROSS, random_state + 1)
    judged = [by == fold for fold in range(N_CROSS if len(by) <= MAX_CROSS_ROWS else 1)]
    effect, uplift, chance = np.full((3, len(by)), np.nan)
    for unseen in judged:
        learnt = _learn(people, ~unseen, random_state)
        effect[unseen], uplift[unseen], chance[unseen] = learnt.judge(people, unseen)
    known = np.isfinite(uplift)
    order = chance if people.propensity is None else people.propensity
    evaluation, curves = evaluate_uplift(
        effect[known],
        uplift[known],
        order[known],
        w=rows.data.w[known],
        groups=rows.groups[known],
        seed=random_state,
    )
    counts = {
        "n_rows": known.sum(),
        "n_subjects": len(np.unique(rows.groups[known])),
        "n_treated": people.treated[known].sum(),
        "n_converting_subjects": len(np.unique(rows.groups[known & (people.y > 0)])),
    }
    counted = pd.DataFrame({"metric": list(counts), "value": [float(n) for n in counts.values()]})
    evaluation = pd.concat([evaluation, counted], ignore_index=True)
    evaluation.insert(0, "dataset", "test")
    final = _learn(people, np.ones(len(by), dtype=bool), random_state)
    ranked, effects = explain_columns(rows, final.effect, random_state)
    leaks = find_leaks(
        replace(rows.data, y=people.y),
        rows.schema,
        fold=None,
        groups=rows.groups,
        strongest=ranked["feature"].tolist(),
        reviewed=leak_reviewed,
        rates=find_rates(frame, to_target(frame[target]), rows.schema.names),
        seed=random_state,
    )
    return UpliftModel(
        schema=rows.schema,
        boosters=final.effect.boosters,
        calibration=Calibration("uplift", intercept=final.mean),
        base_rate=final.mean,
        evaluation=evaluation,
        curves=curves,
        importance=ranked,
        leaks=leaks,
        params={**final.effect.params, "objective": "uplift", "random_state": random_state},
        notes=[*rows.notes, *_alarms(people, chance)],
        versions=package_versions(),
        effects=effects,
    )


@dataclass(frozen=True)
class _People:
    """The rows of an experiment in their fixed order.

    Parameters
    ----------
    rows
        Encoded; targets are set by `_learn`.
    y, treated
        Whether they converted (1.0 / 0.0); whether they were assigned to the treatment.
    share
        Probability of the latter.
    propensity
        Chance to convert to compare with, if given.
    """

    rows: TrainingRows
    y: np.ndarray
    treated: np.ndarray
    share: np.ndarray
    propensity: np.ndarray | None


@dataclass(frozen=True)
class _Learnt:
    """Chances by arm (treated first), effects, and their mean, which the boosters leave out."""

    chances: tuple[booster.Fitted, booster.Fitted]
    effect: booster.Fitted
    mean: float

    def judge(self, people: _People, at: np.ndarray) -> np.ndarray:
        """Score of the effect, predicted uplift, and chance to convert, shape (3, n of at)."""
        data = people.rows.data.take(at)

        def margin(fitted: booster.Fitted) -> np.ndarray:
            return booster.predict_margin(fitted.boosters, data.x, data.feature_types)

        with_it, without = (expit(margin(fitted)) for fitted in self.chances)
        share = people.share[at]
        effect = _effect(people.y[at], people.treated[at], share, with_it, without)
        chance = share * with_it + (1 - share) * without
        return np.vstack([effect, self.mean + margin(self.effect), chance])


def _effect(
    y: np.ndarray, treated: np.ndarray, share: np.ndarray, with_it: np.ndarray, without: np.ndarray
) -> np.ndarray:
    """Doubly robust score of each person's effect, also called augmented inverse probability."""
    rest = np.where(treated, (y - with_it) / share, -(y - without) / (1 - share))
    return with_it - without + rest


def _learn(people: _People, at: np.ndarray, seed: int) -> _Learnt:
    """Learn from some rows: chances on other folds of them than the effects are made for."""
    data, y, treated = people.rows.data.take(at), people.y[at], people.treated[at]
    groups, share = people.rows.groups[at], people.share[at]
    cv = folds.cross_folds(groups, y, N_INNER, seed)
    chances, predicted = [], []
    for arm in (treated, ~treated):
        of_arm = replace(data, y=y).take(arm)
        fitted = booster.fit(of_arm, cv[arm], n_trials=1, seed=seed, progress=False, rate=RATE)
        margin = np.empty(len(y))
        for fold, one in enumerate(fitted.boosters):
            held_out = cv == fold
            margin[held_out] = booster.predict_margin([one], data.x[held_out], data.feature_types)
        chances.append(fitted)
        predicted.append(expit(margin))
    effect = _effect(y, treated, share, *predicted)
    mean = float(np.average(effect, weights=data.w))
    fitted = booster.fit(
        replace(data, y=effect - mean),
        cv,
        n_trials=1,
        seed=seed,
        progress=False,
        settings=SETTINGS,
        rate=RATE,
        objective=SQUARED,
    )
    return _Learnt((chances[0], chances[1]), fitted, mean)


def _read(
    frame: pd.DataFrame,
    target: str,
    treatment: str,
    features: list[str] | None,
    group: str | None,
    seed: int,
    treated_share: float | str | None,
    propensity: str | None,
) -> _People:
    """Read, check, encode and order the rows."""
    known = ~np.isnan(to_target(frame[target]))
    frame = frame[known]
    y, treated = to_target(frame[target]), to_target(frame[treatment], "treatment")
    if np.isnan(treated).any():
        msg = (
            f"treatment {treatment!r} is null in {int(np.isnan(treated).sum())} rows; leave out "
            "people who were not assigned."
        )
        raise ValueError(msg)
    treated = treated > 0
    groups = None if group is None else folds.hash_groups(frame[group])
    w = np.ones(len(y)) if groups is None else folds.group_weights(groups)
    share = _share(frame, treated_share, treated.astype(np.float64), w)
    scores = None if propensity is None else _numbers(frame, propensity, "propensity")
    for arm, name in ((treated, "treated"), (~treated, "control")):
        where = f"the {name} arm ({treatment!r} is {'true' if name == 'treated' else 'false'})"
        check_classes(y[arm], target, where, MIN_OF_EACH)
    roles = {target, treatment, group, treated_share if isinstance(treated_share, str) else None}
    chosen = [c for c in (features or frame.columns) if c not in roles]
    schema = learn_schema(frame, chosen)
    if not schema.columns:
        msg = f"no feature is left: {schema.dropped}. Add columns that vary."
        raise NotTrainableError(msg)
    x = schema.encode(frame, strict=True)
    notes = [f"{name} is not used: {why}" for name, why in schema.dropped.items()]
    arm = treated.astype(np.float64)
    if groups is None:
        groups, n_copies = folds.row_subjects(folds.hash_rows(*x.T, arm), y)
        if n_copies:
            notes.append(f"{n_copies} rows are copies of another one and count as one subject")
    order = stable_order(x, y, groups, arm, seed)
    data = booster.Data(x[order], y[order], w[order], schema.feature_types)
    rows = TrainingRows(
        data=data,
        groups=groups[order],
        fold=np.zeros(len(y), dtype=np.int8),
        cv=np.zeros(len(y), dtype=np.int8),
        schema=schema,
        crossed=True,
        in_time=False,
        notes=notes,
    )
    return _People(
        rows, y[order], treated[order], share[order], None if scores is None else scores[order]
    )


def _named(treatment: Any) -> Any:  # noqa: ANN401 - looked at by check_training
    return (
        refuse("treatment", treatment, "the name of a column") if treatment is None else treatment
    )


def _share(
    frame: pd.DataFrame,
    given: Any,  # noqa: ANN401
    treated: np.ndarray,
    w: np.ndarray,
) -> np.ndarray:
    """Probability of treatment of each row."""
    if given is None:
        return np.full(len(treated), np.average(treated, weights=w))
    if isinstance(given, str):
        share = _numbers(frame, given, "treated_share")
    elif isinstance(given, int | float) and not isinstance(given, bool):
        share = np.full(len(treated), float(given))
    else:
        refuse("treated_share", given, "a number between 0 and 1, a column of them, or None")
    bad = np.flatnonzero(~((share > 0) & (share < 1)))
    if len(bad):
        refuse("treated_share", float(share[bad[0]]), "numbers between 0 and 1, without the ends")
    return share


def _numbers(frame: pd.DataFrame, column: str, argument: str) -> np.ndarray:
    found = held(frame[column])
    if found != NUMBERS:
        refuse(argument, column, f"a column of numbers; this one holds {found}")
    out = to_numbers(frame[column])
    if not np.isfinite(out).all():
        n_bad = int((~np.isfinite(out)).sum())
        msg = f"{argument}: column {column!r} is null or infinite in {n_bad} rows; give numbers."
        raise ValueError(msg)
    return out


def _alarms(people: _People, chance: np.ndarray) -> list[str]:
    known = np.isfinite(chance)
    arms = (chance[known & people.treated], chance[known & ~people.treated])
    found = imbalance(*arms)
    if not found.is_imbalanced:
        return []
    return [
        f"the arms differ before treatment (p = {found.p_value:.1g}, standardised difference "
        f"{found.difference:.3f} of the chance to convert): assignment was not random, or a "
        "feature was measured after it. No uplift can be believed"
    ]
