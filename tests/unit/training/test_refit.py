from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import ml
from ml.model import artefact, packing
from ml.training.refit import refit
from tests.unit.frames import visitors, with_folds


def test_a_refit_learns_from_the_rows_that_the_split_keeps_apart() -> None:
    frame = with_folds(visitors(6_000, groups=600, days=60))
    late = frame["fold"] != "train"
    frame["fold"] = frame["fold"].where(frame.index % 3 > 0, None)
    frame["target"] = np.where(late, frame["noise"] > 0.5, frame["target"])
    roles: dict[str, Any] = {"target": "target", "time": "as_of_tstamp", "group": "domain_userid"}
    roles["fold"] = "fold"
    judged = ml.train_propensity(frame, n_trials=1, **roles)
    model = refit(judged, frame, **roles)
    rows = frame[late]
    auc = [roc_auc_score(rows["target"], one.predict_proba(rows)) for one in (judged, model)]
    assert auc[0] < 0.7 < 0.8 < auc[1]
    assert model.base_rate == pytest.approx(frame["target"].mean(), abs=0.01)
    assert abs(model.predict_proba(frame).mean() - frame["target"].mean()) < 0.01
    assert packing.to_bytes(model.as_gated()) != packing.to_bytes(model)
    again = refit(judged, frame.sample(frac=1, random_state=1), **roles)
    assert packing.to_bytes(again) == packing.to_bytes(model)
    loaded = artefact.from_bytes(packing.to_bytes(model), packing.checksum(packing.to_bytes(model)))
    for one, other in ((loaded, model), (loaded.as_gated(), judged)):
        np.testing.assert_array_equal(one.predict_proba(frame), other.predict_proba(frame))
    assert model.evaluation is judged.evaluation
