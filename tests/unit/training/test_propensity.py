from __future__ import annotations

import hashlib
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

import ml
from ml.errors import NotTrainableError
from ml.model import artefact, packing
from ml.model.trained import PropensityModel
from tests.unit.frames import visitors, with_folds


def train(frame: pd.DataFrame, **options: object) -> PropensityModel:
    data = frame.drop(columns="chance")
    return ml.train_propensity(data, target="bought", n_trials=1, **options)  # pyright: ignore


@pytest.fixture(scope="module")
def plain() -> PropensityModel:
    return train(visitors(3_000))


def test_it_learns_what_there_is_to_learn(plain: PropensityModel) -> None:
    new = visitors(6_000, seed=9)
    p = plain.predict_proba(new)
    assert p.shape == (6_000,)
    best = roc_auc_score(new["bought"], new["chance"])
    assert roc_auc_score(new["bought"], p) > 0.5 + 0.93 * (best - 0.5)
    assert log_loss(new["bought"], p) < log_loss(new["bought"], new["chance"]) + 0.012
    assert abs(p.mean() - new["bought"].mean()) < 0.02


def test_evaluation_tells_how_it_does_on_new_rows(plain: PropensityModel) -> None:
    new = visitors(20_000, seed=9)
    auc = roc_auc_score(new["bought"], plain.predict_proba(new))
    assert (
        plain.metric_low("roc_auc")
        < auc
        < 2 * plain.metric("roc_auc") - plain.metric_low("roc_auc")
    )
    test = plain.evaluation[plain.evaluation["dataset"] == "test"]
    assert test["metric"].tolist() == [
        "roc_auc", "average_precision", "log_loss", "brier_score", "ece", "base_rate",
        "log_loss_gain", "top_decile_recall", "n_rows", "n_subjects", "n_converting_subjects",
    ]  # fmt: skip
    assert plain.metric("n_rows") == 3_000


def test_noise_matters_least_and_signs_are_right(plain: PropensityModel) -> None:
    ranked = plain.importance.set_index("feature")
    assert set(ranked.index[:3]) == {"visits", "device", "minutes"}
    assert float(ranked["direction"]["visits"]) > 0.9
    assert np.isnan(float(ranked["direction"]["device"]))
    assert ranked["share"].sum() == pytest.approx(1)


def test_explanations_add_up_to_the_log_odds(plain: PropensityModel) -> None:
    new = visitors(50, seed=3).set_index(np.arange(100, 150))
    told = plain.explain(new)
    summed = told.groupby("row")["contribution"].sum() + told["base"].iloc[0]
    expected = plain.log_odds(plain.schema.encode(new))
    np.testing.assert_allclose(summed.to_numpy(), expected, atol=1e-5)
    assert set(told["row"]) == set(range(100, 150))
    first = told[told["row"] == 100]
    assert (first["contribution"].abs().diff().dropna() <= 1e-12).all()


def test_row_order_does_not_matter() -> None:
    frame = visitors(1_500, groups=300, days=40)
    other = frame.sample(frac=1, random_state=4)
    new = visitors(200, seed=5, groups=9, days=9)
    a = train(frame, group="visitor", time="moment")
    b = train(other, group="visitor", time="moment")
    assert packing.to_bytes(a) == packing.to_bytes(b)
    np.testing.assert_array_equal(a.predict_proba(new), b.predict_proba(new))


def test_another_seed_is_another_model(plain: PropensityModel) -> None:
    other = train(visitors(3_000), random_state=1)
    new = visitors(100, seed=1)
    assert not np.array_equal(other.predict_proba(new), plain.predict_proba(new))


def test_with_time_the_test_rows_are_the_latest() -> None:
    frame = visitors(3_000, days=100)
    late = frame["moment"] >= frame["moment"].quantile(0.8)
    frame.loc[late, "bought"] = frame.loc[late, "chance"] < 0.1
    model = train(frame, time="moment")
    assert model.metric("roc_auc", "calibrate") > 0.7
    assert model.metric("roc_auc", "test") < 0.3
    assert model.metric("n_rows", "test") == pytest.approx(600, abs=2)
    assert model.leaks["check"].eq("changes").any()


def test_with_time_and_group_a_row_is_kept_only_where_both_folds_agree() -> None:
    frame = visitors(6_000, groups=600, days=100)
    model = train(frame, time="moment", group="visitor")
    rows = [model.metric("n_rows", name) for name in ("train", "calibrate", "test")]
    shares = np.array(rows) / 6_000
    np.testing.assert_allclose(shares, [0.36, 0.04, 0.04], atol=0.03)


