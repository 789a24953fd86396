"""What `bench/parity.py` measured: how far features and scores are the same live."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ml.registry.specs import base_of
from ml.report.figures import Table
from ml.report.formats import count


def parity_of(model_name: str) -> dict[str, Any] | None:
    """Return the figures and a table of them; None for a model that is not served.

    Parameters
    ----------
    model_name
        Of the page.
    """
    if base_of(model_name) != "live":
        return None
    measured = json.loads((resources.files("ml.report") / "parity.json").read_text("utf-8"))
    rows = []
    for row in measured["rows"]:
        causes = sorted(row["causes"].items(), key=lambda cause: -cause[1])
        told = "; ".join(f"{count(n)}: {cause}" for cause, n in causes) or "none"
        rows.append([row["what"], count(row["total"]), count(row["equal"]), told])
    head = ["Aggregation", "Values", "Equal", "Differ, and why"]
    return measured | {"table": Table(head, rows)}
