"""A trained model: probabilities, reasons, and everything known about how good it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from ml.data.arguments import check_path
from ml.data.schema import Schema
from ml.model.booster import predict_margin
from ml.model.calibration import Calibration
from ml.model.contributions import Explainer
from ml.model.packing import checksum, to_bytes


@dataclass(frozen=True)
class Gated:
    """What the gate judged, kept if the model was then refitted on more rows.

    Parameters
    ----------
    boosters, calibration, base_rate
        As the model's.
    seen_until
        The newest moment that they learnt from, ISO 8601.
    """

    boosters: list[xgb.Booster]
    calibration: Calibration
    base_rate: float
    seen_until: str


@dataclass
class PropensityModel:
    """Calibrated conversion probabilities from boosted trees.

    Made by `ml.train_propensity` or `ml.load_model`, not by hand.

    Parameters
    ----------
    schema
        Columns read and how.
    boosters
        Trees; the mean of their log-odds is the model's.
    calibration
        From log-odds to probability.
    base_rate
        Weighted share of positives among the training rows.
    evaluation
        One row per `dataset` and `metric`: `value`, `value_low`, `value_high` (95 %). The
        dataset `test` holds rows that had no part in the fit: later and other groups, or,
        without time and group on small data, each row scored by boosters that did not see it.
    curves
        One row per point: `dataset`, `curve`, `point`, `x`, `y`, `threshold`, `weight`; see
        `ml.evaluation.curves.curve_points`.
    importance
        One row per column: `feature`, `importance` (mean absolute contribution to the
        log-odds), `share`, `direction` (-1 to 1: does more of it go with a higher score),
        quantiles of the signed contributions.
    leaks
        One row per suspicion: `feature`, `check`, `value`, `evidence`. Empty when clean.
    params
        Settings chosen and notes on the run.
    notes
        What was left out or decided, in words.
    versions
        Versions of Python and of the packages that trained it.
    effects
        One row per column and band of its values: what they do to the score; see
        `ml.evaluation.importance.effects`.
    gated
        What the gate judged, if `boosters` were refitted on more rows afterwards. Evaluation,
        curves, importance and effects are then those of what the gate judged.
    """

    schema: Schema
    boosters: list[xgb.Booster]
    calibration: Calibration
    base_rate: float
    evaluation: pd.DataFrame
    curves: pd.DataFrame
    importance: pd.DataFrame
    leaks: pd.DataFrame
    params: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    gated: Gated | None = None
    _explainer: Explainer | None = field(default=None, init=False, repr=False, compare=False)

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        """Probability of the target for each row.

        Parameters
        ----------
        frame
            The columns the model was trained on, in any order; others are ignored. Nulls
            and unseen categories are fine, and so is any type that holds the same kind of
            values exactly: whole numbers for others, objects, Decimal, pandas' and Arrow's types.

        Returns
        -------
        ndarray of float64, shape (n,)
            In [0, 1].

        Raises
        ------
        ValueError
            A column is absent, occurs twice, or holds another kind of values than in training:
            epoch numbers for datetimes, numbers for texts. The message names column and kinds.
        """
        return self.score(frame)

    def score(self, frame: pd.DataFrame) -> np.ndarray:
        """Say what the model predicts of each row, whatever its kind, shape (n,)."""
        return self.calibration.apply(self.log_odds(self.schema.encode(frame)))

    def as_gated(self) -> PropensityModel:
        """Return the model that the gate judged: itself, unless it was refitted."""
        if self.gated is None:
            return self
        return replace(
            self,
            boosters=self.gated.boosters,
            calibration=self.gated.calibration,
            base_rate=self.gated.base_rate,
            gated=None,
        )

    def for_scoring(self, n_threads: int | None = None) -> PropensityModel:
        """Return what scores and explains, without evaluation and notes, so that it is small.

        Parameters
        ----------
        n_threads
            How many `contributions` uses; by default as many as there are cores.
        """
        none = pd.DataFrame()
        tables = dict.fromkeys(("evaluation", "curves", "importance", "leaks", "effects"), none)
        light = replace(self, **tables, params={}, notes=[], versions={}, gated=None)
        light._explainer = Explainer(light.boosters, light.schema.feature_types, n_threads)
        return light

    def log_odds(self, x: np.ndarray) -> np.ndarray:
        """Log-odds before calibration of an encoded matrix, shape (n,)."""
        return predict_margin(self.boosters, x, self.schema.feature_types)

    def contributions(self, frame: pd.DataFrame) -> tuple[np.ndarray, float]:
        """Exact TreeSHAP values per column read.

        Returns
        -------
        tuple of ndarray of float64, shape (n, n_columns), and float
            In the order of `schema.names`, and the base value. A row's sum with the base
            is its log-odds before calibration.
        """
        return self.contributions_of(self.schema.encode(frame))

    def contributions_of(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """As `contributions`, of an encoded matrix."""
        if self._explainer is None:
            self._explainer = Explainer(self.boosters, self.schema.feature_types)
        values, base = self._explainer.contributions(x)
        first = np.flatnonzero(np.diff(self.schema.sources, prepend=-1))
        return np.add.reduceat(values, first, axis=1), base

    def explain(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Say what moved each row's score, exactly.

        Returns
        -------
        DataFrame
            One row per row of `frame` and column read: `row` (its index label), `feature`,
            `value`, `contribution` (to the log-odds before calibration, may be negative),
            `base` (the log-odds that contributions start from), strongest first within a row.
        """
        values, base = self.contributions(frame)
        names = self.schema.names
        order = np.argsort(-np.abs(values), axis=1, kind="stable")
        known = np.column_stack([frame[name].astype(object).to_numpy() for name in names])
        return pd.DataFrame(
            {
                "row": np.repeat(frame.index.to_numpy(), len(names)),
                "feature": np.array(names, dtype=object)[order].ravel(),
                "value": np.take_along_axis(known, order, axis=1).ravel(),
                "contribution": np.take_along_axis(values, order, axis=1).ravel(),
                "base": base,
            }
        )

    def metric(self, name: str, dataset: str = "test") -> float:
        """Value of one metric of the evaluation."""
        return self._metric(name, dataset, "value")

    def metric_low(self, name: str, dataset: str = "test") -> float:
        """Lower end of a metric's 95 % interval."""
        return self._metric(name, dataset, "value_low")

    def save(self, path: str | Path) -> str:
        """Write the model to a file; `ml.load_model` reads it.

        Returns
        -------
        str
            SHA-256 of the file, for `load_model(path, sha256=...)`.

        Raises
        ------
        ArgumentError
            `path` is no file's.
        FileNotFoundError
            Its folder does not exist.
        """
        path = check_path(path)
        data = to_bytes(self)
        path.write_bytes(data)
        return checksum(data)

    def _metric(self, name: str, dataset: str, column: str) -> float:
        found = self.evaluation.query("dataset == @dataset and metric == @name")[column]
        if found.empty:
            msg = f"no metric {name!r} of dataset {dataset!r} in the evaluation"
            raise KeyError(msg)
        return float(found.iloc[0])


