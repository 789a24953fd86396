"""Gradient-boosted trees: settings worth trying, early stopping, and the search over them."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from tqdm.auto import tqdm

from ml.evaluation.metrics import log_loss_rows
from ml.model.portable import portable_json

# Small steps and shallow, regularised trees need no recalibration if they stop early. BASE_PARAMS,
# the first trial, suit rows that are subjects of their own; STRONG_PARAMS, the second, suit many
# similar rows of few subjects. The search varies the ranges below. Depth stays low, because the
# cost of exact reasons grows with the number of leaves times the depth squared.
BASE_PARAMS: dict[str, Any] = {
    "max_depth": 4,
    "min_child_weight": 8.0,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "reg_lambda": 5.0,
    "reg_alpha": 0.0,
    "gamma": 0.0,
}
STRONG_PARAMS: dict[str, Any] = {
    **BASE_PARAMS,
    "min_child_weight": 40.0,
    "subsample": 0.6,
    "colsample_bytree": 0.4,
    "reg_lambda": 30.0,
}
SEARCH_SPACE: dict[str, list[Any]] = {
    "max_depth": [3, 4],
    "min_child_weight": [2.0, 5.0, 10.0, 20.0, 40.0],
    "subsample": [0.6, 0.7, 0.8, 0.9],
    "colsample_bytree": [0.4, 0.5, 0.6, 0.8],
    "reg_lambda": [1.0, 3.0, 10.0, 30.0],
    "reg_alpha": [0.0, 0.5, 2.0],
    "gamma": [0.0, 0.5],
}
MAX_BIN = 128
PATIENCE = 40
MAX_ROUNDS = 2_000
# Settings are compared on at most so many rows, on two folds with larger steps. More rows would
# cost time and change no choice.
MAX_SEARCH_ROWS = 50_000
# Up to so many rows, parallel fits of one thread each are faster than one fit of many threads, and
# small steps are affordable.
MAX_ONE_THREAD_ROWS = 200_000
_PREDICT_ROWS = 200_000
# Bytes that the boosters of one fit may take. An artefact of 8 MB has room for two fits - the one
# that the gate judged, and the one that scores - and 1.2 MB for the rest. If they take more, steps
# are doubled up to MAX_RATE, which about halves the rounds; then the last rounds are left out.
MAX_FIT_BYTES = 3_400_000
MAX_RATE = 0.4
# No node takes more, whatever it splits on.
_NODE_BYTES = 60


@dataclass(frozen=True)
class Objective:
    """What the trees are fitted to.

    Parameters
    ----------
    settings
        XGBoost's name of it and of the loss that stops early.
    loss
        (targets, predictions) -> loss of each row, by which settings are compared.
    """

    settings: dict[str, Any]
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray]


LOGISTIC = Objective({"objective": "binary:logistic", "eval_metric": "logloss"}, log_loss_rows)


@dataclass(frozen=True)
class Data:
    """A matrix with targets and weights, rows in their fixed order.

    Parameters
    ----------
    x
        float32, shape (n, d), NaN where missing.
    y, w
        Targets (1.0 / 0.0) and weights, shape (n,).
    feature_types
        XGBoost's type of each feature.
    """

    x: np.ndarray
    y: np.ndarray
    w: np.ndarray
    feature_types: list[str]

    def take(self, rows: np.ndarray) -> Data:
        """Only these rows (a mask or positions)."""
        return Data(self.x[rows], self.y[rows], self.w[rows], self.feature_types)

    def quantised(self, reference: xgb.DMatrix | None = None) -> xgb.QuantileDMatrix:
        """Binned for training; pass the training matrix when this one judges it."""
        return xgb.QuantileDMatrix(
            self.x,
            self.y,
            weight=self.w,
            feature_types=self.feature_types,
            enable_categorical=True,
            max_bin=MAX_BIN,
            ref=reference,
        )


@dataclass(frozen=True)
class Fitted:
    """Boosters whose mean log-odds is the model, and how they were made.

    Parameters
    ----------
    boosters
        One, or one per cross-validation fold.
    held_out
        Log-odds of each row by boosters that did not see it, NaN if there is none,
        shape (n,).
    params
        Settings chosen, with `rounds`, `trials` and, if time ran out, `stopped_early`.
    """

    boosters: list[xgb.Booster]
    held_out: np.ndarray
    params: dict[str, Any]


def predict_margin(
    boosters: list[xgb.Booster], x: np.ndarray, feature_types: list[str]
) -> np.ndarray:
    """Mean log-odds over boosters, in blocks so that memory is bounded, shape (n,)."""
    out = np.zeros(len(x))
    for start in range(0, len(x), _PREDICT_ROWS):
        block = xgb.DMatrix(
            x[start : start + _PREDICT_ROWS], feature_types=feature_types, enable_categorical=True
        )
        for booster in boosters:
            margin = booster.predict(block, output_margin=True)
            out[start : start + _PREDICT_ROWS] += margin.astype(np.float64)
    return out / len(boosters)


def predict_contributions(
    boosters: list[xgb.Booster], x: np.ndarray, feature_types: list[str]
) -> np.ndarray:
    """Exact TreeSHAP values on the log-odds, the base value last, shape (n, d + 1)."""
    block = xgb.DMatrix(x, feature_types=feature_types, enable_categorical=True)
    out = np.zeros((len(x), x.shape[1] + 1))
    for booster in boosters:
        out += booster.predict(block, pred_contribs=True)
    return out / len(boosters)


def fit(
    data: Data,
    cv: np.ndarray,
    *,
    n_trials: int,
    seed: int,
    max_seconds: float | None = None,
    progress: bool | None = None,
    settings: dict[str, Any] | None = None,
    rate: float | None = None,
    objective: Objective = LOGISTIC,
) -> Fitted:
    """Choose settings, then fit with early stopping.

    Parameters
    ----------
    data
        Training rows.
    cv
        Fold of each row, shape (n,). With one fold only (all 0 or -1), rows at 0 judge
        and rows at -1 teach. With more, each fold is judged by a fit on the others.
    n_trials
        Settings tried, the base ones first.
    seed
        Seed of sampling and search.
    max_seconds
        After so many seconds no further trial starts; recorded as `stopped_early`.
    progress
        False hides the progress bar; by default it shows on a terminal only.
    settings
        Settings chosen before (the `params` of another fit): nothing is searched.
    rate
        Size of steps; by default small if rows are few.
    objective
        What is fitted; with another than the logistic one, `held_out` and the boosters'
        margins are on its scale.

    Returns
    -------
    Fitted
    """
    started = time.monotonic()
    trials = list(_trials(n_trials, seed))
    if settings is not None:
        trials = [{name: settings[name] for name in BASE_PARAMS}]
    folds = [int(f) for f in np.unique(cv) if f >= 0]
    if rate is None:
        rate = 0.05 if len(data.y) <= MAX_ONE_THREAD_ROWS else 0.15
    searched = _search_rows(len(data.y), seed)
    small, small_cv = (data, cv) if searched is None else (data.take(searched), cv[searched])
    search_folds = folds if searched is None else folds[:2]
    matrices = {fold: _matrices(small, small_cv, fold) for fold in search_folds}
    search_rate = rate if searched is None else 0.1

    def params_of(trial: dict[str, Any], eta: float) -> dict[str, Any]:
        return _params(trial, eta, _rate(data), seed, objective)

    def fit_all(trial: dict[str, Any], eta: float) -> dict[int, xgb.Booster]:
        of_all = {fold: _matrices(data, cv, fold) for fold in folds}
        return _train_all(params_of(trial, eta), of_all)

    best, done = _search(
        trials if len(trials) > 1 or searched is None else [],
        lambda trial: params_of(trial, search_rate),
        matrices,
        objective,
        until=started + max_seconds if max_seconds else np.inf,
        progress=progress,
    )
    chosen = best.trial if best else trials[0]
    report: dict[str, Any] = {**chosen, "eta": rate, "max_bin": MAX_BIN, "trials": done}
    if done < len(trials) and len(trials) > 1:
        report["stopped_early"] = f"after {done} of {len(trials)} trials, {max_seconds} s"
    boosters = best.boosters if searched is None and best else fit_all(chosen, rate)
    while rate < MAX_RATE and stored_bytes(list(boosters.values()), data.feature_types) > (
        MAX_FIT_BYTES
    ):
        rate = min(2 * rate, MAX_RATE)
        report["eta"] = rate
        boosters = fit_all(chosen, rate)
    kept = bounded(list(boosters.values()), data.feature_types)
    boosters = dict(zip(boosters, kept, strict=True))
    held_out = np.full(len(data.y), np.nan)
    for fold, booster in boosters.items():
        rows = cv == fold
        held_out[rows] = predict_margin([booster], data.x[rows], data.feature_types)
    rounds = [booster.num_boosted_rounds() for booster in boosters.values()]
    report["rounds"] = rounds
    return Fitted(list(boosters.values()), held_out, report)


@dataclass(frozen=True)
class _Tried:
    """A trial's settings, its loss on the rows held out, and its boosters by fold."""

    trial: dict[str, Any]
    loss: float
    boosters: dict[int, xgb.Booster]


