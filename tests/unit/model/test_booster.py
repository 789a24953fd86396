"""What is fitted fits into an artefact, whatever the rounds that the data ask for."""

from __future__ import annotations

import numpy as np
import pytest

import ml
from ml.model import artefact, booster, packing
from tests.unit.frames import visitors


def test_rounds_are_bounded_by_larger_steps_and_the_quality_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = visitors(2_000).drop(columns="chance")
    free = ml.train_propensity(frame, target="bought", n_trials=1)
    types = free.schema.feature_types
    monkeypatch.setattr(booster, "MAX_FIT_BYTES", 0)
    size = booster.stored_bytes(free.boosters, types)
    monkeypatch.setattr(booster, "MAX_FIT_BYTES", int(0.7 * size))
    model = ml.train_propensity(frame, target="bought", n_trials=1)
    assert booster.stored_bytes(model.boosters, types) <= 0.7 * size
    assert model.params["eta"] > free.params["eta"]
    assert model.metric("log_loss") == pytest.approx(free.metric("log_loss"), rel=0.01)
    # Beyond the largest step the last rounds go, and what they were judged by goes with them.
    monkeypatch.setattr(booster, "MAX_FIT_BYTES", 9_000)
    least = ml.train_propensity(frame, target="bought", n_trials=1)
    assert booster.stored_bytes(least.boosters, types) <= 9_000
    assert least.params["rounds"] == [one.num_boosted_rounds() for one in least.boosters]
    data = packing.to_bytes(least)
    again = artefact.from_bytes(data, packing.checksum(data))
    np.testing.assert_array_equal(again.predict_proba(frame), least.predict_proba(frame))
