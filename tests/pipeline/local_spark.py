"""Spark in the process of a test."""

from __future__ import annotations

from typing import Any


def stop(session: Any) -> None:
    """End a classic session and its Java process, so that the next one starts its own."""
    from pyspark import SparkContext

    gateway = session.sparkContext._gateway
    session.stop()
    gateway.shutdown()
    # It ends with its input.
    gateway.proc.stdin.close()
    gateway.proc.wait(timeout=30)
    # Else Spark would go on talking to the process that is gone.
    SparkContext._gateway = None
    SparkContext._jvm = None
