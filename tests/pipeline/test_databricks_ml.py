"""`ml` on Spark as Databricks runs it: over Spark Connect, on workers that import `ml`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import ml
from ml.engines import frames
from ml.model import artefact, booster, packing
from ml.registry import distributed
from ml.registry.settings import Settings
from ml.registry.specs import Spec
from ml.scoring import score
from ml.training.refit import refit
from tests.pipeline import local_spark
from tests.unit.frames import visitors, with_folds
from tools.stand_ins import free_port

# py4j and gRPC leave sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
TYPES = {
    "name": "text",
    "share": "double",
    "n": "bigint",
    "is_open": "boolean",
    "at": "timestamp",
    "artefact": "binary",
}
MOMENT = pd.Timestamp("2026-01-02 03:04:05.678901")
# What Spark says of TYPES.
DDL = "struct<name:string,share:double,n:bigint,is_open:boolean,at:timestamp_ntz,artefact:binary>"
SUBJECTS = (
    "visits bigint, device string, minutes double, noise double, is_weekend boolean, "
    "domain_userid string, as_of_tstamp timestamp_ntz, target boolean, fold string"
)
MADE: dict[str, Any] = {
    "target": "target",
    "features": ["visits", "device", "minutes", "noise", "is_weekend"],
    "time": "as_of_tstamp",
    "group": "domain_userid",
}
SPEC = Spec("daily", "conversion", "trn_daily", "target", "domain_userid", "d1", "")


@dataclass(frozen=True)
class Sessions:
    """The two that dbt hands to a Python model: on a cluster, and on serverless compute."""

    classic: Any
    connect: Any


@pytest.fixture(scope="module")
def spark() -> Iterator[Sessions]:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    port = free_port()
    classic = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
        .config("spark.connect.grpc.binding.address", "127.0.0.1")
        .config("spark.connect.grpc.binding.port", str(port))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        # The tables are tiny: compiling a plan takes far longer than interpreting it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    connect = ConnectSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    yield Sessions(classic, connect)
    connect.stop()
    local_spark.stop(classic)


@pytest.fixture(scope="module", params=["classic", "connect"])
def session(spark: Sessions, request: pytest.FixtureRequest) -> Any:
    return getattr(spark, request.param)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["a", None],
            "share": [0.25, None],
            "n": pd.array([2**60 + 1, None], dtype="Int64"),
            "is_open": pd.array([True, None], dtype="boolean"),
            "at": [MOMENT, None],
            "artefact": [os.urandom(8 * 1024 * 1024), None],
        }
    )


def test_a_table_with_an_artefact_of_8_mb_is_written_as_it_is(session: Any) -> None:
    assert frames.engine_of(session) == "spark"
    frame = rows()
    written = frames.write(frame, TYPES, session)
    assert written.schema.simpleString() == DDL
    found = sorted(written.collect(), key=lambda row: row["name"] is None)
    assert found[0][:5] == ("a", 0.25, 2**60 + 1, True, MOMENT.to_pydatetime())
    assert bytes(found[0]["artefact"]) == frame["artefact"][0]
    assert tuple(found[1]) == (None,) * 6


def test_no_row_is_written_with_its_types(session: Any) -> None:
    written = frames.write(frames.empty(TYPES), TYPES, session)
    assert written.schema.simpleString() == DDL
    assert written.collect() == []


def test_a_relation_is_read_in_lower_case_and_in_part(session: Any) -> None:
    at = "'2026-01-02 03:04:05.678901'"
    relation = session.sql(
        f"select 1.25bd as Amount, timestamp_ntz{at} as At, timestamp{at} as Zoned, 5 as n "
        "union all select null, null, null, 6"
    )
    found = frames.read(relation, ["amount", "at", "zoned"], where="n = 5")
    assert found.to_dict("list") == {"amount": [Decimal("1.25")], "at": [MOMENT], "zoned": [MOMENT]}
    assert frames.read(relation)["n"].tolist() == [5, 6]


def test_batches_are_bounded_and_come_back_value_for_value(spark: Sessions) -> None:
    session = spark.connect
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "3")

    def described(frame: pd.DataFrame) -> pd.DataFrame:
        # Out of parts, as scores of several kinds are.
        return pd.concat([part_of(part, len(frame)) for part in (frame.iloc[:1], frame.iloc[1:])])

    def part_of(frame: pd.DataFrame, size: int) -> pd.DataFrame:
        # `ml` is imported by the worker; what the driver's holds does not travel.
        return pd.DataFrame(
            {
                "name": [None if value % 2 else str(value) for value in frame["id"]],
                "share": np.where(frame["id"] == 4, np.nan, frame["id"] / 4),
                "n": pd.array(
                    [None if value == 3 else 2**60 + value for value in frame["id"]], dtype="Int64"
                ),
                "is_open": [None if value == 2 else value > 2 for value in frame["id"]],
                "at": [MOMENT if value else None for value in frame["id"]],
                "artefact": [f"{size} {frames.BATCH_ROWS}".encode()] * len(frame),
            }
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "BATCH_ROWS", 1)
        parts = [session.range(5), session.range(10, 12).selectExpr("id as ID")]
        out = frames.map_many([(part, described) for part in parts], TYPES, session)
        found = sorted(out.collect(), key=lambda row: (row["n"] is None, row["n"]))
    session.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert out.schema.simpleString() == DDL
    assert len(found) == 7
    by_id = {row["n"] - 2**60 if row["n"] else 3: row for row in found}
    at = MOMENT.to_pydatetime()
    assert by_id[0][:5] == ("0", 0.0, 2**60, False, None)
    assert by_id[2][:5] == ("2", 0.5, 2**60 + 2, None, at)
    assert by_id[3][:5] == (None, 0.75, None, True, at)
    assert by_id[4][:5] == ("4", None, 2**60 + 4, True, at)
    assert by_id[11][:5] == (None, 2.75, 2**60 + 11, True, at)
    for row in found:
        size, batch_rows = bytes(row["artefact"]).decode().split()
        assert int(size) <= 3
        assert int(batch_rows) == 50_000


def test_scores_on_workers_are_those_of_pandas(spark: Sessions) -> None:
    frame = with_folds(visitors(3_000, groups=600, days=60))
    model = ml.train_propensity(frame, **MADE, n_trials=1)
    data = packing.to_bytes(model)
    found = {"artefact": data, "artefact_sha256": packing.checksum(data)}
    scorers = pd.DataFrame(
        {
            "model_name": ["daily"],
            "version": ["v1"],
            "kind": ["conversion"],
            "subject_column": ["domain_userid"],
            "role": ["champion"],
        }
    )
    catalogue = pd.DataFrame({"feature_name": MADE["features"]}).assign(
        label="x", behaviour="y", period_label="z", unit="", definition="{}"
    )
    subjects = frame.head(500)
    table = pa.Table.from_pandas(subjects, preserve_index=False)
    relation = spark.connect.createDataFrame(table, schema=SUBJECTS).repartition(3)
    [(_, function)] = score.jobs(
        scorers, {"daily": relation}, catalogue=catalogue, fetch=lambda *_: found
    )
    out = frames.map_many([(relation, function)], score.SCORES, spark.connect)
    key = ["subject_id", "as_of_tstamp"]
    scored = frames.read(out).sort_values(key, ignore_index=True)
    expected = function(subjects).sort_values(key, ignore_index=True)
    assert scored[key].equals(expected[key].astype(scored[key].dtypes))
    np.testing.assert_array_equal(scored["score"], expected["score"])
    assert scored["reason_1"].fillna("").tolist() == expected["reason_1"].fillna("").tolist()


def test_the_whole_table_is_fitted_by_the_workers_as_a_frame_is_here(
    spark: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few rounds: each takes the workers far longer than its rows do.
    monkeypatch.setattr(booster, "PATIENCE", 8)
    monkeypatch.setattr(distributed, "REFIT_RATE", 0.2)
    monkeypatch.setattr(distributed, "N_REFITS", 2)
    monkeypatch.setattr(distributed, "ROWS_PER_WORKER", 1_000)
    frame = with_folds(visitors(8_000, groups=1_600, days=60))
    fresh = visitors(4_000, seed=9)
    model = ml.train_propensity(frame, **MADE, n_trials=1, fold="fold")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    readiness = pd.DataFrame({"training_table": ["trn_daily"], "subject_column": ["domain_userid"]})
    relation = spark.classic.createDataFrame(table, schema=SUBJECTS)
    settings = Settings(distributed=True, max_training_rows=2_000)
    chosen = distributed.plan({"trn_daily": relation}, readiness, spark.classic, settings)
    sample = chosen.readers["trn_daily"]()
    whole_subjects = frame[frame["domain_userid"].isin(set(sample["domain_userid"]))]
    assert len(sample) == len(whole_subjects)
    assert 1_500 < len(sample) < 2_500

    assert chosen.refit is not None
    far = chosen.refit(model, frame, SPEC)
    assert far.params["refit_workers"] == 2
    assert far.params["refit_seen_until"] == frame["as_of_tstamp"].max().isoformat()
    near = refit(
        model, frame, target="target", time="as_of_tstamp", group="domain_userid", fold="fold"
    )
    for name in ("refit_rows", "refit_subjects", "refit_converting_subjects"):
        assert far.params[name] == near.params[name]
    assert far.base_rate == pytest.approx(near.base_rate, abs=1e-9)
    assert far.gated is not None
    assert near.gated is not None
    assert far.gated.seen_until == near.gated.seen_until
    # Rows lie otherwise on the workers, and another part of the subjects is held out.
    scores = {name: fit.predict_proba(fresh) for name, fit in [("far", far), ("near", near)]}
    assert np.abs(scores["far"] - scores["near"]).mean() < 0.02
    off = {name: np.abs(score - fresh["chance"]).mean() for name, score in scores.items()}
    assert off["far"] < off["near"] + 0.01
    data = packing.to_bytes(far)
    stored = artefact.from_bytes(data, packing.checksum(data))
    np.testing.assert_array_equal(stored.predict_proba(fresh), far.predict_proba(fresh))

    # However the table's rows lie, the same rows make the same model.
    moved = relation.repartition(3, "noise").sortWithinPartitions("minutes")
    chosen = distributed.plan({"trn_daily": moved}, readiness, spark.classic, settings)
    assert chosen.refit is not None
    assert packing.to_bytes(chosen.refit(model, frame, SPEC)) == data


def test_where_workers_cannot_fit_a_sample_is_trained_on(spark: Sessions) -> None:
    lines: list[str] = []
    relation = spark.connect.range(1_000).selectExpr("cast(id as string) as domain_userid")
    readiness = pd.DataFrame({"training_table": ["trn_daily"], "subject_column": ["domain_userid"]})
    settings = Settings(distributed=True, max_training_rows=100)
    chosen = distributed.plan(
        {"trn_daily": relation}, readiness, spark.connect, settings, lines.append
    )
    assert chosen.refit is None
    assert 60 < len(chosen.readers["trn_daily"]()) < 140
    assert "xgboost.spark needs a cluster of one's own" in lines[0]
