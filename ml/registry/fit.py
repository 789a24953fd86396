"""From rows of a training table to the model of a version, before and after the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ml.data import folds
from ml.data.splits import JUDGED, PEOPLE_AND_TIME
from ml.errors import NotTrainableError
from ml.model.trained import PropensityModel
from ml.registry.model_kinds import kind_of
from ml.registry.settings import Settings
from ml.registry.specs import FOLD, MOMENT, Spec
from ml.training.refit import refit
from ml.training.train import train

Refit = Callable[[PropensityModel, pd.DataFrame, Spec], PropensityModel]


def train_version(
    frame: pd.DataFrame, spec: Spec, catalogue: pd.DataFrame, settings: Settings
) -> PropensityModel:
    """Train a model on rows that have their folds.

    Parameters
    ----------
    frame
        Rows of its training table.
    spec
        What it is.
    catalogue
        `feature_catalogue`: which columns are features, which were cleared as leaks.
    settings
        `n_trials` and `random_state`.

    Raises
    ------
    NotTrainableError
        The rows do not suffice, or no column is a feature.
    """
    reviewed = catalogue.loc[_true(catalogue["leak_reviewed"]), "feature_name"].tolist()
    model = train(
        kind_of(spec.kind),
        frame,
        target=spec.target,
        features=_features(frame, catalogue, spec),
        time=MOMENT,
        group=spec.subject,
        fold=FOLD,
        random_state=settings.random_state,
        n_trials=settings.n_trials,
        leak_reviewed=reviewed,
    )
    if spec.split == PEOPLE_AND_TIME:
        return model
    params = {**model.params, "split": spec.split}
    return replace(model, params=params, notes=[*model.notes, JUDGED[spec.split]])


def refit_on(
    model: PropensityModel, frame: pd.DataFrame, spec: Spec, settings: Settings
) -> PropensityModel:
    """Fit what the gate let pass on all rows of a frame (`ml.training.refit`)."""
    return refit(
        model,
        frame,
        target=spec.target,
        time=MOMENT,
        group=spec.subject,
        fold=FOLD,
        random_state=settings.random_state,
    )


def sample_subjects(
    frame: pd.DataFrame, spec: Spec, settings: Settings, log: Callable[[str], None]
) -> pd.DataFrame:
    """Keep whole subjects, chosen by hash, when there are more rows than allowed."""
    # SQL has sampled subjects already, which gives about so many rows.
    if len(frame) <= 1.1 * settings.max_training_rows:
        return frame
    share = settings.max_training_rows / len(frame)
    kept = (
        folds.to_uniform(folds.hash_groups(frame[spec.subject]), settings.random_state + 1) < share
    )
    log(
        f"{spec.model_name}: of {len(frame)} training rows a stable {share:.0%} of subjects "
        "is trained on"
    )
    return frame[kept]


def _features(frame: pd.DataFrame, catalogue: pd.DataFrame, spec: Spec) -> list[str]:
    """List the catalogue's features that the frame holds and the model may learn from.

    They are in the frame's order, because the catalogue's rows come in any order and the order of
    columns has an effect on what is learnt.

    Raises
    ------
    NotTrainableError
        There is none. The other columns - identifiers, timestamps, outcomes - are no features.
    """
    allowed = {
        row["feature_name"]
        for row in catalogue.to_dict("records")
        if spec.base in (_words(row.get("only_for")) or [spec.base])
    }
    named = [name for name in frame.columns if name in allowed]
    if not named:
        msg = (
            f"{spec.training_table} has no column that feature_catalogue names for "
            f"{spec.base}: define features in the YAML of its feature model "
            "(config: meta: feature:) and build feature_catalogue with it."
        )
        raise NotTrainableError(msg)
    return named


def _words(value: Any) -> list[str]:  # noqa: ANN401 - null differs between engines
    return value.split() if isinstance(value, str) else []


def _true(values: pd.Series) -> np.ndarray:
    return values.map(lambda value: str(value).lower() in {"true", "1"}).to_numpy(dtype=bool)
