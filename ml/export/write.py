"""An export: written aside, held against the registered model on real rows, then put in place."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import ml
from ml.export.formats import FORMATS, Format
from ml.export.source import ExportError, Source
from ml.model import packing

# What every row's score may differ by.
TOLERANCE = 1e-6


def export(source: Source, kind: str, out: Path) -> dict[str, Any]:
    """Write a version and its card, or nothing.

    Parameters
    ----------
    source
        The version and the rows to hold the file against.
    kind
        `artefact`, `onnx` or `joblib`.
    out
        The file; the card is beside it, with `.json` added.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ExportError
        The file does not score each row as the registered model does.
    """
    chosen = FORMATS[kind]
    if kind != "artefact" and source.row.get("kind") == "value":
        msg = (
            f"{source.row['model_name']} predicts money, not a probability; use --format artefact."
        )
        raise ExportError(msg)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{chosen.suffix}"
        chosen.write(source, path)
        checked = _check(source, chosen, path)
        card = make_card(source, kind, out.name, packing.checksum(path.read_bytes()), checked)
        (Path(folder) / "card.json").write_text(
            json.dumps(card, indent=2, allow_nan=False) + "\n", encoding="utf-8"
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        _put(path, out)
        _put(Path(folder) / "card.json", card_path(out))
    return card


def card_path(out: Path) -> Path:
    """Where the card of a file is."""
    return out.with_name(f"{out.name}.json")


def make_card(
    source: Source, kind: str, file: str, sha256: str, checked: dict[str, Any]
) -> dict[str, Any]:
    """Describe an export: what it is, what it reads, how good it is, what it was checked on."""
    from ml.export.graph import inputs_of, missing_text_of, output_of

    model, row = source.model, source.row
    columns = []
    for column, inputs in zip(model.schema.columns, inputs_of(model.schema), strict=True):
        about: dict[str, Any] = {"name": column.name, "kind": column.kind}
        if column.kind == "categorical":
            about |= {"categories": list(column.categories), "has_code_for_others": column.other}
        if kind == "onnx":
            about["inputs"] = inputs
        columns.append(about)
    test = model.evaluation[model.evaluation["dataset"] == "test"]
    figures = test[["metric", "value", "value_low", "value_high"]].to_dict("records")
    card: dict[str, Any] = {
        "model_name": row["model_name"],
        "version": row["version"],
        "format": kind,
        "file": file,
        "sha256": sha256,
        "artefact_sha256": row["artefact_sha256"],
        "decision": row["decision"],
        "decision_reason": row["decision_reason"],
        "standing": row.get("standing"),
        "standing_reason": row.get("standing_reason"),
        "outcome_hash": row.get("outcome_hash"),
        "feature_hashes": row.get("feature_hashes"),
        "kind": row.get("kind"),
        "trained_at": row["trained_at"],
        "as_of_tstamp": row["as_of_tstamp"],
        "base_rate": model.base_rate,
        "columns": columns,
        "time_column": model.schema.time,
        "calibration": model.calibration.method,
        "metrics": {
            str(one.pop("metric")): {str(name): value for name, value in one.items()}
            for one in figures
        },
        "trained_with": model.versions,
        "checked": checked,
        "exported_by": f"cdp-propensity {ml.__version__}",
    }
    if kind == "artefact" and isinstance(source.served, dict):
        card["serving"] = source.served
    else:
        card["not_served"] = source.served or "cdp serve takes --format artefact."
    if kind == "onnx":
        card |= {
            "missing_text": missing_text_of(model.schema),
            "output": output_of(model.schema),
        }
    return _plain(card)


def _check(source: Source, chosen: Format, path: Path) -> dict[str, Any]:
    expected = source.model.score(source.rows)
    got = chosen.score(source, path)
    difference = np.abs(got - expected)
    # Not "greater than": NaN must not pass.
    wrong = ~(difference <= TOLERANCE)
    if got.shape != expected.shape or wrong.any():
        at = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
        msg = (
            f"refused: the {path.suffix[1:]} file scores {int(wrong.sum())} of {len(expected)} "
            f"rows of {source.rows_from} otherwise than {source.row['model_name']} "
            f"{source.row['version']} does; at worst {got[at]:.8f} instead of "
            f"{expected[at]:.8f}. Nothing was written. Export another format, or report this."
        )
        raise ExportError(msg)
    return {
        "rows": len(expected),
        "rows_from": source.rows_from,
        "max_difference": float(difference.max()),
        "tolerance": TOLERANCE,
        "with": chosen.versions(),
    }


def _put(path: Path, out: Path) -> None:
    """Copy beside, then rename: a reader sees the old file or the new one."""
    aside = out.with_name(f".{out.name}.partial")
    try:
        shutil.copyfile(path, aside)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything JSON has
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value != value or (isinstance(value, float) and math.isinf(value)):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
