"""Champions for tests, trained in a second on rows of the shape that `live` reads."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import ml
from ml.model.packing import checksum, to_bytes
from ml.model.trained import PropensityModel
from ml.scoring.reasons import read_words
from ml.signals.champion import Champion

_COUNT = {"aggregation": "counter", "type": "int64", "default_value": 0, "period": "P7D"}
# Feature -> how it is read, and its attribute.
ATTRIBUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "num_page_views_l7d": ("value", _COUNT),
    "num_page_views_l1h": ("value", _COUNT),
    "num_pricing_views_l7d": ("value", _COUNT),
    "sum_of_orders_l30d": ("value", {**_COUNT, "type": "double", "default_value": 0.0}),
    "had_form_engagement_l7d": ("is_positive", _COUNT),
    "last_page_l1h": ("empty_text_if_null", {**_COUNT, "type": "string", "default_value": ""}),
    "hours_since_pricing_l30d": (
        "null_if_default",
        {**_COUNT, "type": "float", "default_value": -1.0},
    ),
}
FEATURES = ["day_of_week", *ATTRIBUTES]
DIGEST = "0123456789ab"


def rows(n: int, seed: int) -> pd.DataFrame:
    """Rows whose outcome depends on the features, in a way that one seed decides."""
    rng = np.random.default_rng(seed)
    pages = np.array(["/", "/pricing/", "/docs/", "", "/blog/post-1/"], dtype=object)
    hours = np.round(rng.exponential(50, n), 3)
    frame = pd.DataFrame(
        {
            "day_of_week": rng.integers(1, 8, n),
            "num_page_views_l7d": rng.poisson(6, n),
            "num_page_views_l1h": rng.poisson(2, n),
            "num_pricing_views_l7d": rng.poisson(0.7, n),
            "sum_of_orders_l30d": np.round(rng.gamma(1, 30, n), 2),
            "had_form_engagement_l7d": rng.random(n) < 0.2,
            "last_page_l1h": rng.choice(pages, n),
            "hours_since_pricing_l30d": np.where(rng.random(n) < 0.3, np.nan, hours),
        }
    )
    raising = 0.9 * frame["num_pricing_views_l7d"] + 2.0 * frame["had_form_engagement_l7d"]
    raising += 0.08 * frame["num_page_views_l7d"] + (frame["last_page_l1h"] == "/pricing/")
    raising -= frame["hours_since_pricing_l30d"].fillna(80) / 100
    frame["converted"] = (rng.random(n) < 1 / (1 + np.exp(3.2 - raising))).astype(int)
    return frame


@cache
def model(seed: int = 0) -> PropensityModel:
    """A model of those rows."""
    return ml.train_propensity(
        rows(2_000, seed), target="converted", features=FEATURES, n_trials=1, random_state=seed
    )


def catalogue() -> pd.DataFrame:
    """Words of the features; two windows of page views are one behaviour."""
    labels = {
        "day_of_week": ("day of the week", ""),
        "num_page_views_l7d": ("page views", "events"),
        "num_page_views_l1h": ("page views", "events"),
        "num_pricing_views_l7d": ("views of pricing pages", "events"),
        "sum_of_orders_l30d": ("order total", ""),
        "had_form_engagement_l7d": ("form engagement", ""),
        "last_page_l1h": ("page", ""),
        "hours_since_pricing_l30d": ("hours since a pricing page was viewed", "hours"),
    }
    periods = {
        "l7d": "in the last 7 days",
        "l1h": "in the last hour",
        "l30d": "in the last 30 days",
    }
    return pd.DataFrame(
        [
            {
                "feature_name": name,
                "label": label,
                "behaviour": label,
                "period_label": periods.get(name.rpartition("_")[2]),
                "unit": unit,
                "definition": '{"moment": "day_of_week"}' if name == "day_of_week" else "{}",
            }
            for name, (label, unit) in labels.items()
        ]
    )


@cache
def champion(seed: int = 0) -> Champion:
    """A champion as a warehouse has it; another seed is another version."""
    trained = model(seed)
    data = to_bytes(trained)
    names = trained.schema.names
    scores = trained.predict_proba(rows(2_000, 99))
    definitions: dict[str, Any] = {
        name: {"attribute": attribute, "read_as": read_as}
        for name, (read_as, attribute) in ATTRIBUTES.items()
    }
    definitions["day_of_week"] = {"moment": "day_of_week"}
    return Champion(
        model_name="live",
        version=f"v{seed}",
        kind="conversion",
        artefact=data,
        artefact_sha256=checksum(data),
        base_rate=trained.base_rate,
        label_from={"High": 3 * trained.base_rate, "Medium": trained.base_rate},
        decile_from=[float(at) for at in np.quantile(scores, np.arange(0.9, 0.05, -0.1))],
        features={name: definitions[name] for name in names},
        digests=dict.fromkeys(names, DIGEST),
        warm_after_s={name: 30 * 86_400 if name in ATTRIBUTES else 0 for name in names},
        group={"name": "live_features", "digest": "ab" * 32},
        words=dict(zip(names, read_words(catalogue(), names), strict=True)),
    )


def write(champion: Champion, path: Path) -> None:
    """Put it where `cdp export-model` would, card and file as one."""
    card = path.with_name(f"{path.name}.json")
    for file, content in (
        (path, champion.artefact),
        (card, json.dumps({"serving": champion.to_json()}).encode()),
    ):
        aside = file.with_name(f".{file.name}")
        aside.write_bytes(content)
        aside.replace(file)