def test_given_folds_are_kept_to() -> None:
    frame = with_folds(visitors(4_000, groups=500, days=60))
    model = ml.train_propensity(
        frame, target="target", time="as_of_tstamp", group="domain_userid", fold="fold", n_trials=1
    )
    for name, count in frame["fold"].value_counts().items():
        assert model.metric("n_rows", str(name)) == count
    assert model.schema.names == ["visits", "device", "minutes", "noise", "is_weekend"]


def test_a_busy_group_does_not_outvote_the_others() -> None:
    frame = visitors(3_000, groups=3_000)
    new = visitors(2_000, seed=5)
    crowd = visitors(10_000, seed=8)
    crowd["visitor"] = "robot"
    crowd["bought"] = crowd["chance"] < 0.1
    alone = train(frame, group="visitor").predict_proba(new)
    both = train(pd.concat([frame, crowd]), group="visitor")
    assert np.corrcoef(alone, both.predict_proba(new))[0, 1] > 0.93
    assert abs(both.metric("base_rate") - frame["bought"].mean()) < 0.05


def test_rows_without_outcome_are_left_out() -> None:
    frame = visitors(1_000).drop(columns="chance")
    frame["bought"] = frame["bought"].astype("boolean")
    frame.loc[::4, "bought"] = pd.NA
    model = ml.train_propensity(frame, target="bought", n_trials=1)
    assert model.metric("n_rows") == 750


def test_unseen_and_missing_values_are_scored(plain: PropensityModel) -> None:
    odd = pd.DataFrame(
        {
            "visits": [None, 3],
            "device": ["watch", None],
            "minutes": [1, None],
            "noise": [None, np.inf],
            "is_weekend": [None, True],
        }
    )
    p = plain.predict_proba(odd)
    assert ((p > 0) & (p < 1)).all()


def test_an_empty_frame_has_no_scores(plain: PropensityModel) -> None:
    assert plain.predict_proba(visitors(5).iloc[:0]).shape == (0,)


def test_a_saved_model_is_the_same_model(plain: PropensityModel, tmp_path: object) -> None:
    path = f"{tmp_path}/model.zip"
    sha256 = plain.save(path)
    loaded = ml.load_model(path, sha256=sha256)
    new = visitors(300, seed=2)
    np.testing.assert_array_equal(loaded.predict_proba(new), plain.predict_proba(new))
    pd.testing.assert_frame_equal(loaded.evaluation, plain.evaluation)
    assert loaded.effects["label"].isna().tolist() == plain.effects["label"].isna().tolist()
    pd.testing.assert_frame_equal(loaded.explain(new), plain.explain(new))


def test_an_altered_model_is_refused_before_it_is_read(plain: PropensityModel) -> None:
    data = packing.to_bytes(plain)
    sha256 = hashlib.sha256(data).hexdigest()
    for at in range(0, len(data), len(data) // 40):
        bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(artefact.ArtefactError, match="altered or cut short"):
            artefact.from_bytes(bad, sha256)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(artefact.ArtefactError, match="not a model"):
        artefact.from_bytes(b"PK", packing.checksum(b"PK"))


def test_too_little_data_says_what_to_bring() -> None:
    few = visitors(200)
    few["bought"] = np.arange(200) < 3
    with pytest.raises(NotTrainableError, match="true in 3 and false in 197 rows"):
        train(few)


def test_absent_columns_are_named() -> None:
    with pytest.raises(ValueError, match="group: 'nope' is not accepted; it takes a column of"):
        train(visitors(100), group="nope")


def test_time_only_stops_the_search_and_is_recorded() -> None:
    frame = visitors(600).drop(columns="chance")
    model = ml.train_propensity(frame, target="bought", n_trials=4, max_seconds=1e-9)
    assert model.params["stopped_early"] == "after 1 of 4 trials, 1e-09 s"


def test_the_search_is_bounded_and_shows_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    frame = visitors(400).drop(columns="chance")
    told = {}
    for progress in (True, False):
        model = ml.train_propensity(frame, target="bought", n_trials=3, progress=progress)
        assert model.params["trials"] == 3
        assert "stopped_early" not in model.params
        told[progress] = capsys.readouterr().err
    assert "train:" in told[True]
    assert "/15 [" in told[True]  # three settings on five folds
    assert told[False] == ""


def test_rare_outcomes_keep_their_probabilities() -> None:
    frame = visitors(4_000)
    frame["bought"] = np.random.default_rng(3).random(4_000) < frame["chance"] / 8
    model = train(frame)
    new = visitors(20_000, seed=9)
    assert model.predict_proba(new).mean() == pytest.approx(new["chance"].mean() / 8, rel=0.2)
    assert "scale_pos_weight" not in model.params


def test_the_package_loads_without_xgboost() -> None:
    import subprocess

    code = "import ml, sys; assert 'xgboost' not in sys.modules; ml.train_propensity"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
