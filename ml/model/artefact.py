"""Reading a model from the bytes that `ml.model.packing` wrote: checked before they are parsed.

Loading runs nothing that the bytes contain. The checksum comes first; whoever can alter a file
can often alter its checksum too, so sizes, shapes and values are looked at all the same before
XGBoost's parser sees them.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import xgboost as xgb

from ml import __version__
from ml.data.arguments import check_path, check_sha256
from ml.data.column import ColumnKind
from ml.data.schema import Schema
from ml.errors import ArtefactError
from ml.model import packing
from ml.model.calibration import Calibration, Method
from ml.model.packing import FORMAT, FRAMES, MANIFEST, checksum
from ml.model.portable import portable_json
from ml.model.trained import Gated, PropensityModel, UpliftModel, ValueModel

# What a file may unpack to, and how many boosters it may hold.
MAX_UNPACKED_BYTES = 120_000_000
MAX_BOOSTERS = 64


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
        The checksum differs, the format is not this package's, or the content is unsound.
    """
    data = bytes(data)
    if len(data) > packing.MAX_BYTES:
        msg = f"{len(data)} bytes are more than the {packing.MAX_BYTES} that a model may take"
        raise ArtefactError(msg)
    if checksum(data) != sha256.lower():
        msg = (
            f"SHA-256 is {checksum(data)}, not {sha256}: the model was altered or cut short. "
            "Fetch it again or register a new version."
        )
        raise ArtefactError(msg)
    try:
        return _read(data)
    except ArtefactError:
        raise
    # What unsound bytes raise in zipfile, json and below cannot be listed.
    except Exception as error:
        msg = f"not a model of this package ({type(error).__name__}: {str(error)[:200]})"
        raise ArtefactError(msg) from error


def read_registered(data: bytes, sha256: str, model_name: str, version: str) -> PropensityModel:
    """Read the artefact of a registered version.

    Raises
    ------
    ArtefactError
        As of `from_bytes`; the message names model and version, and the ways out.
    """
    try:
        return from_bytes(data, sha256)
    except ArtefactError as error:
        msg = f"the artefact of {model_name} {version} cannot be read: {error} "
        raise ArtefactError(msg + ways_out(model_name)) from error


def ways_out(model_name: str) -> str:
    """Say what to do about a version that cannot be read, in commands."""
    return (
        "Put a version back that can be read: dbt run-operation rollback_model --args "
        f"'{{model_name: {model_name}, version: ...}}' (propensity_models has them all; a wrong "
        "version is answered with the list). Or train anew, which takes the place of a champion "
        "that cannot be read: dbt build --vars '{force_training: true}'."
    )


