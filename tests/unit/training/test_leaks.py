from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ml
from ml.training.leaks import find_rates
from tests.unit.frames import visitors


def leaks(frame: pd.DataFrame, **options: object) -> pd.DataFrame:
    data = frame.drop(columns="chance")
    model = ml.train_propensity(data, target="bought", n_trials=1, progress=False, **options)  # pyright: ignore
    return model.leaks


def planted(kind: str, seed: int, n: int = 2_000) -> pd.DataFrame:
    frame = visitors(n, seed, groups=n // 8, days=60)
    rng = np.random.default_rng(seed + 50)
    bought = frame["bought"].to_numpy()
    if kind == "counts after the outcome":
        frame["leak"] = rng.poisson(0.1, n) + bought * (1 + rng.poisson(1, n))
    elif kind == "rate made from the target":
        cell = pd.Series(rng.integers(0, n // 3, n))
        frame["leak"] = frame["bought"].groupby(cell).transform("mean")
    elif kind == "join with the future":
        frame["leak"] = rng.poisson(0.5, n) + bought * rng.poisson(3, n)
    else:
        frame["leak"] = bought & (rng.random(n) < 0.4)
    return frame


@pytest.mark.parametrize(
    "kind",
    ["counts after the outcome", "rate made from the target", "join with the future", "a flag"],
)
@pytest.mark.parametrize("with_time", [False, True])
def test_planted_leaks_are_caught(kind: str, with_time: bool) -> None:
    options = {"group": "visitor", "time": "moment"} if with_time else {}
    found = leaks(planted(kind, 1, n=5_000 if with_time else 2_000), **options)
    assert found["feature"].tolist() == ["leak"]
    assert found["evidence"].str.len().min() > 20


def test_clean_data_are_hardly_ever_suspected() -> None:
    flagged = 0
    for seed in range(20):
        frame = visitors(1_200, seed, groups=200, days=60)
        options = {"group": "visitor", "time": "moment"} if seed % 2 else {}
        flagged += len(leaks(frame, **options)) > 0
    assert flagged <= 1


def test_a_reviewed_column_is_not_suspected() -> None:
    frame = planted("counts after the outcome", 0)
    assert leaks(frame, leak_reviewed=["leak"]).empty


def test_a_mean_of_the_target_is_a_leak_whatever_holds_it() -> None:
    rng = np.random.default_rng(0)
    page = rng.integers(0, 200, 20_000)
    y = (rng.random(len(page)) < 0.3).astype(float)
    rate = pd.Series(y).groupby(page).transform("mean")
    decimals = pd.Series([Decimal(value) for value in rate.tolist()], dtype=object)
    for values in (
        rate,
        decimals,
        rate.astype("Float64"),
        rate.astype(pd.ArrowDtype(pa.float64())),
    ):
        found = find_rates(pd.DataFrame({"rate": values, "flag": y, "text": "a"}), y, ["rate"])
        assert list(found) == ["rate"]
    assert find_rates(pd.DataFrame({"flag": y.astype(int)}), y, ["flag"]) == {}