@dataclass
class ValueModel(PropensityModel):
    """Expected amounts from boosted trees; made by `ml.training.value.train_value`.

    As a PropensityModel, where log-odds are the logarithm of an amount, `base_rate` is the
    mean amount of a training row, and `predict` takes the place of `predict_proba`.
    """

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the expected amount of each row, in the target's unit, 0 or more, shape (n,).

        What `frame` may hold, and what is refused, is as in `PropensityModel.predict_proba`.
        """
        return self.score(frame)

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        """Not for amounts.

        Raises
        ------
        TypeError
            Always.
        """
        msg = "a value model predicts amounts, no probabilities; call predict."
        raise TypeError(msg)


@dataclass
class UpliftModel(PropensityModel):
    """Effect of a treatment on each person's chance to convert; made by `ml.train_uplift`.

    As a PropensityModel, where contributions are parts of the uplift itself, `base_rate` is the
    mean effect, `evaluation` and `curves` are those of `ml.evaluation.uplift_metrics`, and
    `predict_uplift` takes the place of `predict_proba`.
    """

    def predict_uplift(self, frame: pd.DataFrame) -> np.ndarray:
        """Return what the treatment adds to each person's chance to convert, shape (n,).

        0.02 is two percentage points; below 0 the treatment keeps people from converting. What
        `frame` may hold, and what is refused, is as in `PropensityModel.predict_proba`.
        """
        return self.score(frame)

    @property
    def beats_propensity(self) -> bool:
        """Whether it finds the people who are moved better than their chance to convert does.

        On people it did not see, and by more than noise: the 95 % intervals of `qini` and of
        `qini_gain` lie above 0. Else treat by propensity, or everybody.
        """
        return self.metric_low("qini") > 0 and self.metric_low("qini_gain") > 0

    def contributions_of(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Exact TreeSHAP values per column read, as of `contributions`; their sum is the uplift."""
        values, base = super().contributions_of(x)
        return values, base + self.calibration.intercept

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        """Not for uplift.

        Raises
        ------
        TypeError
            Always.
        """
        msg = "an uplift model predicts differences of probabilities; call predict_uplift."
        raise TypeError(msg)
