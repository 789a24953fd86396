from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from ml.report.explanation import explanation_of
from ml.report.reader import Version

KINDS = '{"columns": [{"name": "n", "kind": "numeric"}, {"name": "d", "kind": "categorical"}, '
KINDS += '{"name": "b", "kind": "boolean"}]}'
NONE = (None, None)


def version() -> Version:
    importance = pd.DataFrame(
        {
            "feature": ["n", "d", "b"],
            "importance": [0.5, 0.25, 0.25],
            "share": [0.5, 0.25, 0.25],
            "direction": [0.9, None, -0.9],
            "contribution_p05": [-0.7, -0.1, -0.2],
            "contribution_p95": [0.7, 0.1, 0.2],
        }
    )
    effects = pd.DataFrame(
        [
            ("n", 0, None, 0.0, 0.0, 0.6, -0.5),
            ("n", 1, None, 1.0, 4.0, 0.3, 0.7),
            ("n", 2, None, None, None, 0.1, 0.2),
            ("d", 0, "Phone", None, None, 0.7, -0.1),
            ("d", 1, "other", None, None, 0.3, 0.1),
            ("b", 0, None, 0.0, 0.0, 0.5, 0.2),
            ("b", 1, None, 1.0, 1.0, 0.5, -0.2),
        ],
        columns=["feature", "band", "label", "value_low", "value_high", "share", "contribution"],
    )
    effects["contribution_p05"] = effects["contribution"] - 0.1
    effects["contribution_p95"] = effects["contribution"] + 0.1
    row = {"model_name": "daily", "version": "v", "feature_schema": KINDS}
    words = pd.DataFrame(
        {"feature_name": ["n"], "label": ["page views"], "period_label": ["in the last 7 days"]}
    )
    return Version(row, True, words, importance=importance, effects=effects)


def test_features_have_words_signs_and_bands() -> None:
    found = explanation_of(version())
    assert found is not None
    assert [(f.label, f.share, f.width, f.sign, f.direction) for f in found.features] == [
        ("page views in the last 7 days", "50.0%", 100.0, "+", "more raises it"),
        ("d", "25.0%", 50.0, "", "highest: other"),
        ("b", "25.0%", 50.0, "\N{MINUS SIGN}", "yes lowers it"),
    ]
    assert [(b.words, b.place) for b in found.features[0].bands] == [
        ("0", 0.0),
        ("1 to 4", 1.0),
        ("unknown", -1.0),
    ]
    times, by = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"
    assert found.bands.rows[1] == [
        "page views in the last 7 days",
        "1 to 4",
        "30.0%",
        f"{times} 2.01",
        f"{times} 1.82 to {times} 2.23",
    ]
    assert [row[1] for row in found.bands.rows[-2:]] == ["no", "yes"]
    assert found.bands.rows[0][3] == f"{by} 1.65"


def test_effects_are_drawn_on_one_scale() -> None:
    found = explanation_of(version())
    assert found is not None
    assert "\N{MULTIPLICATION SIGN}2" in found.axis
    limit = 1.05 * 0.7
    x = round(12 + (0.7 / limit + 1) / 2 * (300 - 24), 1)
    assert f'cx="{x:g}" cy="12"' in found.features[0].effect
    assert f'points="{12 + round((1 - 0.7 / limit) / 2 * 276, 1):g},12 {x:g},12"' in (
        found.features[0].effect
    )
    assert math.isclose(found.features[0].bands[1].contribution, 0.7)


@pytest.mark.parametrize("columns", [["contribution_p05", "contribution_p95"], []])
def test_a_version_of_before_effects_were_recorded_has_importance(columns: list[str]) -> None:
    given = version()
    bare = replace(given, importance=given.importance.drop(columns=columns), effects=pd.DataFrame())
    found = explanation_of(bare)
    assert found is not None
    assert [f.share for f in found.features] == ["50.0%", "25.0%", "25.0%"]
    assert [f.effect == "" for f in found.features] == [bool(columns)] * 3
    assert found.bands.rows == []
    assert explanation_of(replace(given, importance=pd.DataFrame())) is None
