"""Runs and registered models on a real MLflow server of our own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest

import ml
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.registry import tracking
from tests.unit.frames import visitors

# MLflow warns of its own type hints when it is imported, hence within the tests.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait(uri, process, folder / "log")
        yield uri
    finally:
        # The server has workers; all are in a group of their own.
        os.killpg(process.pid, 15)
        process.wait(30)


def _wait(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            urlopen(f"{uri}/health", timeout=2).close()
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    frame = visitors(600, days=40).drop(columns="chance")
    return ml.train_propensity(
        frame,
        target="bought",
        features=["visits", "device", "minutes", "is_weekend", "moment"],
        n_trials=1,
    )


def track(model: PropensityModel, version: str, decision: str, uri: str, reason: str = "") -> None:
    data = packing.to_bytes(model)
    row: dict[str, Any] = {
        "model_name": "daily",
        "version": version,
        "decision": decision,
        "decision_reason": reason or f"because of {version}",
        "definition_hash": "d1",
        "outcome_hash": "o1",
        "trained_at": pd.Timestamp("2026-03-10"),
        "artefact": data,
        "artefact_sha256": packing.checksum(data),
    }
    lines: list[str] = []
    assert tracking.track(row, model, uri=uri, log=lines.append, timeout=240), lines


def aliased(client: Any, alias: str) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_model_version_by_alias("cdp-propensity-daily", alias)
    except MlflowException:
        return None
    return found.tags["version"]


def test_versions_are_registered_and_aliases_follow_the_gate(
    server: str, model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow.pyfunc

    client = mlflow.MlflowClient(tracking_uri=server, registry_uri=server)
    story = [
        ("v1", "champion", ("v1", None)),
        ("v2", "rejected", ("v1", None)),
        ("v3", "challenger", ("v1", "v3")),
        ("v4", "champion", ("v4", None)),
    ]
    for version, decision, aliases in story:
        track(model, version, decision, server)
        assert (aliased(client, "champion"), aliased(client, "challenger")) == aliases

    versions = client.search_model_versions("name = 'cdp-propensity-daily'")
    told = {found.tags["version"]: found.tags["decision"] for found in versions}
    assert told == {version: decision for version, decision, _ in story}
    assert {found.tags["decision_reason"] for found in versions} >= {"because of v2"}

    champion = client.get_model_version_by_alias("cdp-propensity-daily", "champion")
    run = client.get_run(str(champion.run_id))
    assert run.info.status == "FINISHED"
    assert run.data.metrics["roc_auc"] == pytest.approx(model.metric("roc_auc"))
    assert run.data.params["max_depth"] == str(model.params["max_depth"])
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"model", "curves.csv", "evaluation.csv", "importance.csv", "leaks.csv"} <= files

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    mlflow.set_tracking_uri(server)
    loaded = mlflow.pyfunc.load_model("models:/cdp-propensity-daily@champion")
    frame = visitors(50, 3, days=40)
    inputs = loaded.metadata.get_input_schema()
    assert inputs is not None
    assert inputs.input_names() == model.schema.names
    # As the tables have them, bigint among them: nothing is cast first.
    assert frame["visits"].dtype == np.int64
    np.testing.assert_array_equal(loaded.predict(frame), model.predict_proba(frame))
    assert loaded.input_example is not None
    assert loaded.input_example["device"].tolist() == [model.schema.columns[1].categories[0]]

    # Where definitions change the champion is another one, or none.
    lines: list[str] = []
    sha256 = packing.checksum(packing.to_bytes(model))
    for scoring, alias in (("", None), (sha256, "v4"), ("0" * 64, None)):
        tracking.follow({"daily": scoring}, uri=server, log=lines.append, timeout=240)
        assert (aliased(client, "champion"), lines) == (alias, [])


def test_what_unity_catalog_asks_of_a_model_is_kept(
    server: str, model: PropensityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a plain server, by the names and checks of Unity Catalog, which no server of ours is."""
    import mlflow
    from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore
    from mlflow.utils._unity_catalog_utils import split_uc_model_name

    place = tracking.place_of("databricks", "Main.cdp", "daily")
    catalog, schema, name = split_uc_model_name(place.model)
    for part in (catalog, schema, name):
        assert re.fullmatch("[a-z0-9_]{1,255}", part)
    monkeypatch.setattr(
        tracking, "place_of", lambda *_: replace(place, tracking=server, registry=server)
    )
    track(model, "v1", "champion", server, reason="long " * 200)

    client = mlflow.MlflowClient(tracking_uri=server, registry_uri=server)
    champion = client.get_model_version_by_alias(place.model, "champion")
    assert max(map(len, champion.tags.values())) <= 256
    run = client.get_run(str(champion.run_id))
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.name == "/Shared/cdp-propensity-main.cdp"
    assert run.data.tags["decision_reason"] == "long " * 200
    local = client.download_artifacts(run.info.run_id, "model")
    # Raises where the signature or its outputs are absent.
    UcModelRegistryStore._validate_model_signature(None, local)  # pyright: ignore
