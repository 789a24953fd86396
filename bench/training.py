"""Train beside a plain pipeline: quality on small data, time and memory on large, scoring.

`python bench/training.py [small] [large] [score]`: each part runs in a process of its own, so
that peak memory is its own; `large` is two, one after the other, and their ratio. Plain:
StandardScaler + OneHotEncoder + XGBClassifier.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

import ml
from ml.engines.frames import BATCH_ROWS
from ml.evaluation.metrics import expected_calibration_error
from ml.scoring.score import scorer

SMALL_ROWS, LARGE_ROWS = 12_330, 1_000_000
SOME_SCORED_ROWS, SCORED_ROWS = 200_000, 1_000_000


def shop_visits(n: int, seed: int) -> pd.DataFrame:
    """Sessions of a shop: 17 columns, about 15 % buy; value and pages tell most."""
    rng = np.random.default_rng(seed)
    intent = rng.normal(size=n)
    pages = rng.negative_binomial(1, 1 / (1 + np.exp(2.8 + 0.6 * intent)))
    seen_value = rng.random(n) < 1 / (1 + np.exp(1.4 - 1.1 * intent))
    value = np.where(seen_value, np.exp(rng.normal(2.6 + 0.4 * intent, 1)), 0)
    bounce = np.clip(rng.beta(0.3, 12, n) - 0.005 * intent, 0, 0.2)
    exits = np.clip(bounce + rng.beta(1, 25, n), 0, 0.2)
    month = rng.choice(["feb", "mar", "may", "jul", "sep", "nov", "dec"], n)
    visitor = rng.choice(["returning", "new", "other"], n, p=[0.85, 0.14, 0.01])
    log_odds = -4.1 + (1.9 + 0.9 * np.log1p(value)) * (value > 0) + 0.2 * np.log1p(pages)
    log_odds += 0.6 * (month == "nov") - 12 * exits + 0.6 * (visitor == "new") * (value > 0)
    frame = pd.DataFrame(
        {
            "pages": pages,
            "pages_s": pages * np.exp(rng.normal(3.4, 0.7, n)),
            "value": value,
            "bounce_rate": bounce,
            "exit_rate": exits,
            "month": month,
            "visitor": visitor,
            "is_weekend": rng.random(n) < 0.23,
            **{f"other_{at}": rng.negative_binomial(1, 0.3, n) for at in range(5)},
            **{f"code_{at}": rng.choice(list("abcdefgh"), n) for at in range(4)},
        }
    )
    frame["bought"] = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return frame


def sign_ups(n: int, seed: int) -> pd.DataFrame:
    """Another shape: nulls, few categories, two features that matter together, 15 % sign up."""
    rng = np.random.default_rng(seed)
    need, means = rng.normal(size=n), rng.normal(size=n)
    employees = np.where(rng.random(n) < 0.3, np.nan, np.exp(4 + 1.2 * means + rng.normal(size=n)))
    minutes = rng.gamma(1.5, np.exp(1 + 0.5 * need))
    log_odds = -3.4 + 1.1 * need * (means > 0) + 0.5 * np.log1p(minutes) + 0.5 * np.isnan(employees)
    frame = pd.DataFrame(
        {
            "employees": employees,
            "minutes": minutes,
            "pages": rng.poisson(1 + minutes / 3),
            "trial_used": rng.random(n) < 1 / (1 + np.exp(1 - need)),
            "industry": rng.choice(["retail", "media", "bank", ""], n, p=[0.4, 0.3, 0.2, 0.1]),
            "country": rng.choice([f"country {at}" for at in range(30)], n),
            **{f"other_{at}": rng.normal(size=n) for at in range(11)},
        }
    )
    frame["bought"] = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return frame


def wide_visits(n: int, seed: int) -> pd.DataFrame:
    """Shop visits with noise up to 40 columns."""
    frame = shop_visits(n, seed)
    rng = np.random.default_rng(seed + 1)
    for at in range(23):
        frame[f"noise_{at}"] = rng.normal(size=n)
    return frame


def plain_pipeline(frame: pd.DataFrame) -> Pipeline:
    """Fit the pipeline that tutorials ship."""
    features = frame.drop(columns="bought")
    texts = features.select_dtypes(exclude="number").columns.tolist()
    numbers = features.select_dtypes(include="number").columns.tolist()
    columns = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
    )
    return make_pipeline(columns, XGBClassifier()).fit(features, frame["bought"])


def small() -> list[dict[str, object]]:
    """Five-fold quality on benchmark-sized data of two shapes and three seeds each."""
    out = []
    for shape in (shop_visits, sign_ups):
        for seed in range(3):
            both = _five_fold(shape(SMALL_ROWS, seed))
            for name, figures in both.items():
                out.append({"data": shape.__name__, "seed": seed, "way": name, **figures})
    return out


def _five_fold(frame: pd.DataFrame) -> dict[str, dict[str, object]]:
    y = frame["bought"].to_numpy(dtype=float)
    out: dict[str, dict[str, object]] = {}
    for name in ("plain", "ml"):
        p = np.zeros(len(frame))
        started = time.perf_counter()
        for fit, held in StratifiedKFold(5, shuffle=True, random_state=0).split(frame, y):
            train, test = frame.iloc[fit], frame.iloc[held].drop(columns="bought")
            if name == "plain":
                p[held] = plain_pipeline(train).predict_proba(test)[:, 1]
            else:
                p[held] = ml.train_propensity(train, target="bought").predict_proba(test)
        out[name] = {
            "roc_auc": round(roc_auc_score(y, p), 4),
            "log_loss": round(log_loss(y, p), 4),
            "ece": round(expected_calibration_error(y, p), 4),
            "seconds": round(time.perf_counter() - started, 1),
        }
    return out


def large(name: str) -> dict[str, object]:
    """Time and quality of one fit on a million rows of 40 columns."""
    frame, new = wide_visits(LARGE_ROWS, 0), wide_visits(100_000, 9)
    before = _peak_mb()
    started, cpu = time.perf_counter(), time.process_time()
    if name == "plain":
        model = plain_pipeline(frame)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        p = model.predict_proba(new)[:, 1]
    else:
        trained = ml.train_propensity(frame, target="bought")
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        p = trained.predict_proba(new)
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mb_over_frame": round(_peak_mb() - before),
        "roc_auc": round(roc_auc_score(new["bought"], p), 4),
        "log_loss": round(log_loss(new["bought"], p), 4),
    }


def visitor_features(n: int, seed: int) -> pd.DataFrame:
    """Features of visitors shaped like `feat_visitor__current`: most idle, counts nested."""
    rng = np.random.default_rng(seed)
    intent = rng.normal(size=n)
    last_seen_h = rng.exponential(200, n)
    views_l30d = 1 + rng.negative_binomial(1, 1 / (1 + np.exp(1.5 + 0.7 * intent)))
    views_l7d = np.where(last_seen_h < 168, rng.binomial(views_l30d, 0.6) + 1, 0)
    frame = pd.DataFrame(
        {
            "latest_app_id": rng.choice(["web", "app", "docs"], n, p=[0.8, 0.15, 0.05]),
            "device_class": rng.choice(["Phone", "Desktop", "Tablet"], n, p=[0.6, 0.35, 0.05]),
            "first_source": rng.choice([f"source {at}" for at in range(40)], n),
            "first_medium": rng.choice(
                np.array(["organic", "cpc", "email", None], dtype=object), n
            ),
            "day_of_week": np.full(n, 3),
            "num_page_views_l7d": views_l7d,
            "num_page_views_l30d": views_l30d,
            "num_sessions_l7d": np.minimum(views_l7d, 1 + rng.poisson(0.4, n)),
            "num_sessions_l30d": 1 + rng.poisson(0.8, n),
            "engaged_time_in_s_l7d": views_l7d * rng.poisson(30, n),
            "engaged_time_in_s_l30d": views_l30d * rng.poisson(30, n),
            "had_form_events_l7d": (views_l7d > 0) & (rng.random(n) < 0.1),
            "hours_since_latest_event": last_seen_h,
            "hours_since_first_event": last_seen_h + rng.exponential(100, n),
            **{f"num_{name}_l7d": rng.binomial(views_l7d, 0.1) for name in "abcdefg"},
            **{f"num_{name}_l30d": rng.binomial(views_l30d, 0.1) for name in "abcdefg"},
        }
    )
    log_odds = -5 + 0.5 * intent + 0.4 * np.log1p(views_l7d) - last_seen_h / 300
    log_odds += 0.3 * frame["num_a_l7d"] + 1.5 * frame["had_form_events_l7d"]
    frame["bought"] = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return frame


def score() -> dict[str, object]:
    """Scores with reasons of many subjects, streamed in batches of new rows."""
    model = ml.train_propensity(visitor_features(100_000, 0), target="bought")
    words = pd.DataFrame({"feature_name": model.schema.names})
    one = scorer(model, words, model_name="daily", version="bench")
    out: dict[str, object] = {"trees": sum(b.num_boosted_rounds() for b in model.boosters)}
    seconds, done, peaks = 0.0, 0, [_peak_mb()]
    while done < SCORED_ROWS:
        batch = visitor_features(BATCH_ROWS, 1 + done)
        batch["domain_userid"] = np.arange(done, done + BATCH_ROWS).astype(str)
        batch["as_of_tstamp"] = pd.Timestamp("2026-01-01")
        started = time.perf_counter()
        one(batch)
        seconds += time.perf_counter() - started
        done += BATCH_ROWS
        peaks.append(_peak_mb())
        if done in {SOME_SCORED_ROWS, SCORED_ROWS}:
            # The first two batches grow what every later one uses again.
            out[f"{done} rows"] = {
                "rows_per_second": round(done / seconds),
                "seconds": round(seconds, 1),
                "peak_mb_after_2_batches": round(peaks[2]),
                "growth_mb_since": round(peaks[-1] - peaks[2]),
            }
    return out


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS = {
    "small": small,
    "large-plain": lambda: large("plain"),
    "large-ml": lambda: large("ml"),
    "score": score,
}


def measured(part: str) -> object:
    """Run a part in a process of its own."""
    command = [sys.executable, __file__, "--part", part]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run the parts named on the command line."""
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(PARTS[sys.argv[2]]()))
        return
    for part in sys.argv[1:] or ("small", "large", "score"):
        if part != "large":
            told = measured(part)
            for line in told if isinstance(told, list) else [told]:
                print(f"{part:12s} {json.dumps(line)}", flush=True)
            continue
        both = {name: measured(f"large-{name}") for name in ("plain", "ml")}
        for name, figures in both.items():
            print(f"large {name:6s} {json.dumps(figures)}", flush=True)
        ratios = {
            name: round(both["plain"][name] / both["ml"][name], 2)  # pyright: ignore
            for name in ("seconds", "cpu_seconds", "peak_mb_over_frame")
        }
        print(f"large plain / ml {json.dumps(ratios)}", flush=True)


if __name__ == "__main__":
    main()
