"""Fits again, on all rows and with the same settings, a version that passed the gate.

The rows that an honest split keeps apart, and those that it drops, are the newest and most of
them. Once the gate has decided, the model that scores learns from them too. Spark's workers do
the same in `ml.registry.distributed`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from ml.data import folds
from ml.data.kinds import to_microseconds
from ml.data.schema import Schema
from ml.data.splits import MAX_INNER_CROSS_ROWS, N_CROSS
from ml.data.targets import to_target
from ml.model import booster
from ml.model.calibration import choose_calibration
from ml.model.trained import Gated, PropensityModel
from ml.training.rows import stable_order

# Many rows are fitted N_REFITS times, with steps of this size, each time without another one of
# N_REFIT_PARTS parts: rows of the same subjects are alike, and one fit stops too early or too
# late (bench/training.py large).
N_REFITS, N_REFIT_PARTS, REFIT_RATE = 3, 8, 0.08


@dataclass(frozen=True)
class Refitted:
    """Boosters fitted anew, and the rows that each of them did not see.

    Parameters
    ----------
    boosters
        Their mean log-odds is the model's.
    y, margin, w, groups
        Of the rows held out: targets, log-odds by a booster that did not see the row, weights,
        hashes of the subjects, shape (n,). They decide on the calibration.
    base_rate
        Weighted share of positives among all rows.
    params
        `refit_rows`, `refit_subjects`, `refit_converting_subjects`, `refit_rounds` and
        `refit_eta`; `refit_workers` and `refit_seen_until` if Spark's workers fitted it.
    note
        What else people should know of it, after the reason for the calibration.
    """

    boosters: list[xgb.Booster]
    y: np.ndarray
    margin: np.ndarray
    w: np.ndarray
    groups: np.ndarray
    base_rate: float
    params: dict[str, Any]
    note: str = ""

    def instead_of(
        self, model: PropensityModel, seen_until: pd.Timestamp, seed: int
    ) -> PropensityModel:
        """Put the boosters into a model; what the gate judged is kept as `gated`.

        Parameters
        ----------
        model
            As the gate judged it.
        seen_until
            The newest moment that it learnt from.
        seed
            Of the choice of calibration.
        """
        calibration, why = choose_calibration(self.y, self.margin, self.w, self.groups, seed)
        told = (
            f"refitted on {self.params['refit_rows']} rows of {self.params['refit_subjects']} "
            "subjects, of every fold and of none, with the settings chosen; evaluation, curves, "
            "importance and effects are those of the model that the gate judged, made from the "
            "train fold alone"
        )
        calibrated = f"calibration of the refit: {calibration.method}; {why}{self.note}"
        return replace(
            model,
            boosters=self.boosters,
            calibration=calibration,
            base_rate=self.base_rate,
            params={**model.params, **self.params},
            notes=[*model.notes, told, calibrated],
            gated=Gated(
                boosters=model.boosters,
                calibration=model.calibration,
                base_rate=model.base_rate,
                seen_until=seen_until.isoformat(),
            ),
        )


def refit(
    model: PropensityModel,
    frame: pd.DataFrame,
    *,
    target: str,
    time: str,
    group: str,
    fold: str,
    random_state: int = 0,
) -> PropensityModel:
    """Fit a model anew on all rows of a frame.

    When to stop, and whether to calibrate, is decided on groups held out of this fit.

    Parameters
    ----------
    model
        As `train_propensity` made it.
    frame
        Rows of every fold and of none.
    target, time, group, fold
        Its columns of these, as in training.
    random_state
        Seed of splits and sampling.

    Returns
    -------
    PropensityModel
        Its evaluation, curves, importance and effects are those of the model judged, which
        `gated` holds.
    """
    rows = encode_all(frame, model.schema, target, time, group, random_state)
    w = folds.group_weights(rows.groups)
    data = booster.Data(rows.x, rows.y, w, model.schema.feature_types)
    few = len(rows.y) <= MAX_INNER_CROSS_ROWS
    n_parts = N_CROSS if few else N_REFIT_PARTS
    cv = folds.cross_folds(rows.groups, rows.y, n_parts, random_state)
    if not few:
        cv = np.where(cv < N_REFITS, cv, -1)
    fitted = booster.fit(
        data,
        cv,
        n_trials=1,
        seed=random_state,
        settings=model.params,
        rate=None if few else REFIT_RATE,
    )
    held = cv >= 0
    refitted = Refitted(
        fitted.boosters,
        rows.y[held],
        fitted.held_out[held],
        w[held],
        rows.groups[held],
        base_rate=float(np.average(rows.y, weights=w)),
        params={
            "refit_rows": len(rows.y),
            "refit_subjects": len(np.unique(rows.groups)),
            "refit_converting_subjects": len(np.unique(rows.groups[rows.y > 0])),
            "refit_rounds": fitted.params["rounds"],
            "refit_eta": fitted.params["eta"],
        },
    )
    return refitted.instead_of(model, newest_seen(frame, target, time, fold), random_state)


@dataclass(frozen=True)
class EncodedRows:
    """Rows whose target is known, encoded, in their fixed order.

    Parameters
    ----------
    x
        Encoded by the model's schema, shape (n, d).
    y, groups
        Targets (1.0 / 0.0) and hashes of the subjects, shape (n,).
    at
        Their positions in the frame they come from, shape (n,).
    """

    x: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    at: np.ndarray


def encode_all(
    frame: pd.DataFrame, schema: Schema, target: str, time: str, group: str, seed: int
) -> EncodedRows:
    """Encode the rows whose target is known, and order them by what they hold.

    Parameters
    ----------
    frame
        Rows, in any order.
    schema
        Of the model.
    target, time, group
        Columns.
    seed
        Of the order.
    """
    y = to_target(frame[target])
    known = np.flatnonzero(~np.isnan(y))
    if len(known) < len(y):
        frame, y = frame.iloc[known], y[known]
    x = schema.encode(frame)
    groups = folds.hash_groups(frame[group])
    order = stable_order(x, y, groups, to_microseconds(frame[time]), seed)
    return EncodedRows(x[order], y[order], groups[order], known[order])


def newest_seen(frame: pd.DataFrame, target: str, time: str, fold: str) -> pd.Timestamp:
    """Find the newest moment of the rows that a model judged on the test fold learnt from."""
    seen = frame[frame[target].notna() & frame[fold].isin(folds.FOLDS[:-1])]
    return pd.to_datetime(seen[time]).max()