def _search(
    trials: list[dict[str, Any]],
    params_of: Callable[[dict[str, Any]], dict[str, Any]],
    matrices: dict[int, tuple[xgb.DMatrix, xgb.DMatrix]],
    objective: Objective,
    *,
    until: float,
    progress: bool | None,
) -> tuple[_Tried | None, int]:
    """Find the trial of the lowest loss; how many were tried before `until` (time.monotonic)."""
    bar = tqdm(
        total=len(trials) * len(matrices),
        desc="train",
        unit="fit",
        disable=(not progress) if progress is not None else None,
        leave=False,
    )
    best: _Tried | None = None
    done = 0
    with bar:
        for trial in trials:
            if done and time.monotonic() > until:
                break
            to_beat = best.loss if best else np.inf
            loss, fitted = _trial(params_of(trial), matrices, to_beat, bar, objective)
            done += 1
            if fitted and loss < to_beat:
                best = _Tried(trial, loss, fitted)
    return best, done


def stored_bytes(boosters: list[xgb.Booster], feature_types: list[str]) -> int:
    """Say how many bytes boosters take in an artefact, or an upper limit if they are small."""
    # A tree of depth 4 has at most 31 nodes.
    most = sum(booster.num_boosted_rounds() for booster in boosters) * 31 * _NODE_BYTES
    if most <= MAX_FIT_BYTES:
        return most
    raw = (portable_json(bytes(booster.save_raw("json")), feature_types) for booster in boosters)
    return sum(len(zlib.compress(one, 6)) for one in raw)


