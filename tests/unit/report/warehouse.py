"""A small warehouse for the report's tests, filled by the registry's own functions."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from ml.engines import frames
from ml.registry import tables
from ml.registry.register import REGISTRY, register_due
from ml.registry.settings import Settings
from tests.unit.frames import visitors, with_folds

AS_OF = pd.Timestamp("2026-03-10 12:00:00")
ADVICE = "Widen var training_window."
WHY = "Too few subjects: 12 where 200 are asked for."
# What must never become markup, in every place that comes from data.
HOSTILE = "<img src=http://hostile.test/x.png onerror=\"document.title='owned'\">"
CATALOGUE = pd.DataFrame(
    {
        "feature_name": ["visits", "device", "minutes", "noise", "is_weekend"],
        "label": ["visits", f"device {HOSTILE}", "minutes on site", "noise", "weekend"],
        "behaviour": ["visits", "device", "minutes", "noise", "weekend"],
        "period_label": ["in the last 7 days", None, None, None, None],
        "unit": ["visits", None, None, None, None],
        "definition": [None] * 5,
        "leak_reviewed": [False] * 5,
    }
)
READINESS = pd.DataFrame(
    {
        "model_name": ["daily", "live"],
        "kind": ["conversion", "conversion"],
        "training_table": ["trn_daily", "trn_live"],
        "target_column": ["target", "target"],
        "subject_column": ["domain_userid", "domain_userid"],
        "n_rows": [12_000, 30],
        "n_subjects": [1_500, 12],
        "n_converting_subjects": [900, 1],
        "not_trained_code": pd.Series([None, "few_subjects"], dtype=object),
        "not_trained_reason": pd.Series([None, f"{WHY} {ADVICE}"], dtype=object),
        "not_trained_advice": pd.Series([None, ADVICE], dtype=object),
        "definition_hash": ["d1", "d1"],
        "outcome_hash": ["o1", "o1"],
        "feature_hashes": ["", ""],
    }
)


def training_rows() -> pd.DataFrame:
    """Rows of `trn_daily`; one device is named by markup."""
    frame = with_folds(visitors(12_000, groups=1_500, days=60))
    return frame.assign(device=frame["device"].replace("phone", HOSTILE))


def trained(frame: pd.DataFrame, as_of: pd.Timestamp = AS_OF) -> pd.DataFrame:
    """Registry rows of one training."""
    return register_due(
        {"trn_daily": lambda: frame},
        readiness=READINESS,
        as_of=as_of,
        catalogue=CATALOGUE,
        settings=Settings(n_trials=1),
        log=lambda _: None,
    )


def two_versions() -> pd.DataFrame:
    """A champion, and a later version that the gate rejected for a planted leak."""
    frame = training_rows()
    leaking = frame.assign(noise=frame["target"] * 1.0)
    champion, rejected = trained(frame), trained(leaking, AS_OF + pd.Timedelta(days=7))
    return pd.concat([champion, rejected], ignore_index=True)


def write_warehouse(path: Path, registry: pd.DataFrame) -> None:
    """Write what dbt would leave of these versions."""
    registry = registry.reindex(columns=list(REGISTRY))
    evaluation = tables.evaluation_table(registry, READINESS)
    champions = registry.loc[registry["decision"] == "champion", ["model_name", "version"]]
    written = {
        "propensity_models": frames.to_arrow(registry, REGISTRY),
        "propensity_evaluation": frames.to_arrow(evaluation, tables.EVALUATION),
        "propensity_champions": champions.tail(1),
        "trn_readiness": READINESS,
        "feature_catalogue": CATALOGUE,
    }
    with duckdb.connect(str(path)) as connection:
        for name, table in written.items():
            connection.register("given", table)
            connection.execute(f"create or replace table {name} as select * from given")
            connection.unregister("given")
