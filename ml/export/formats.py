"""The files an export can be, and how each is scored again from disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from ml.export.source import ExportError, Source
from ml.model import artefact


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Parameters
    ----------
    suffix
        Of the file.
    write
        Writes a version to a path.
    score
        Scores rows by the file alone, shape (n,), given the source for how to feed it.
    packages
        What reads it, whose versions are noted.
    """

    suffix: str
    write: Callable[[Source, Path], None]
    score: Callable[[Source, Path], np.ndarray]
    packages: tuple[str, ...]

    def versions(self) -> dict[str, str]:
        """Versions of the packages that the check ran on."""
        out = {}
        for name in self.packages:
            try:
                out[name] = version(name)
            except PackageNotFoundError:
                continue
        return out


def _write_artefact(source: Source, path: Path) -> None:
    path.write_bytes(source.data)


def _score_artefact(source: Source, path: Path) -> np.ndarray:
    model = artefact.load_model(path, str(source.row["artefact_sha256"]))
    return model.score(source.rows)


def _write_joblib(source: Source, path: Path) -> None:
    import joblib

    from ml.export.estimator import PropensityClassifier

    joblib.dump(PropensityClassifier.of(source.model), path)


def _score_joblib(source: Source, path: Path) -> np.ndarray:
    import joblib

    return joblib.load(path).predict_proba(source.rows)[:, 1]


def _write_onnx(source: Source, path: Path) -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        msg = f"{error.name} is not installed; pip install 'cdp-propensity[export]'."
        raise ExportError(msg) from error
    from ml.export import graph

    about = {
        "model_name": str(source.row["model_name"]),
        "version": str(source.row["version"]),
        "artefact_sha256": str(source.row["artefact_sha256"]),
        "missing_text": graph.missing_text_of(source.model.schema),
    }
    try:
        path.write_bytes(graph.build(source.model, about))
    except ValueError as error:
        raise ExportError(str(error)) from error


def _score_onnx(source: Source, path: Path) -> np.ndarray:
    import onnxruntime

    from ml.export import graph

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wanted = [put.name for put in session.get_inputs()]
    out = np.empty(len(source.rows))
    for start in range(0, len(out), 5_000):
        rows: pd.DataFrame = source.rows.iloc[start : start + 5_000]
        given = graph.feed(source.model, rows)
        found = session.run(None, {name: given[name] for name in wanted})
        out[start : start + 5_000] = np.asarray(found[0]).ravel()
    return out


FORMATS = {
    "artefact": Format(
        ".zip", _write_artefact, _score_artefact, ("xgboost", "xgboost-cpu", "numpy", "pandas")
    ),
    "onnx": Format(".onnx", _write_onnx, _score_onnx, ("onnx", "onnxruntime")),
    "joblib": Format(
        ".joblib",
        _write_joblib,
        _score_joblib,
        ("joblib", "scikit-learn", "xgboost", "xgboost-cpu", "numpy", "pandas"),
    ),
}
