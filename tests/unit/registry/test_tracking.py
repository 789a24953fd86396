from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ml
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.registry import tracking
from tests.unit.frames import visitors

ROW: dict[str, Any] = {
    "model_name": "daily",
    "version": "20260310-abcdef01",
    "decision": "champion",
    "decision_reason": "first version",
    "definition_hash": "d1",
    "outcome_hash": "o1",
    "artefact_sha256": "f" * 64,
    "trained_at": pd.Timestamp("2026-03-10"),
}


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return ml.train_propensity(visitors(600).drop(columns="chance"), target="bought", n_trials=1)


def test_without_a_store_nothing_happens(model: PropensityModel) -> None:
    lines: list[str] = []
    assert not tracking.track(ROW, model, uri="", log=lines.append)
    assert lines == []


@pytest.mark.parametrize(
    ("environment", "uri"),
    [
        ({}, ""),
        ({"MLFLOW_TRACKING_URI": "http://here"}, "http://here"),
        ({"DATABRICKS_RUNTIME_VERSION": "16.4"}, "databricks"),
        ({"DATABRICKS_RUNTIME_VERSION": "16.4", "MLFLOW_TRACKING_URI": ""}, ""),
    ],
)
def test_the_store_is_the_environments(
    environment: dict[str, str], uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLFLOW_TRACKING_URI", "DATABRICKS_RUNTIME_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracking.default_uri() == uri


def test_on_databricks_models_are_registered_in_unity_catalog() -> None:
    names = []
    for model_name in ("live", "daily__Demo_request", "first_touch"):
        place = tracking.place_of("databricks", "Main.CDP_Dev", model_name)
        assert (place.tracking, place.registry) == ("databricks", "databricks-uc")
        # A path in the workspace, whose folder is there.
        assert place.experiment == "/Shared/cdp-propensity-main.cdp_dev"
        names.append(place.model)
    assert names == [
        "main.cdp_dev.cdp_propensity_live",
        "main.cdp_dev.cdp_propensity_daily__demo_request",
        "main.cdp_dev.cdp_propensity_first_touch",
    ]
    profile = tracking.place_of("databricks://team", "main.cdp", "live")
    assert profile.registry == "databricks-uc://team"


def test_elsewhere_one_store_is_both_and_names_have_one_part() -> None:
    place = tracking.place_of("http://here", "warehouse.main", "live")
    expected = ("http://here", "http://here", "cdp-propensity", "cdp-propensity-live")
    assert (place.tracking, place.registry, place.experiment, place.model) == expected


@pytest.mark.parametrize("error", [RuntimeError(), KeyError("no such run\nat line 2")])
def test_whatever_mlflow_raises_is_a_line(
    model: PropensityModel, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(tracking, "_record", fail)
    lines: list[str] = []
    assert not tracking.track(ROW, model, uri="databricks", schema="a.b", log=lines.append)
    assert not tracking.track(ROW, model, uri="databricks", schema="nowhere", log=lines.append)
    assert lines[0].startswith(
        f"daily 20260310-abcdef01: not recorded in MLflow ({type(error).__name__}: "
    )
    assert "takes a catalog and a schema, e.g. main.cdp" in lines[1]


def test_a_server_that_is_down_is_a_line_and_no_wait(model: PropensityModel) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines: list[str] = []
    started = time.monotonic()
    assert not tracking.track(ROW, model, uri=f"http://127.0.0.1:{port}", log=lines.append)
    assert time.monotonic() - started < 5
    assert lines[0].startswith("daily 20260310-abcdef01: not recorded in MLflow (http://127.0.0.1")


@pytest.mark.parametrize("uri", ["http://mlflow:port", "http://[::1", "http://mlflow:99999"])
def test_an_address_that_is_none_is_a_line(model: PropensityModel, uri: str) -> None:
    lines: list[str] = []
    assert not tracking.track(ROW, model, uri=uri, log=lines.append)
    assert f"(MLFLOW_TRACKING_URI is {uri!r}, which is no address: " in lines[0]


def test_a_name_that_no_host_can_have_is_a_line(model: PropensityModel) -> None:
    lines: list[str] = []
    uri = f"http://{'m' * 64}.example.com"
    assert not tracking.track(ROW, model, uri=uri, log=lines.append)
    assert lines[0].startswith(f"daily 20260310-abcdef01: not recorded in MLflow ({uri}: ")


@pytest.mark.parametrize(
    ("no_proxy", "recorded"), [("", True), ("other.invalid", True), ("mlflow.invalid", False)]
)
def test_behind_a_proxy_the_servers_own_port_is_not_asked(
    model: PropensityModel, no_proxy: str, recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", no_proxy)
    monkeypatch.setattr(tracking, "_record", lambda *_: None)
    uri = "http://mlflow.invalid"
    assert tracking.track(ROW, model, uri=uri, log=lambda _: None) is recorded


def test_only_what_is_registered_is_tracked(
    model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:here")
    recorded: list[tuple[str, str]] = []

    def record(row: dict[str, Any], of: PropensityModel, place: tracking.TrackingPlace) -> None:
        assert of is model
        recorded.append((row["version"], place.model))

    monkeypatch.setattr(tracking, "_record", record)
    forestalled = {**ROW, "model_name": "live"}
    tracking.track_registered([(ROW, model), (forestalled, model)], pd.DataFrame([ROW]))
    assert recorded == [(ROW["version"], "cdp-propensity-daily")]
    tracking.track_registered([(ROW, model)], pd.DataFrame([ROW]).iloc[:0])
    assert len(recorded) == 1


def test_a_server_that_does_not_answer_is_left_alone(model: PropensityModel) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        lines: list[str] = []
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert not tracking.track(ROW, model, uri=uri, log=lines.append, timeout=0.5)
    assert lines[0].endswith("(no answer within 0.5 s)")


# MLflow warns of its own type hints and requirements when it is imported and saves.
@pytest.mark.filterwarnings("ignore")
def test_a_local_store_records_the_run(
    model: PropensityModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    lines: list[str] = []
    row = {**ROW, "artefact": packing.to_bytes(model)}
    assert tracking.track(row, model, uri=tmp_path.as_uri(), log=lines.append, timeout=120), lines
    auc = next(tmp_path.rglob("metrics/roc_auc")).read_text().split()[1]
    assert float(auc) == pytest.approx(model.metric("roc_auc"))
    stored = next(tmp_path.rglob("artifacts/model/**/model.zip"))
    assert stored.read_bytes() == row["artefact"]
    assert next(tmp_path.rglob("tags/decision")).read_text() == "champion"
