"""The peers: the shape of the published tutorial, and the same shape served better.

Runs in an environment of its own (requirements/bench-serve.txt), since the official SDK needs
another pandas.

    A  Flask's development server; the official SDK called for each request; a pandas frame and a
       scikit-learn pipeline for each request
    B  the same on waitress, with one shared HTTP client that keeps its connections
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from flask import Flask, jsonify, request
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier

ABOUT = json.loads(Path(os.environ["BENCH_SERVE_ABOUT"]).read_text())
VALUES: dict[str, Any] = ABOUT["values"]
URL, TOKEN = os.environ["SP_SANDBOX_URL"], os.environ["SP_SANDBOX_TOKEN"]
TEXTS = [name for name, value in VALUES.items() if isinstance(value, str)]
NUMBERS = [name for name in VALUES if name not in TEXTS]


def train() -> Pipeline:
    """Fit a pipeline with as many trees as the champion has, of the same depth."""
    rng = np.random.default_rng(0)
    n = 20_000
    frame = pd.DataFrame(
        {name: rng.poisson(3, n) for name in NUMBERS}
        | {name: rng.choice(["", "a", "b", VALUES[name]], n) for name in TEXTS}
    )
    margin = frame[NUMBERS].to_numpy() @ rng.normal(size=len(NUMBERS)) / 10
    target = rng.random(n) < 1 / (1 + np.exp(-margin))
    encode = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)], remainder="passthrough"
    )
    trees = XGBClassifier(n_estimators=ABOUT["n_trees"], max_depth=ABOUT["depth"], n_jobs=1)
    return Pipeline([("encode", encode), ("trees", trees)]).fit(frame, target)


def sdk_attributes() -> Any:  # noqa: ANN401
    """Read attributes by the official SDK."""
    from snowplow_signals import SignalsSandbox  # pyright: ignore[reportMissingImports]

    signals = SignalsSandbox(api_url=URL, sandbox_token=TOKEN)

    def read(visitor: str) -> dict[str, Any]:
        return signals.get_service_attributes(
            name="live", attribute_key="domain_userid", identifier=visitor
        )

    return read


def pooled_attributes() -> Any:  # noqa: ANN401
    """Read attributes by one client that keeps its connections."""
    limits = httpx.Limits(max_keepalive_connections=64, max_connections=64)
    client = httpx.Client(base_url=URL, headers={"Authorization": f"Bearer {TOKEN}"}, limits=limits)

    def read(visitor: str) -> dict[str, Any]:
        body = {"attribute_keys": {"domain_userid": [visitor]}, "service": "live"}
        answer = client.post("/api/v1/get-online-attributes", json=body)
        return {name: values[0] for name, values in answer.raise_for_status().json().items()}

    return read


def make_app(read: Any) -> Flask:  # noqa: ANN401
    """Make the service."""
    app = Flask(__name__)
    pipeline = train()

    @app.post("/predict")
    def predict() -> Any:  # noqa: ANN401
        visitor = request.get_json()["domain_userid"]
        attributes = read(visitor)
        frame = pd.DataFrame([attributes])
        score = pipeline.predict_proba(frame[[*NUMBERS, *TEXTS]])[0, 1]
        return jsonify({"domain_userid": visitor, "score": float(score), "signals": attributes})

    return app


def main() -> None:
    """Serve as A or B."""
    which, port = sys.argv[1], int(sys.argv[2])
    if which == "A":
        make_app(sdk_attributes()).run(port=port)
        return
    from waitress import serve  # pyright: ignore[reportMissingModuleSource]

    serve(make_app(pooled_attributes()), host="127.0.0.1", port=port, threads=8)


if __name__ == "__main__":
    main()
