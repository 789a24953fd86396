"""A small warehouse with a champion of `live`, so that the live page needs no `make demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.engines import frames
from ml.registry.register import REGISTRY, register_due
from ml.registry.settings import Settings
from tests.unit.frames import with_folds

AS_OF = pd.Timestamp("2026-03-10 12:00:00")
FORMS = ("change_form", "focus_form")


def _counter(events: tuple[str, ...], period: str, url: str = "") -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "aggregation": "counter",
        "default_value": 0,
        "events": [{"name": name} for name in events],
        "period": period,
        "type": "int64",
    }
    if url:
        address = {"name": "page_url", "type": "atomic"}
        attribute["criteria"] = {"all": [{"operator": "like", "property": address, "value": url}]}
    return attribute


def _last(name: str, **until: str) -> dict[str, Any]:
    attribute = {
        "aggregation": "last",
        "default_value": "",
        "events": [],
        "property": {"name": name, "type": "atomic"},
        "type": "string",
        **until,
    }
    return {"attribute": attribute, "read_as": "empty_text_if_null"}


# As feature_catalogue has them by default.
ONLINE: dict[str, dict[str, Any]] = {
    "latest_app_id": _last("app_id", ttl="P1Y"),
    "day_of_week": {"moment": "day_of_week"},
    "num_page_views_l7d": {"attribute": _counter(("page_view",), "P7D"), "read_as": "value"},
    "num_page_pings_l1h": {"attribute": _counter(("page_ping",), "PT1H"), "read_as": "value"},
    "num_pricing_views_l7d": {
        "attribute": _counter(("page_view",), "P7D", "%pricing%"),
        "read_as": "value",
    },
    "num_form_events_l1h": {"attribute": _counter(FORMS, "PT1H"), "read_as": "value"},
    "had_form_engagement_l7d": {"attribute": _counter(FORMS, "P7D"), "read_as": "is_positive"},
    "last_page_urlpath_l1h": _last("page_urlpath", period="PT1H"),
}
# Label, period in words, unit.
WORDS = {
    "latest_app_id": ("application", None, None),
    "day_of_week": ("day of the week", None, None),
    "num_page_views_l7d": ("page views", "in the last 7 days", "events"),
    "num_page_pings_l1h": ("signs of reading", "in the last hour", "events"),
    "num_pricing_views_l7d": ("views of pricing pages", "in the last 7 days", "events"),
    "num_form_events_l1h": ("uses of form fields", "in the last hour", "events"),
    "had_form_engagement_l7d": ("form engagement", "in the last 7 days", None),
    "last_page_urlpath_l1h": ("page", "in the last hour", None),
}


def catalogue() -> pd.DataFrame:
    """Rows of `feature_catalogue`."""
    rows = [
        {
            "feature_name": name,
            "label": label,
            "behaviour": label,
            "period_label": period,
            "unit": unit,
            "description": f"{label}, for a test.",
            "definition": json.dumps(online if "moment" in online else {}),
            "only_for": "",
            "leak_reviewed": False,
            "feature_hash": f"{at:012x}",
            "online_definition": json.dumps(online, sort_keys=True),
            "not_online_reason": None,
        }
        for at, (name, online) in enumerate(ONLINE.items())
        for label, period, unit in [WORDS[name]]
    ]
    return pd.DataFrame(rows)


def moments(n: int = 6_000) -> pd.DataFrame:
    """Rows of `trn_live`: views of prices, and more so forms, lead to conversions."""
    rng = np.random.default_rng(7)
    forms = rng.poisson(3, n) * (rng.random(n) < 0.3)
    pricing = rng.poisson(0.7, n)
    odds = -3.5 + 0.9 * np.minimum(pricing, 3) + 1.8 * (forms > 0)
    chance = 1 / (1 + np.exp(-odds))
    frame = pd.DataFrame(
        {
            "latest_app_id": rng.choice(["website", "docs"], n),
            "day_of_week": rng.integers(1, 8, n),
            "num_page_views_l7d": pricing + rng.poisson(2, n),
            "num_page_pings_l1h": rng.poisson(2, n),
            "num_pricing_views_l7d": pricing,
            "num_form_events_l1h": forms,
            "had_form_engagement_l7d": forms > 0,
            "last_page_urlpath_l1h": rng.choice(["/", "/pricing/", "/request-demo/"], n),
            "visitor": [f"v{at}" for at in rng.integers(0, 1_000, n)],
            "moment": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(rng.integers(0, 60 * 86_400, n), unit="s"),
            "chance": chance,
            "bought": rng.random(n) < chance,
        }
    )
    return with_folds(frame)


def readiness() -> pd.DataFrame:
    """The row of `trn_readiness`."""
    hashes = zip(catalogue()["feature_name"], catalogue()["feature_hash"], strict=True)
    return pd.DataFrame(
        {
            "model_name": ["live"],
            "kind": ["conversion"],
            "training_table": ["trn_live"],
            "target_column": ["target"],
            "subject_column": ["domain_userid"],
            "n_rows": [6_000],
            "n_subjects": [1_000],
            "n_converting_subjects": [400],
            "not_trained_code": pd.Series([None], dtype=object),
            "not_trained_reason": pd.Series([None], dtype=object),
            "not_trained_advice": pd.Series([None], dtype=object),
            "definition_hash": ["d1"],
            "outcome_hash": ["o1"],
            "feature_hashes": ["".join(f"|{name}:{code}|" for name, code in sorted(hashes))],
        }
    )


def write_live_warehouse(path: Path) -> None:
    """Train a champion, and write what dbt would leave of it."""
    registry = register_due(
        {"trn_live": moments},
        readiness=readiness(),
        as_of=AS_OF,
        catalogue=catalogue(),
        settings=Settings(n_trials=1),
        log=lambda _: None,
    ).reindex(columns=list(REGISTRY))
    (champion,) = registry.to_dict("records")
    assert champion["decision"] == "champion", champion["decision_reason"]
    names = {"model_name": ["live"], "version": [champion["version"]]}
    base_rate = champion["base_rate"]
    labels = {"high_from_score": [2 * base_rate], "medium_from_score": [base_rate]}
    standing = {"standing": ["champion"], "standing_reason": pd.Series([None], dtype=object)}
    written = {
        "propensity_models": frames.to_arrow(registry, REGISTRY),
        "propensity_champions": pd.DataFrame(names | labels),
        "propensity_versions": pd.DataFrame(names | labels | standing),
        "trn_readiness": readiness(),
        "feature_catalogue": catalogue(),
    }
    with duckdb.connect(str(path)) as connection:
        for name, table in written.items():
            connection.register("given", table)
            connection.execute(f"create or replace table {name} as select * from given")
            connection.unregister("given")
