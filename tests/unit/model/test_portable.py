from __future__ import annotations

import ml
from ml.model.portable import portable_json


def test_portable_json_of_itself_is_itself() -> None:
    model = ml.load_model("tests/unit/golden/golden_model.zip")
    types = model.schema.feature_types
    once = portable_json(bytes(model.boosters[0].save_raw("json")), types)
    assert portable_json(once, types) == once
