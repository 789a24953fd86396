from __future__ import annotations

import pickle
from pathlib import Path
from typing import cast

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

import ml
from ml.errors import NotTrainableError
from ml.export.estimator import PropensityClassifier
from tests.unit.frames import visitors

FEATURES = ["visits", "device", "minutes", "is_weekend"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return visitors(600).drop(columns="chance")


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> PropensityClassifier:
    model = ml.train_propensity(frame, target="bought", features=FEATURES, n_trials=1)
    return PropensityClassifier.of(model)


def test_a_wrapped_model_is_a_fitted_classifier(
    fitted: PropensityClassifier, frame: pd.DataFrame
) -> None:
    p = fitted.predict_proba(frame)
    assert p.shape == (600, 2)
    np.testing.assert_array_equal(p[:, 1], fitted.model_.predict_proba(frame))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert fitted.classes_.tolist() == [False, True]
    assert fitted.feature_names_in_.tolist() == FEATURES
    assert fitted.n_features_in_ == 4
    np.testing.assert_array_equal(fitted.predict(frame), p[:, 1] > 0.5)
    np.testing.assert_array_equal(fitted.predict_proba(frame[FEATURES].to_numpy()), p)


def test_joblib_brings_it_back_without_a_booster_or_model_in_the_pickle(
    fitted: PropensityClassifier, frame: pd.DataFrame, tmp_path: Path
) -> None:
    joblib.dump(fitted, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(frame), fitted.predict_proba(frame))
    assert again.model_.evaluation.shape == fitted.model_.evaluation.shape
    content = pickle.dumps(fitted)
    for name in (b"xgboost", b"PropensityModel", b"sklearn.ensemble", b"DataFrame"):
        assert name not in content


def test_a_damaged_pickle_is_refused(fitted: PropensityClassifier) -> None:
    state = fitted.__getstate__()
    data, sha256 = state["model_"]
    with pytest.raises(ValueError, match="altered or cut short"):
        PropensityClassifier().__setstate__({**state, "model_": (data[:-1], sha256)})


def test_it_fits_in_a_pipeline_under_cross_validation(frame: pd.DataFrame) -> None:
    steps = make_pipeline(FunctionTransformer(), PropensityClassifier(n_trials=1))
    answer = np.where(frame["bought"], "yes", "no")
    auc = cross_val_score(steps, frame[FEATURES], answer, cv=2, scoring="roc_auc")
    assert auc.min() > 0.65
    alone = cast(PropensityClassifier, clone(steps[-1])).fit(frame[FEATURES], answer)
    assert alone.classes_.tolist() == ["no", "yes"]
    p = ml.train_propensity(
        frame[[*FEATURES, "bought"]], target="bought", n_trials=1
    ).predict_proba(frame)
    np.testing.assert_array_equal(alone.predict_proba(frame)[:, 1], p)


def test_what_it_cannot_fit_or_score_it_says(frame: pd.DataFrame) -> None:
    one = PropensityClassifier(n_trials=1)
    with pytest.raises(NotFittedError):
        one.predict_proba(frame)
    with pytest.raises(ValueError, match="y has 3 classes"):
        one.fit(frame[FEATURES], np.arange(600) % 3)
    with pytest.raises(ValueError, match="one value a row"):
        one.fit(frame[FEATURES], np.arange(5) % 2)
    with pytest.raises(NotTrainableError, match="at least 5 of each"):
        one.fit(frame[FEATURES].head(20), [1, *[0] * 19])
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 2"):
        one.fit(frame[["visits", "minutes"]], frame["bought"]).predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="absent"):
        one.predict(frame[["visits"]])


# Those whose data has enough rows of both classes.
CHECKS = [
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimators_unfitted",
    "check_estimators_overwrite_params",
    "check_estimators_fit_returns_self",
    "check_n_features_in",
    "check_estimators_pickle",
]


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learns_own_checks(name: str) -> None:
    """Each check makes its own assertions."""
    getattr(estimator_checks, name)("PropensityClassifier", PropensityClassifier(n_trials=1))
