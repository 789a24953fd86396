from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ml
from ml.errors import ArtefactError
from ml.model import artefact, packing


def test_tables_that_scoring_does_without_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ml.load_model("tests/unit/golden/golden_model.zip")
    model.effects = pd.DataFrame(
        {"label": [f"{at:x}" for at in np.random.default_rng(0).bytes(9_000)]}
    )
    monkeypatch.setattr(packing, "MAX_BYTES", len(packing.to_bytes(model)) - 1)
    data = packing.to_bytes(model)
    again = artefact.from_bytes(data, packing.checksum(data))
    assert again.effects.empty
    assert len(again.evaluation) == len(model.evaluation)
    monkeypatch.setattr(packing, "MAX_BYTES", 5_000)
    with pytest.raises(ArtefactError, match="more than 5000; train on fewer columns"):
        packing.to_bytes(model)
