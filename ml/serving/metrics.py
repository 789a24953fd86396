"""What `/metrics` tells, of all workers together."""

from __future__ import annotations

import os
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

REQUESTS = Counter("cdp_serve_requests", "Requests by route and status.", ["route", "status"])
LATENCY = Histogram(
    "cdp_serve_request_seconds", "From the first byte to the answer.", ["route"], buckets=_SECONDS
)
SIGNALS = Histogram(
    "cdp_serve_signals_seconds", "Calls to Signals by outcome.", ["outcome"], buckets=_SECONDS
)
SIGNALS_VISITORS = Counter("cdp_serve_signals_visitors", "Visitors asked of Signals.")
SCORES = Counter("cdp_serve_scores", "Scores given by label and freshness.", ["label", "stale"])
UNKNOWN = Counter("cdp_serve_unknown_visitors", "Scores of visitors that Signals does not know.")
SWAPS = Counter("cdp_serve_swaps", "Champions that workers began to serve.")
READY = Gauge("cdp_serve_ready", "1 if every worker can give scores.", multiprocess_mode="livemin")
RELOAD_FAILED = Gauge(
    "cdp_serve_reload_failed",
    "1 if a newer champion could not be loaded.",
    multiprocess_mode="livemax",
)


@cache
def _scores(label: str, stale: bool) -> Counter:
    return SCORES.labels(label, str(stale).lower())


def count(label: str, *, stale: bool, known: bool) -> None:
    """Count a score that was given."""
    _scores(label, stale).inc()
    if not known:
        UNKNOWN.inc()


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
