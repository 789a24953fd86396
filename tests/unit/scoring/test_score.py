from __future__ import annotations

import inspect
import pickle
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ml
from ml.engines import frames
from ml.errors import ArtefactError
from ml.model import packing
from ml.model.trained import Gated, PropensityModel
from ml.registry.tables import Registered, find_artefact
from ml.scoring.score import SCORES, jobs, roles, scorer
from tests.unit.frames import visitors, with_folds

CATALOGUE = pd.DataFrame(
    {
        "feature_name": ["visits", "visits_l30d", "device", "day_of_week"],
        "label": ["page views", "page views", "device", "day of the week"],
        "behaviour": ["views", "views", "device", "day"],
        "period_label": ["in the last 7 days", "in the last 30 days", None, None],
        "unit": ["events", "events", "", ""],
        "definition": ["{}", "{}", "{}", '{"moment": "day_of_week"}'],
    }
)


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    frame = with_folds(visitors(4_000, groups=500, days=60))
    return ml.train_propensity(
        frame, target="target", time="as_of_tstamp", group="domain_userid", fold="fold", n_trials=1
    )


def subjects(n: int) -> pd.DataFrame:
    frame = visitors(n, seed=3)
    frame["domain_userid"] = [f"u{at}" for at in range(n)]
    frame["as_of_tstamp"] = pd.Timestamp("2026-03-01 10:00:00.000001")
    return frame.drop(columns=["chance", "bought"])


def test_scores_stream_through_duckdb_unchanged_by_the_batch_size(model: PropensityModel) -> None:
    frame = subjects(500)
    score = scorer(model, CATALOGUE, model_name="daily", version="v1")
    session = duckdb.connect()
    session.register("subjects", frame)
    for batch_rows in (7, 2_048):
        relation = session.query("select * from subjects")
        reader = frames.map_many([(relation, score)], SCORES, session, batch_rows)
        assert isinstance(reader, pa.RecordBatchReader)
        table = reader.read_all().to_pandas()
        assert table["subject_id"].tolist() == frame["domain_userid"].tolist()
        np.testing.assert_allclose(table["score"], model.predict_proba(frame), atol=1e-12)
        assert (table["as_of_tstamp"] == frame["as_of_tstamp"]).all()
        assert table["base_rate"].eq(model.base_rate).all()
        assert table["version"].eq("v1").all()


def test_what_is_sent_to_workers_is_what_scores_and_no_more(model: PropensityModel) -> None:
    gated = Gated(model.boosters * 3, model.calibration, model.base_rate, "2026-03-01")
    whole = replace(model, gated=gated)
    score = scorer(whole, CATALOGUE, model_name="daily", version="v1", n_threads=1)
    sent = inspect.getclosurevars(score).nonlocals["model"]
    bare = sum(len(pickle.dumps(booster)) for booster in model.boosters)
    assert len(pickle.dumps(sent)) < bare + 10_000
    frame = subjects(1_500)
    found = score(frame)
    np.testing.assert_array_equal(found["score"], whole.predict_proba(frame))
    plain = scorer(whole, CATALOGUE, model_name="daily", version="v1")(frame)
    pd.testing.assert_frame_equal(found, plain)


def test_on_spark_a_task_has_one_thread() -> None:
    frame = type("DataFrame", (), {"__module__": "pyspark.sql.connect.dataframe"})()
    assert frames.threads_of(frame) == 1
    assert frames.threads_of(duckdb.connect().query("select 1")) is None


def test_an_artefact_that_is_not_there_is_named() -> None:
    session = duckdb.connect()
    session.execute(
        "create table propensity_models as select * from (values "
        "('daily', 'v1', 'bytes'::blob, 'sum'), ('daily', 'v2', null, 'sum')) "
        "as versions(model_name, version, artefact, artefact_sha256)"
    )
    registered = Registered(session, "propensity_models")
    assert registered.artefact("daily", "v1") == b"bytes"
    found = find_artefact(session.table("propensity_models"), "daily", "v1")
    assert found == {"artefact": b"bytes", "artefact_sha256": "sum"}
    for version in ("v2", "v3"):
        with pytest.raises(ArtefactError, match=rf"no artefact of daily {version}.*rollback_model"):
            registered.artefact("daily", version)


def test_every_champion_of_a_base_scores_its_subjects_batch_by_batch(
    model: PropensityModel,
) -> None:
    frame = subjects(60).assign(
        is_open__daily__a=[at % 2 == 0 for at in range(60)],
        is_open__daily__churn=[at >= 40 for at in range(60)],
    )
    other = frame.head(5).rename(columns={"domain_userid": "stitched_user_id"})
    data = packing.to_bytes(model)
    champions = pd.DataFrame(
        [
            ("daily__b", "conversion", "domain_userid"),
            ("daily__a", "conversion", "domain_userid"),
            ("daily__churn", "churn", "domain_userid"),
            ("first_touch", "conversion", "stitched_user_id"),
            ("live__a", "conversion", "domain_userid"),
        ],
        columns=["model_name", "kind", "subject_column"],
    ).assign(version="v1", role="champion")
    fetched = []

    def fetch(name: str, version: str) -> dict[str, Any]:
        fetched.append((name, version))
        return {"artefact": data, "artefact_sha256": packing.checksum(data)}

    session = duckdb.connect()
    session.register("subjects", frame)
    session.register("people", other)
    relations = {
        "daily": session.query("select * from subjects"),
        "first_touch": session.query("select * from people"),
    }
    work = jobs(champions, relations, catalogue=CATALOGUE, fetch=fetch)
    scores = frames.map_many(work, SCORES, session, 20).read_all().to_pandas()
    assert [name for name, _ in fetched] == ["daily__a", "daily__b", "daily__churn", "first_touch"]
    assert scores.groupby("model_name").size().to_dict() == {
        "daily__a": 60,
        "daily__b": 60,
        "daily__churn": 20,
        "first_touch": 5,
    }
    is_open = scores.groupby("model_name")["is_open"].sum().to_dict()
    assert is_open == {"daily__a": 30, "daily__b": 60, "daily__churn": 20, "first_touch": 5}
    asked = scores.loc[scores["model_name"] == "daily__churn", "subject_id"]
    assert asked.tolist() == [f"u{at}" for at in range(40, 60)]
    np.testing.assert_allclose(
        scores.loc[scores["model_name"] == "daily__a", "score"], model.predict_proba(frame)
    )


def test_without_a_champion_there_is_no_score() -> None:
    none = pd.DataFrame(columns=["model_name", "version", "kind", "subject_column", "role"])
    session = duckdb.connect()
    relations = {"daily": session.query("select 1 as n")}
    work = jobs(none, relations, catalogue=CATALOGUE, fetch=lambda *_: {})
    assert frames.map_many(work, SCORES, session).num_rows == 0


def test_a_challenger_scores_only_where_it_has_a_share() -> None:
    champions = pd.DataFrame({"model_name": ["daily"], "version": ["v1"]})
    challengers = pd.DataFrame({"model_name": ["daily"], "version": ["v2"]})
    assert roles(champions, challengers, challenger_share=0)["version"].tolist() == ["v1"]
    both = roles(champions, challengers, challenger_share=0.1)
    assert both[["version", "role"]].to_numpy().tolist() == [
        ["v1", "champion"],
        ["v2", "challenger"],
    ]
    assert roles(champions, challengers.iloc[:0], challenger_share=0.1)["role"].tolist() == [
        "champion"
    ]
