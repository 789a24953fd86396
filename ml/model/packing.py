"""A model as bytes: a zip of JSON, no code. `ml.model.artefact` reads it.

Members: `manifest.json` (schema, calibration, evaluation, versions) and one
`booster_<i>.json` per booster in XGBoost's JSON format; `gated_<i>.json` are those that the
gate judged, if the model was refitted.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ml.errors import ArtefactError
from ml.model.portable import portable_json

if TYPE_CHECKING:
    from ml.model.trained import PropensityModel

FORMAT = 1
MAX_BYTES = 8_000_000
MANIFEST = "manifest.json"
FRAMES = ("evaluation", "curves", "importance", "effects", "leaks")
# A zip's members may not be older than this; one date keeps equal models equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def checksum(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def to_bytes(model: PropensityModel) -> bytes:
    """Write a model; equal models give equal bytes.

    Raises
    ------
    ArtefactError
        Larger than a registry row may be (8 MB).
    """
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "schema": model.schema.to_json(),
        "calibration": asdict(model.calibration),
        "base_rate": model.base_rate,
        "n_boosters": len(model.boosters),
        "params": model.params,
        "notes": model.notes,
        "versions": model.versions,
        **{name: frame_to_json(getattr(model, name)) for name in FRAMES},
    }
    members = {f"booster_{at}.json": booster for at, booster in enumerate(model.boosters)}
    if model.gated is not None:
        manifest["gated"] = {
            "calibration": asdict(model.gated.calibration),
            "base_rate": model.gated.base_rate,
            "seen_until": model.gated.seen_until,
            "n_boosters": len(model.gated.boosters),
        }
        members |= {f"gated_{at}.json": one for at, one in enumerate(model.gated.boosters)}
    trees = {
        name: portable_json(bytes(booster.save_raw("json")), model.schema.feature_types)
        for name, booster in members.items()
    }
    data = _pack(manifest, trees)
    # A model of very many columns: scoring needs none of these tables, and the registry has them.
    for name in ("effects", "importance", "curves"):
        if len(data) > MAX_BYTES:
            manifest[name] = {}
            data = _pack(manifest, trees)
    if len(data) > MAX_BYTES:
        msg = (
            f"the model takes {len(data)} bytes, more than {MAX_BYTES}; train on fewer columns, or "
            "on columns with fewer and shorter texts."
        )
        raise ArtefactError(msg)
    return data


def _pack(manifest: dict[str, Any], trees: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, MANIFEST, json.dumps(manifest).encode())
        for name, raw in trees.items():
            _add(archive, name, raw)
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=6)


def frame_to_json(frame: pd.DataFrame) -> dict[str, Any]:
    """Turn a frame of numbers and texts into JSON-ready columns, missing numbers as null."""
    return {
        str(name): [
            None if value is None or (isinstance(value, float) and np.isnan(value)) else value
            for value in frame[name].astype(object).tolist()
        ]
        for name in frame.columns
    }
