from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.data import kinds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31 00:00"),
        ("2026-01-31T10:00:00Z", "2026-01-31 10:00"),
        ("2026-01-31 10:00:00 UTC", "2026-01-31 10:00"),
        ("2026-01-31 10:00:00.5+0200", "2026-01-31 08:00:00.5"),
        ("2026-01-31 10:00 -05:30", "2026-01-31 15:30"),
        ("9999-12-31 23:59:59", "9999-12-31 23:59:59"),
        ("2026-02-30", None),
        ("31/01/2026", None),
        ("01.31.2026", None),
        ("20260131", None),
        ("2026-01-31 10:00 PM", None),
        ("2026-01-31 10:00 PST", None),
        ("1767225600", None),
    ],
)
def test_texts_are_moments_in_iso_8601_or_none(text: str, expected: str | None) -> None:
    values = pd.Series([text], name="t")
    if expected is None:
        with pytest.raises(ValueError, match="column 't': 1 of 1 texts are no timestamps"):
            kinds.to_microseconds(values)
        assert np.isnan(kinds.to_microseconds(values, strict=False)).all()
    else:
        moment = np.datetime64(expected.replace(" ", "T"), "us").astype("int64")
        assert kinds.to_microseconds(values) == [moment]
