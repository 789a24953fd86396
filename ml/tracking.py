"""MLflow, where it is there: runs are recorded, and no failure of it reaches the build."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlparse

from ml.model import PropensityModel
from ml.warehouse import say

EXPERIMENT = "cdp-propensity"
TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 2.0


def track(
    row: dict[str, Any],
    model: PropensityModel,
    *,
    uri: str | None = None,
    log: Callable[[str], None] = say,
    timeout: float = TIMEOUT_SECONDS,
) -> bool:
    """Record a version as an MLflow run with parameters, metrics, tables and artefact.

    Parameters
    ----------
    row
        Its registry row.
    model
        The model.
    uri
        Tracking store; by default the environment's MLFLOW_TRACKING_URI. Empty: none.
        `file:` stores work without a server or a database driver.
    log
        Takes the one line that says what happened.
    timeout
        Seconds after which the build goes on without the run.

    Returns
    -------
    bool
        Whether the run was recorded.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "") if uri is None else uri
    if not uri:
        return False
    problem = _unreachable(uri)
    if not problem:
        problem = _bounded(lambda: _record(row, model, uri), timeout)
    if problem:
        log(f"{row['model_name']} {row['version']}: not recorded in MLflow ({problem})")
    return not problem


def _unreachable(uri: str) -> str:
    """Ask the port first: MLflow's client retries for minutes."""
    parts = urlparse(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname, port), timeout=_CONNECT_SECONDS):
            return ""
    except OSError as error:
        return f"{uri}: {error}"


def _bounded(work: Callable[[], None], timeout: float) -> str:
    """Run it aside; say what went wrong, or that it took too long."""
    failure: list[str] = []

    def run() -> None:
        try:
            work()
        # Whatever it is, the build must go on.
        except Exception as error:
            failure.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        return f"no answer within {timeout:g} s"
    return failure[0] if failure else ""


def _record(row: dict[str, Any], model: PropensityModel, uri: str) -> None:
    if urlparse(uri).scheme in {"", "file"}:
        # MLflow asks for a database by default; a folder needs no driver.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name(EXPERIMENT)
    experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT)
    run = client.create_run(
        experiment,
        run_name=f"{row['model_name']} {row['version']}",
        tags={
            name: str(row[name])
            for name in ("model_name", "version", "decision", "decision_reason", "definition_hash")
        },
    )
    at = int(row["trained_at"].timestamp() * 1000)
    test = model.evaluation[model.evaluation["dataset"] == "test"].dropna(subset=["value"])
    client.log_batch(
        run.info.run_id,
        metrics=[
            Metric(str(name), float(value), at, 0)
            for name, value in zip(test["metric"], test["value"], strict=True)
        ],
        params=[Param(str(name), str(value)[:500]) for name, value in model.params.items()],
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.zip").write_bytes(row["artefact"])
        for name in ("evaluation", "curves", "importance", "leaks"):
            getattr(model, name).to_csv(Path(folder) / f"{name}.csv", index=False)
        client.log_artifacts(run.info.run_id, folder)
    client.set_terminated(run.info.run_id)
