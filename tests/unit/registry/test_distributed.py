from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import ml
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.registry import distributed
from ml.registry.fit import refit_on
from ml.registry.settings import Settings
from ml.registry.specs import Spec
from tests.unit.frames import visitors, with_folds

FRAME = with_folds(visitors(3_000, groups=600, days=60))
SPEC = Spec("daily", "conversion", "trn_daily", "target", "domain_userid", "d1", "")
READINESS = pd.DataFrame({"training_table": ["trn_daily"], "subject_column": ["domain_userid"]})


class Session:
    """A cluster's session, as far as its slots are asked for."""

    def __init__(self, cores: int = 8, **conf: str) -> None:
        self.sparkContext = SimpleNamespace(
            defaultParallelism=cores,
            getConf=lambda: SimpleNamespace(
                get=lambda name, default: conf.get(name.replace(".", "_"), default)
            ),
        )


Session.__module__ = "pyspark.sql.session"


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return ml.train_propensity(
        FRAME,
        target="target",
        features=["visits", "device", "minutes"],
        time="as_of_tstamp",
        group="domain_userid",
        fold="fold",
        n_trials=1,
    )


def fitted(
    model: PropensityModel, n_rows: int, monkeypatch: pytest.MonkeyPatch, **answer: Any
) -> tuple[PropensityModel, list[str], list[dict[str, Any]]]:
    """Refit where the table has so many rows; what was warned of, and asked of the workers."""
    asked: list[dict[str, Any]] = []

    def on_workers(*_: object, **options: Any) -> PropensityModel:
        asked.append(options)
        if "error" in answer:
            raise answer["error"]
        return model

    monkeypatch.setattr(distributed, "refit_by_workers", on_workers)
    relation = SimpleNamespace(count=lambda: n_rows)
    lines: list[str] = []
    settings = Settings(distributed=True, max_training_rows=5_000)
    session = Session(spark_task_cpus="2")
    plan = distributed.plan(
        {"trn_daily": relation}, READINESS, session, settings, log_warning=lines.append
    )
    assert plan.refit is not None
    return plan.refit(model, FRAME, SPEC), lines, asked


def same(one: PropensityModel, other: PropensityModel) -> bool:
    return packing.to_bytes(one) == packing.to_bytes(other)


def test_a_table_that_is_read_whole_is_fitted_here(
    model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = refit_on(model, FRAME, SPEC, Settings())
    found, lines, asked = fitted(model, 5_000, monkeypatch)
    assert same(found, here)
    assert (lines, asked) == ([], [])
    found, _, asked = fitted(model, 5_001, monkeypatch)
    assert found is model
    assert [options["slots"] for options in asked] == [4]


def test_where_the_workers_fail_the_sample_is_fitted_and_a_line_says_so(
    model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RuntimeError("Barrier stage failed\nat java.lang")
    found, lines, _ = fitted(model, 5_001, monkeypatch, error=error)
    assert same(found, refit_on(model, FRAME, SPEC, Settings()))
    assert len(lines) == 1
    assert lines[0].startswith(
        "daily: distributed_training failed (RuntimeError: Barrier stage failed); the model that "
        "scores is fitted on the sample. "
    )


@pytest.mark.parametrize(
    ("cores", "conf", "slots"),
    [(8, {}, 8), (8, {"spark_task_cpus": "4"}, 2), (2, {"spark_task_cpus": "4"}, 1)],
)
def test_slots_are_what_a_barrier_stage_may_take(
    cores: int, conf: dict[str, str], slots: int
) -> None:
    assert distributed.slots_of(Session(cores, **conf)) == slots
