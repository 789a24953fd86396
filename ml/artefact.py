"""One model as bytes: a zip of JSON, no code, checked before it is read.

Members: `manifest.json` (schema, calibration, evaluation, versions) and one
`booster_<i>.json` per booster in XGBoost's JSON format. Loading runs nothing that the bytes
contain. XGBoost's parsers are not hardened against altered files, hence the checksum first.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from ml.calibration import Calibration
from ml.columns import Schema
from ml.errors import ArtefactError
from ml.model import PropensityModel

FORMAT = 1
MAX_BYTES = 8_000_000
MANIFEST = "manifest.json"
# A zip's members may not be older than this; one date keeps equal models equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FRAMES = ("evaluation", "curves", "importance", "effects", "leaks")


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
    manifest = {
        "format": FORMAT,
        "schema": model.schema.to_json(),
        "calibration": asdict(model.calibration),
        "base_rate": model.base_rate,
        "n_boosters": len(model.boosters),
        "params": model.params,
        "notes": model.notes,
        "versions": model.versions,
        **{name: frame_to_json(getattr(model, name)) for name in _FRAMES},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, MANIFEST, json.dumps(manifest).encode())
        for at, booster in enumerate(model.boosters):
            _add(archive, f"booster_{at}.json", bytes(booster.save_raw("json")))
    data = buffer.getvalue()
    if len(data) > MAX_BYTES:
        msg = f"the model takes {len(data)} bytes, more than {MAX_BYTES}; train fewer rounds."
        raise ArtefactError(msg)
    return data


def from_bytes(data: bytes, sha256: str) -> PropensityModel:
    """Read a model written by `to_bytes`.

    Parameters
    ----------
    data
        The bytes.
    sha256
        What their SHA-256 must be; compared before anything is parsed.

    Raises
    ------
    ArtefactError
        The checksum differs, or the format is not this package's.
    """
    data = bytes(data)
    if checksum(data) != sha256.lower():
        msg = (
            f"SHA-256 is {checksum(data)}, not {sha256}: the model was altered or cut short. "
            "Fetch it again or register a new version."
        )
        raise ArtefactError(msg)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            _check_format(manifest)
            boosters = [
                _load_booster(archive.read(f"booster_{at}.json"), manifest)
                for at in range(manifest["n_boosters"])
            ]
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        msg = f"not a model of this package ({error})"
        raise ArtefactError(msg) from error
    manifest.setdefault("effects", {})  # models of before it was recorded
    calibration = manifest["calibration"]
    knots = tuple((float(at), float(value)) for at, value in calibration["knots"])
    return PropensityModel(
        schema=Schema.from_json(manifest["schema"]),
        boosters=boosters,
        calibration=Calibration(**{**calibration, "knots": knots}),
        base_rate=manifest["base_rate"],
        params=manifest["params"],
        notes=manifest["notes"],
        versions=manifest["versions"],
        **{name: frame_from_json(manifest[name]) for name in _FRAMES},
    )


def load_model(path: str | Path, sha256: str | None = None) -> PropensityModel:
    """Read a model file written by `PropensityModel.save`.

    Parameters
    ----------
    path
        The file.
    sha256
        Its SHA-256, as `save` returned it. Without it the file is trusted as it is: pass
        it for files from elsewhere.

    Raises
    ------
    FileNotFoundError
        No such file.
    ArtefactError
        Not the expected bytes, or not a model.
    """
    data = Path(path).read_bytes()
    return from_bytes(data, checksum(data) if sha256 is None else sha256)


def frame_to_json(frame: pd.DataFrame) -> dict[str, Any]:
    """Turn a frame of numbers and texts into JSON-ready columns, missing numbers as null."""
    return {
        str(name): [
            None if value is None or (isinstance(value, float) and np.isnan(value)) else value
            for value in frame[name].astype(object).tolist()
        ]
        for name in frame.columns
    }


def frame_from_json(data: dict[str, Any]) -> pd.DataFrame:
    """Rebuild a frame from `frame_to_json`."""
    return pd.DataFrame({name: _series(values) for name, values in data.items()})


def _series(values: list[Any]) -> pd.Series:
    if not values:
        return pd.Series([], dtype=object)
    if any(isinstance(value, str) for value in values):
        return pd.Series([None if value is None else str(value) for value in values])
    return pd.to_numeric(pd.Series(values, dtype=object))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=6)


def _check_format(manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        msg = (
            f"model format {manifest.get('format')!r} is not {FORMAT}, which this version of "
            "the package reads; use the version that wrote it, or train again."
        )
        raise ArtefactError(msg)


def _load_booster(raw: bytes, manifest: dict[str, Any]) -> xgb.Booster:
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(raw))
    except xgb.core.XGBoostError as error:
        msg = (
            f"xgboost {xgb.__version__} cannot read a model of xgboost "
            f"{manifest['versions'].get('xgboost')}: {str(error).splitlines()[0]}"
        )
        raise ArtefactError(msg) from error
    return booster