def bounded(boosters: list[xgb.Booster], feature_types: list[str]) -> list[xgb.Booster]:
    """Leave out the last rounds of boosters if they would take more than MAX_FIT_BYTES."""
    while (size := stored_bytes(boosters, feature_types)) > MAX_FIT_BYTES:
        share = min(0.98 * MAX_FIT_BYTES / size, 0.98)
        boosters = [one[: max(1, int(share * one.num_boosted_rounds()))] for one in boosters]
        if all(one.num_boosted_rounds() == 1 for one in boosters):
            break
    return boosters


def _rate(data: Data) -> float:
    return float(np.clip(np.average(data.y, weights=data.w), 1e-6, 1 - 1e-6))


def _trials(n_trials: int, seed: int) -> Iterator[dict[str, Any]]:
    from sklearn.model_selection import ParameterSampler

    yield from (dict(BASE_PARAMS), dict(STRONG_PARAMS))[:n_trials]
    if n_trials > 2:
        yield from ParameterSampler(SEARCH_SPACE, n_trials - 2, random_state=seed)


def _params(
    trial: dict[str, Any], eta: float, base_rate: float, seed: int, objective: Objective
) -> dict[str, Any]:
    return {
        **trial,
        **objective.settings,
        "tree_method": "hist",
        "eta": eta,
        "max_bin": MAX_BIN,
        "base_score": base_rate,
        "seed": seed,
    }


def _search_rows(n_rows: int, seed: int) -> np.ndarray | None:
    if n_rows <= MAX_SEARCH_ROWS:
        return None
    chosen = np.random.default_rng(seed).choice(n_rows, MAX_SEARCH_ROWS, replace=False)
    return np.sort(chosen)


def _matrices(data: Data, cv: np.ndarray, fold: int) -> tuple[xgb.DMatrix, xgb.DMatrix]:
    train = data.take(cv != fold).quantised()
    return train, data.take(cv == fold).quantised(train)


def _train(params: dict[str, Any], train: xgb.DMatrix, judge: xgb.DMatrix) -> xgb.Booster:
    if train.num_row() <= MAX_ONE_THREAD_ROWS:
        params = {**params, "nthread": 1}
    booster = xgb.train(
        params,
        train,
        MAX_ROUNDS,
        evals=[(judge, "held_out")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]


def _train_all(
    params: dict[str, Any], matrices: dict[int, tuple[xgb.DMatrix, xgb.DMatrix]]
) -> dict[int, xgb.Booster]:
    """Fit every fold, in parallel if the fits are small."""
    small = all(train.num_row() <= MAX_ONE_THREAD_ROWS for train, _ in matrices.values())
    with ThreadPoolExecutor(os.cpu_count() or 1 if small else 1) as pool:
        fitted = pool.map(lambda pair: _train(params, *pair), matrices.values())
        return dict(zip(matrices, fitted, strict=True))


def _trial(
    params: dict[str, Any],
    matrices: dict[int, tuple[xgb.DMatrix, xgb.DMatrix]],
    to_beat: float,
    bar: tqdm,
    objective: Objective,
) -> tuple[float, dict[int, xgb.Booster]]:
    """Mean held-out loss over folds, and the boosters; none if it is clearly worse early on."""
    fitted: dict[int, xgb.Booster] = {}
    loss = np.inf
    folds = list(matrices)
    # A trial that is 3 % worse than the best after two folds will not become the best.
    for some in (folds[:2], folds[2:]):
        fitted |= _train_all(params, {fold: matrices[fold] for fold in some})
        bar.update(len(some))
        loss = _mean_loss(fitted, matrices, objective)
        if loss > 1.03 * to_beat:
            bar.update(len(folds) - len(fitted))
            return np.inf, {}
    return loss, fitted


def _mean_loss(
    fitted: dict[int, xgb.Booster],
    matrices: dict[int, tuple[xgb.DMatrix, xgb.DMatrix]],
    objective: Objective,
) -> float:
    total = weight = 0.0
    for fold, booster in fitted.items():
        judge = matrices[fold][1]
        w = judge.get_weight()
        total += float(w @ objective.loss(judge.get_label(), booster.predict(judge)))
        weight += float(w.sum())
    return total / weight
