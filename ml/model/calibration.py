"""Recalibration: used only if it helps on held-out rows, stored as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from ml.data.folds import cross_folds
from ml.evaluation.metrics import log_loss_rows

Method = Literal["none", "logistic", "isotonic", "amount", "uplift"]

# Isotonic steps need many subjects of the rarer outcome to be better than noise.
MIN_POSITIVES = {"logistic": 50, "isotonic": 500}
_FLOOR = 1e-6


@dataclass(frozen=True)
class Calibration:
    """Turns a booster's margin into a probability, an amount or an uplift.

    Parameters
    ----------
    method
        `none`: the logistic function; `logistic`: Platt's slope and intercept on the
        log-odds first; `isotonic`: a monotone line through `knots`; `amount`: the
        exponential of the margin plus the intercept; `uplift`: the margin plus the intercept.
    slope, intercept
        Of `logistic`; the intercept of `amount` and `uplift` too.
    knots
        Of `isotonic`: log-odds and probability at each knot, linear between them.
    """

    method: Method = "none"
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()

    def apply(self, margin: np.ndarray) -> np.ndarray:
        """Probabilities (or amounts, or uplift) for margins, shape (n,)."""
        if self.method == "isotonic":
            at, value = np.array(self.knots).T
            return np.interp(margin, at, value)
        if self.method == "uplift":
            return np.asarray(margin, dtype=np.float64) + self.intercept
        if self.method == "amount":
            return np.exp(np.asarray(margin, dtype=np.float64) + self.intercept)
        return expit(self.slope * np.asarray(margin, dtype=np.float64) + self.intercept)


def choose_calibration(
    y: np.ndarray, margin: np.ndarray, w: np.ndarray, groups: np.ndarray, seed: int = 0
) -> tuple[Calibration, str]:
    """Pick none, logistic or isotonic by cross-validation over subjects.

    Parameters
    ----------
    y, margin, w
        Targets, log-odds and weights of held-out rows, shape (n,).
    groups
        Hash of each row's subject.
    seed
        Seed of the split.

    Returns
    -------
    tuple of Calibration and str
        The choice and the reason for it. A method replaces the simpler one only when its
        mean gain in log loss, on rows that did not fit it, exceeds twice the gain's
        standard error over subjects.
    """
    folds = cross_folds(groups, y, 5, seed)
    best, best_loss = Calibration(), log_loss_rows(y, expit(margin))
    note = "no recalibration lowered held-out log loss"
    positives = min(len(np.unique(groups[y > 0])), len(np.unique(groups[y <= 0])))
    for method, least in MIN_POSITIVES.items():
        if positives < least:
            continue
        loss = np.zeros(len(y))
        for fold in range(5):
            fit, held = folds != fold, folds == fold
            fitted = _fit(method, y[fit], margin[fit], w[fit])
            loss[held] = log_loss_rows(y[held], fitted.apply(margin[held]))
        gain = best_loss - loss
        mean = float(np.average(gain, weights=w))
        error = _standard_error(gain - mean, w, groups)
        if mean > 2 * error:
            note = f"{method} lowers held-out log loss by {mean:.5f} (standard error {error:.5f})"
            note += f" against {best.method}"
            best, best_loss = _fit(method, y, margin, w), loss
    return best, note


def _standard_error(gain: np.ndarray, w: np.ndarray, groups: np.ndarray) -> float:
    _, inverse = np.unique(groups, return_inverse=True)
    return float(np.sqrt((np.bincount(inverse, weights=w * gain) ** 2).sum()) / w.sum())


def _fit(method: str, y: np.ndarray, margin: np.ndarray, w: np.ndarray) -> Calibration:
    return _fit_logistic(y, margin, w) if method == "logistic" else _fit_isotonic(y, margin, w)


def _fit_logistic(y: np.ndarray, margin: np.ndarray, w: np.ndarray) -> Calibration:
    """Maximum likelihood of slope and intercept; Platt (1999) without his label smoothing."""

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = beta[0] * margin + beta[1]
        value = np.average(np.logaddexp(0, z) - y * z, weights=w)
        miss = w * (expit(z) - y) / w.sum()
        return float(value), np.array([miss @ margin, miss.sum()])

    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    slope, intercept = fitted.x
    if slope <= 0:
        return Calibration()
    return Calibration("logistic", float(slope), float(intercept))


def _fit_isotonic(y: np.ndarray, margin: np.ndarray, w: np.ndarray) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    iso = IsotonicRegression(out_of_bounds="clip", y_min=_FLOOR, y_max=1 - _FLOOR)
    iso.fit(margin, y, sample_weight=w)
    knots = tuple(
        (float(at), float(value))
        for at, value in zip(iso.X_thresholds_, iso.y_thresholds_, strict=True)
    )
    return Calibration("isotonic", knots=knots)