def _read(data: bytes) -> PropensityModel:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        left = MAX_UNPACKED_BYTES
        raw = _unpack(archive, MANIFEST, left)
        manifest = json.loads(raw)
        _check_format(manifest)
        schema = Schema.from_json(manifest["schema"])
        _check_schema(schema)
        parts = {"booster": manifest}
        if manifest.get("gated") is not None:
            parts["gated"] = manifest["gated"]
        boosters: dict[str, list[xgb.Booster]] = {}
        for part, values in parts.items():
            n_boosters = values["n_boosters"]
            if not isinstance(n_boosters, int) or not 1 <= n_boosters <= MAX_BOOSTERS:
                msg = f"n_boosters is {n_boosters!r}, not one of 1 to {MAX_BOOSTERS}"
                raise ArtefactError(msg)
            boosters[part] = []
            for at in range(n_boosters):
                left -= len(raw)
                raw = _unpack(archive, f"{part}_{at}.json", left)
                boosters[part].append(_load_booster(raw, schema.feature_types, manifest))
    gated = parts.get("gated")
    calibration = _calibration(manifest["calibration"])
    kinds = {"amount": ValueModel, "uplift": UpliftModel}
    kind = kinds.get(calibration.method, PropensityModel)
    return kind(
        schema=schema,
        boosters=boosters["booster"],
        calibration=calibration,
        base_rate=_finite(manifest["base_rate"], "base_rate"),
        params=dict(manifest["params"]),
        notes=[str(note) for note in manifest["notes"]],
        versions={str(name): str(version) for name, version in manifest["versions"].items()},
        gated=None
        if gated is None
        else Gated(
            boosters=boosters["gated"],
            calibration=_calibration(gated["calibration"]),
            base_rate=_finite(gated["base_rate"], "base_rate"),
            seen_until=str(gated["seen_until"]),
        ),
        # A table that an older version of the package did not write is empty.
        **{name: frame_from_json(manifest.get(name, {})) for name in FRAMES},
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
    ArgumentError
        `path` is no file's, or `sha256` is none.
    ArtefactError
        Not the expected bytes, or not a model.
    """
    path = check_path(path)
    check_sha256(sha256)
    data = path.read_bytes()
    return from_bytes(data, checksum(data) if sha256 is None else sha256)


def frame_from_json(data: dict[str, Any]) -> pd.DataFrame:
    """Rebuild a frame from `frame_to_json`."""
    return pd.DataFrame({name: _series(values) for name, values in data.items()})


def _series(values: list[Any]) -> pd.Series:
    if not values:
        return pd.Series([], dtype=object)
    if any(isinstance(value, str) for value in values):
        return pd.Series([None if value is None else str(value) for value in values])
    return pd.to_numeric(pd.Series(values, dtype=object))


def _unpack(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Read a member, but never more than `limit` bytes of it."""
    info = archive.getinfo(name)
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        msg = f"{name} is packed by method {info.compress_type}, which models are not"
        raise ArtefactError(msg)
    with archive.open(info) as member:
        content = member.read(max(limit, 0) + 1)
    if len(content) > limit:
        msg = f"the model unpacks to more than {MAX_UNPACKED_BYTES} bytes"
        raise ArtefactError(msg)
    return content


def _check_format(manifest: dict[str, Any]) -> None:
    found = manifest.get("format")
    if found == FORMAT:
        return
    if isinstance(found, int) and found > FORMAT:
        wrote = manifest.get("versions", {}).get("ml", "a later version")
        msg = (
            f"model format {found} is newer than {FORMAT}, the newest that this version of the "
            f"package ({__version__}) reads; install the one that wrote it ({wrote}) or later."
        )
        raise ArtefactError(msg)
    msg = f"model format {found!r} is not {FORMAT}, which this version of the package reads"
    raise ArtefactError(msg)


def _check_schema(schema: Schema) -> None:
    names = [*schema.names, *([] if schema.time is None else [schema.time])]
    texts = [*names, *(text for column in schema.columns for text in column.categories)]
    kinds = set(get_args(ColumnKind))
    if (
        not schema.columns
        or len(set(schema.names)) < len(schema.names)
        or not all(isinstance(text, str) for text in texts)
        or any(column.kind not in kinds for column in schema.columns)
        or not all(isinstance(column.held, str) for column in schema.columns)
    ):
        msg = "the schema names no columns, one twice, or one of an unknown kind"
        raise ArtefactError(msg)
    for column in schema.columns:
        _finite(column.origin_us, f"origin_us of {column.name}")


def _calibration(given: dict[str, Any]) -> Calibration:
    knots = tuple((_finite(at, "knot"), _finite(value, "knot")) for at, value in given["knots"])
    out = Calibration(**{**given, "knots": knots})
    _finite(out.slope, "slope")
    _finite(out.intercept, "intercept")
    ascending = all(one[0] < other[0] for one, other in pairwise(knots))
    if out.method not in get_args(Method) or not ascending:
        msg = f"calibration {out.method!r} with {len(knots)} knots is none of this package's"
        raise ArtefactError(msg)
    if out.method == "isotonic" and not knots:
        msg = "calibration 'isotonic' has no knots"
        raise ArtefactError(msg)
    return out


def _finite(value: Any, name: str) -> float:  # noqa: ANN401 - looked at here
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"{name} is {value!r}, not a finite number"
        raise ArtefactError(msg)
    return float(value)


def _load_booster(raw: bytes, feature_types: list[str], manifest: dict[str, Any]) -> xgb.Booster:
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(portable_json(raw, feature_types)))
    except xgb.core.XGBoostError as error:
        msg = (
            f"xgboost {xgb.__version__} cannot read a model of xgboost "
            f"{manifest['versions'].get('xgboost')}: {str(error).splitlines()[0]}"
        )
        raise ArtefactError(msg) from error
    return booster
