"""The model as a scikit-learn classifier, for `joblib.load`, pipelines and cross-validation."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

import ml
from ml.data.arguments import check_frame, check_settings
from ml.model import artefact, packing
from ml.model.trained import PropensityModel


class PropensityClassifier(ClassifierMixin, BaseEstimator):
    """Calibrated propensity, fitted by `ml.train_propensity`.

    Stored, it holds the model as the bytes of this package's own format and their checksum,
    and no object of scikit-learn beyond its settings. Like every pickle, a stored one runs
    code when it is loaded: load only what you trust.

    Parameters
    ----------
    n_trials
        Settings tried in a fit.
    random_state
        Seed of splits, sampling and search.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two values of the target; the second is the one whose probability is predicted.
    model_ : ml.model.trained.PropensityModel
        With evaluation, reasons and leaks.
    feature_names_in_ : ndarray of str
        Columns read; absent if it was fitted on an array.
    n_features_in_ : int
        How many.

    Examples
    --------
    >>> frame = pd.DataFrame({"visits": np.arange(300) % 7})
    >>> bought = frame["visits"] + np.arange(300) % 3 > 5
    >>> PropensityClassifier(n_trials=1).fit(frame, bought).predict_proba(frame).shape
    (300, 2)
    """

    def __init__(self, n_trials: int = 4, random_state: int = 0) -> None:
        self.n_trials = n_trials
        self.random_state = random_state

    @classmethod
    def of(cls, model: PropensityModel) -> PropensityClassifier:
        """Wrap a trained model; its columns are those it reads."""
        out = cls(
            n_trials=int(model.params.get("trials", 4)),
            random_state=int(model.params.get("random_state", 0)),
        )
        names = model.schema.names
        dated = any(column.kind == "datetime" for column in model.schema.columns)
        if dated and model.schema.time is not None and model.schema.time not in names:
            names = [*names, model.schema.time]
        out.model_ = model
        out.classes_ = np.array([False, True])
        out.feature_names_in_ = np.array(names, dtype=object)
        out.n_features_in_ = len(names)
        return out

    def fit(self, X: Any, y: Any) -> PropensityClassifier:  # noqa: ANN401, N803 - scikit-learn's
        """Train on a frame or an array.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            Numbers, booleans, texts, categories or datetimes; nulls are fine.
        y : array-like, shape (n,)
            Two values.
        """
        check_settings(n_trials=self.n_trials, random_state=self.random_state)
        if isinstance(X, pd.DataFrame):
            check_frame(X, "X")
        frame = _frame(X)
        target = np.asarray(y)
        if target.ndim == 2 and target.shape[1] == 1:
            target = target.ravel()
        check_classification_targets(target)
        if target.shape != (len(frame),):
            msg = f"X has {len(frame)} rows and y the shape {target.shape}; give y one value a row."
            raise ValueError(msg)
        classes = np.unique(target)
        if len(classes) != 2:
            msg = f"y has {len(classes)} classes; PropensityClassifier needs two."
            raise ValueError(msg)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.n_features_in_ = frame.shape[1]
        self.classes_ = classes
        name = "target"
        while name in frame.columns:
            name = f"_{name}"
        self.model_ = ml.train_propensity(
            frame.assign(**{name: target == classes[1]}),
            target=name,
            n_trials=self.n_trials,
            random_state=self.random_state,
        )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: ANN401, N803
        """Probability of each class, shape (n, 2)."""
        check_is_fitted(self, "model_")
        frame = _frame(X)
        if not hasattr(X, "columns"):
            if frame.shape[1] != self.n_features_in_:
                msg = (
                    f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.n_features_in_} features as input."
                )
                raise ValueError(msg)
            if hasattr(self, "feature_names_in_"):
                frame.columns = self.feature_names_in_
        p = self.model_.predict_proba(frame)
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401, N803
        """Which class is the likelier, shape (n,); for ranking use `predict_proba`."""
        likely = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[likely.astype(int)]

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - a class of scikit-learn 1.6 and later
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _more_tags(self) -> dict[str, Any]:
        """Tags as scikit-learn 1.5 asks for them."""
        return {"binary_only": True, "allow_nan": True, "X_types": ["2darray", "string"]}

    def __getstate__(self) -> dict[str, Any]:
        state = dict(cast(dict[str, Any], super().__getstate__()))
        if "model_" in state:
            data = packing.to_bytes(state["model_"])
            state = {**state, "model_": (data, packing.checksum(data))}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "model_" in state:
            state = {**state, "model_": artefact.from_bytes(*state["model_"])}
        super().__setstate__(state)


def _frame(values: Any) -> pd.DataFrame:  # noqa: ANN401 - whatever scikit-learn hands over
    if isinstance(values, pd.DataFrame):
        return values
    array = np.asarray(values)
    if array.ndim != 2:
        msg = f"Reshape your data: expected 2D array, got {array.ndim}D array instead."
        raise ValueError(msg)
    return pd.DataFrame(array, columns=[f"x{at}" for at in range(array.shape[1])])
