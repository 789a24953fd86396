"""Records runs in MLflow, if a tracking store is configured; its failure never fails the build."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlparse
from urllib.request import getproxies, proxy_bypass

import pandas as pd

from ml import mlflow_model
from ml.engines.frames import say
from ml.model.trained import PropensityModel

EXPERIMENT = "cdp-propensity"
# Artifact path of the model within its run.
MODEL = "model"
ALIASES = ("champion", "challenger")
TIMEOUT_SECONDS = 60.0
# Longer, because Unity Catalog copies the model.
DATABRICKS_TIMEOUT_SECONDS = 180.0
_CONNECT_SECONDS = 2.0
_TAGS = ("model_name", "version", "decision", "decision_reason", "definition_hash")
_TAGS += ("outcome_hash", "artefact_sha256")
# The longest value of a tag that Unity Catalog accepts.
_TAG_LENGTH = 256


@dataclass(frozen=True)
class TrackingPlace:
    """Where a run is recorded and its model registered.

    Parameters
    ----------
    tracking, registry
        MLflow's addresses.
    experiment
        Name of the experiment.
    model
        Name of the registered model.
    """

    tracking: str
    registry: str
    experiment: str
    model: str


def track(
    row: dict[str, Any],
    model: PropensityModel,
    *,
    uri: str | None = None,
    schema: str = "",
    log: Callable[[str], None] = say,
    timeout: float | None = None,
) -> bool:
    """Record a version as an MLflow run and a version of a registered model.

    The run has parameters, metrics, tables and the model with signature and example, which
    `mlflow.pyfunc.load_model` reads where this package is installed. The registered model's
    aliases `champion` and `challenger` move as the gate decides; other versions are tagged
    with its decision.

    Parameters
    ----------
    row
        Its registry row.
    model
        The model.
    uri
        Tracking store; by default the environment's MLFLOW_TRACKING_URI, or the workspace's
        own on Databricks. Empty: none. `file:` stores work without a server or a database
        driver.
    schema
        Catalog and schema of the registry's table, `main.cdp`: where Unity Catalog keeps
        the registered models too.
    log
        Takes the one line that says what happened.
    timeout
        Seconds after which the build goes on without the run; by default 60, and 180 on
        Databricks.

    Returns
    -------
    bool
        Whether the run was recorded.
    """
    uri = default_uri() if uri is None else uri
    if not uri:
        return False
    if timeout is None:
        timeout = DATABRICKS_TIMEOUT_SECONDS if _on_databricks(uri) else TIMEOUT_SECONDS
    problem = _unreachable(uri)
    if not problem:
        problem = _bounded(
            lambda: _record(row, model, place_of(uri, schema, str(row["model_name"]))), timeout
        )
    if problem:
        log(f"{row['model_name']} {row['version']}: not recorded in MLflow ({problem})")
    return not problem


def track_registered(
    made: Iterable[tuple[dict[str, Any], PropensityModel]],
    registered: pd.DataFrame,
    *,
    schema: str = "",
    log: Callable[[str], None] = say,
) -> None:
    """Track the new versions that were registered; another job may have been first with some.

    Parameters
    ----------
    made
        Registry rows with their models.
    registered
        The rows that are added to the registry: `model_name` and `version`.
    schema, log
        As of `track`.
    """
    kept = set(zip(registered["model_name"], registered["version"], strict=True))
    for row, model in made:
        if (row["model_name"], row["version"]) in kept:
            track(row, model, schema=schema, log=log)


def follow(
    champions: Mapping[str, str],
    *,
    uri: str | None = None,
    schema: str = "",
    log: Callable[[str], None] = say,
    timeout: float | None = None,
) -> None:
    """Move the registered models' alias `champion` after a definition has changed.

    Parameters
    ----------
    champions
        Model name -> SHA-256 of the artefact that scores now; empty if none does. From
        `definitions.overtaken`.
    uri, schema, log, timeout
        As of `track`.
    """
    uri = default_uri() if uri is None else uri
    if not uri or not champions:
        return
    if timeout is None:
        timeout = DATABRICKS_TIMEOUT_SECONDS if _on_databricks(uri) else TIMEOUT_SECONDS
    problem = _unreachable(uri)
    for name, sha256 in champions.items():
        if not problem:
            problem = _bounded(partial(_follow, uri, schema, name, sha256), timeout)
        if problem:
            log(f"{name}: MLflow's alias champion was not moved ({problem})")


def default_uri() -> str:
    """Where runs are recorded unless told otherwise; empty for nowhere."""
    on_databricks = "databricks" if "DATABRICKS_RUNTIME_VERSION" in os.environ else ""
    return os.environ.get("MLFLOW_TRACKING_URI", on_databricks)


def place_of(uri: str, schema: str, model_name: str) -> TrackingPlace:
    """Say where a model's runs and versions go.

    Parameters
    ----------
    uri
        Of the tracking store. The workspace's, `databricks`, has Unity Catalog for a registry,
        whose names have three parts, and experiments among the workspace's files.
    schema
        Catalog and schema, `main.cdp`; only Unity Catalog has a use for them.
    model_name
        As in the registry.

    Returns
    -------
    TrackingPlace

    Raises
    ------
    ValueError
        Unity Catalog is meant, and `schema` has not two parts.

    Examples
    --------
    >>> place_of("databricks", "main.CDP", "daily__demo_request").model
    'main.cdp.cdp_propensity_daily__demo_request'
    >>> place_of("http://mlflow.example.com", "main.cdp", "daily__demo_request").model
    'cdp-propensity-daily__demo_request'
    """
    if not _on_databricks(uri):
        return TrackingPlace(uri, uri, EXPERIMENT, f"{EXPERIMENT}-{model_name}")
    if schema.count(".") != 1:
        msg = f"schema is {schema!r}; it takes a catalog and a schema, e.g. main.cdp"
        raise ValueError(msg)
    schema = schema.lower()
    name = f"{EXPERIMENT.replace('-', '_')}_{model_name}".lower()
    registry = uri.replace("databricks", "databricks-uc", 1)
    return TrackingPlace(uri, registry, f"/Shared/{EXPERIMENT}-{schema}", f"{schema}.{name}")


def _on_databricks(uri: str) -> bool:
    return uri.partition("://")[0] == "databricks"


def _unreachable(uri: str) -> str:
    """Try the port first, because MLflow's client retries for minutes."""
    try:
        parts = urlparse(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"MLFLOW_TRACKING_URI is {uri!r}, which is no address: {error}"
    if parts.scheme not in {"http", "https"} or not host or _by_proxy(parts.scheme, host):
        return ""
    port = port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return ""
    except (OSError, UnicodeError) as error:  # names that DNS cannot have are the latter
        return f"{uri}: {error}"


def _by_proxy(scheme: str, host: str) -> bool:
    """Whether requests to a host go through a proxy; then the host's port need not answer."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)


def _bounded(work: Callable[[], None], timeout: float) -> str:
    """Run it in a thread; say what went wrong, or that it took too long."""
    failure: list[str] = []

    def run() -> None:
        try:
            work()
        # Whatever the error is, the build must go on.
        except Exception as error:
            line = str(error).partition("\n")[0]
            failure.append(f"{type(error).__name__}: {line}")

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        return f"no answer within {timeout:g} s"
    return failure[0] if failure else ""


def _client(place: TrackingPlace) -> Any:  # noqa: ANN401 - MLflow's, imported late
    if not _on_databricks(place.tracking) and urlparse(place.tracking).scheme in {"", "file"}:
        # MLflow asks for a database by default; a folder needs no driver.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    # By default it waits for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=place.tracking, registry_uri=place.registry)


def _follow(uri: str, schema: str, model_name: str, sha256: str) -> None:
    from mlflow.exceptions import MlflowException

    place = place_of(uri, schema, model_name)
    client = _client(place)
    try:
        now = str(client.get_model_version_by_alias(place.model, "champion").version)
    except MlflowException:
        now = ""
    known = client.search_model_versions(f"name='{place.model}'") if sha256 else []
    # Unity Catalog's search gives no tags.
    versions = [client.get_model_version(place.model, found.version) for found in known]
    same = [int(found.version) for found in versions if found.tags["artefact_sha256"] == sha256]
    scores = str(max(same)) if same else ""
    if scores == now:
        return
    for alias in ALIASES:
        with suppress(MlflowException):
            client.delete_registered_model_alias(place.model, alias)
    if scores:
        client.set_registered_model_alias(place.model, "champion", scores)


def _record(row: dict[str, Any], model: PropensityModel, place: TrackingPlace) -> None:
    client = _client(place)
    from mlflow.entities import Metric, Param

    run = client.create_run(
        _experiment(client, place.experiment),
        run_name=f"{row['model_name']} {row['version']}",
        tags={name: str(row[name]) for name in _TAGS},
    )
    run_id = run.info.run_id
    try:
        at = int(row["trained_at"].timestamp() * 1000)
        test = model.evaluation[model.evaluation["dataset"] == "test"].dropna(subset=["value"])
        client.log_batch(
            run_id,
            metrics=[
                Metric(str(name), float(value), at, 0)
                for name, value in zip(test["metric"], test["value"], strict=True)
            ],
            params=[Param(str(name), str(value)[:500]) for name, value in model.params.items()],
        )
        with tempfile.TemporaryDirectory() as folder:
            mlflow_model.save(model, row["artefact"], Path(folder) / MODEL)
            shutil.rmtree(Path(folder) / "data")
            for name in ("evaluation", "curves", "importance", "leaks"):
                getattr(model, name).to_csv(Path(folder) / f"{name}.csv", index=False)
            client.log_artifacts(run_id, folder)
        _register(client, place.model, row, run_id, f"{run.info.artifact_uri}/{MODEL}")
    except Exception:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)


def _experiment(client: Any, name: str) -> str:  # noqa: ANN401 - MLflow's, imported late
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found:
        return found.experiment_id
    try:
        return client.create_experiment(name)
    except MlflowException:
        # Another build was first.
        found = client.get_experiment_by_name(name)
        if not found:
            raise
        return found.experiment_id


def _register(
    client: Any,  # noqa: ANN401
    name: str,
    row: dict[str, Any],
    run_id: str,
    source: str,
) -> None:
    """Make it a version of the registered model, and move the alias that its decision gives."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # it is there already
        client.create_registered_model(name)
    tags = {tag: str(row[tag])[:_TAG_LENGTH] for tag in _TAGS}
    made = client.create_model_version(name, source, run_id, tags=tags, await_creation_for=0)
    if row["decision"] not in ALIASES:
        return
    client.set_registered_model_alias(name, row["decision"], made.version)
    if row["decision"] == "champion":
        # A challenger of the last champion is no challenger of this one.
        with suppress(MlflowException):
            client.delete_registered_model_alias(name, "challenger")
