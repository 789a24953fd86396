"""One row scores as the warehouse's batches do: the same bits, the same reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.errors import ArtefactError
from ml.model.booster import predict_contributions
from ml.model.calibration import Calibration
from ml.model.packing import checksum, to_bytes
from ml.scoring.score import scorer
from ml.serving.compile import compile_champion
from ml.serving.compiled import Compiled, ValueOfAnotherKindError
from tests.serving.champions import catalogue, champion, model, rows

CALIBRATIONS = [
    Calibration(),
    Calibration("logistic", 1.2, -0.3),
    Calibration("isotonic", knots=((-3.0, 0.01), (-1.0, 0.2), (0.5, 0.8))),
]


def odd_rows(n: int) -> pd.DataFrame:
    """Rows with nulls, texts never seen, NaN, infinity and huge numbers in every column."""
    rng = np.random.default_rng(5)
    frame = rows(n, 5).astype(object)
    for name in frame.columns:
        frame.loc[rng.random(n) < 0.15, name] = None
    numeric = ["num_page_views_l7d", "sum_of_orders_l30d", "hours_since_pricing_l30d"]
    for name in numeric:
        values = [float("nan"), float("inf"), -float("inf"), 1e300, -1e39, 10**400, -7, 0.1]
        chosen = rng.random(n) < 0.2
        frame.loc[chosen, name] = [values[at] for at in rng.integers(len(values), size=n)[chosen]]
    frame.loc[rng.random(n) < 0.1, "last_page_l1h"] = "/never-seen/"
    return frame


def batch(trained: Any, frame: pd.DataFrame) -> pd.DataFrame:
    score = scorer(trained, catalogue(), model_name="live", version="v0", n_threads=1)
    moments = pd.Timestamp("2026-01-05 10:00:00")
    return score(frame.assign(domain_userid="someone", as_of_tstamp=moments))


def one_by_one(compiled: Compiled, frame: pd.DataFrame) -> list[Any]:
    return [compiled.score(row) for row in frame[compiled.names].to_numpy().tolist()]


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda one: one.method)
def test_scores_have_the_same_bits_and_reasons_the_same_words(calibration: Calibration):
    trained = replace(model(), calibration=calibration)
    data = to_bytes(trained)
    card = {**champion().to_json(), "artefact_sha256": checksum(data)}
    compiled = Compiled.from_bytes(compile_champion(card, data).to_bytes())
    # From 1,000 rows on, batches are explained cell by cell.
    many = calibration.method == "none"
    for frame in (rows(900, 7).astype(object), odd_rows(1_500 if many else 900)):
        expected = batch(trained, frame)
        got = one_by_one(compiled, frame)
        assert [one.score for one in got] == expected["score"].tolist()
        listed = expected[["reason_1", "reason_2", "reason_3"]].to_numpy().tolist()
        assert [one.reasons for one in got] == [
            [t for t in row if isinstance(t, str)] for row in listed
        ]


def test_contributions_add_up_and_are_xgboosts():
    trained = model()
    compiled = compile_champion(champion().to_json(), champion().artefact)
    x = trained.schema.encode(odd_rows(1_000))
    got = np.array([compiled.trees.contributions(row) for row in x])
    expected = predict_contributions(trained.boosters, x, trained.schema.feature_types)
    np.testing.assert_allclose(got, expected[:, :-1], atol=2e-6)
    totals = got.sum(axis=1) - trained.log_odds(x)
    assert np.ptp(totals) < 1e-5


def test_label_and_decile_start_at_their_scores():
    known = champion()
    compiled = compile_champion(known.to_json(), known.artefact)
    row = rows(1, 3)[compiled.names].to_numpy(dtype=object).tolist()[0]
    score = compiled.score(row).score
    above = np.nextafter(score, 1)
    for start, label in ((score, "High"), (above, "Medium")):
        card = {**known.to_json(), "label_from": {"High": start, "Medium": score}}
        assert compile_champion(card, known.artefact).score(row).label == label
    for start, decile in ((score, 1), (above, 2)):
        card = {**known.to_json(), "decile_from": [start, *[score] * 8]}
        assert compile_champion(card, known.artefact).score(row).decile == decile
    card = {**known.to_json(), "decile_from": [above] * 9}
    assert compile_champion(card, known.artefact).score(row).decile == 10
    card = {**known.to_json(), "decile_from": []}
    assert compile_champion(card, known.artefact).score(row).decile is None


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("num_page_views_l7d", "6", "a number"),
        ("num_page_views_l7d", True, "a number"),
        ("had_form_engagement_l7d", 3, "true or false"),
        ("last_page_l1h", 6, "a text"),
        ("last_page_l1h", ["/"], "a text"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(name: str, value: Any, wanted: str):
    compiled = compile_champion(champion().to_json(), champion().artefact)
    row = [value if column == name else None for column in compiled.names]
    with pytest.raises(ValueOfAnotherKindError, match=f"{name} is to be {wanted}"):
        compiled.score(row)


def test_an_altered_artefact_is_refused():
    known = champion()
    broken = known.artefact[:-10] + b"0123456789"
    with pytest.raises(ArtefactError, match=r"live v0 cannot be read: SHA-256"):
        compile_champion(known.to_json(), broken)


def test_a_feature_that_signals_does_not_compute_is_named():
    known = champion()
    features = {k: v for k, v in known.features.items() if k != "last_page_l1h"}
    with pytest.raises(ArtefactError, match="reads last_page_l1h, which Signals does not compute"):
        compile_champion({**known.to_json(), "features": features}, known.artefact)
