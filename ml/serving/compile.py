"""A champion's card and artefact made into a `Compiled`, and checked against XGBoost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ml.errors import ArtefactError
from ml.model import artefact
from ml.model.booster import predict_contributions
from ml.model.trained import PropensityModel
from ml.serving.compiled import Compiled, check_columns
from ml.serving.flatten import flatten

_CHECK_ROWS = 256
# XGBoost's contributions are float32 sums over trees.
_TOLERANCE = 1e-4


def compile_champion(card: dict[str, Any], data: bytes) -> Compiled:
    """Make a champion ready to score.

    Parameters
    ----------
    card
        See `Compiled`.
    data
        Its artefact.

    Raises
    ------
    ArtefactError
        The artefact is not the card's, cannot be read, predicts no probability, or reads what no
        attribute can hold; or what was compiled does not score as XGBoost does.
    """
    model = artefact.read_registered(
        data, str(card["artefact_sha256"]), str(card["model_name"]), str(card["version"])
    )
    if model.calibration.method == "amount":
        msg = (
            f"{card['model_name']} predicts money, not a probability; the API serves no such model."
        )
        raise ArtefactError(msg)
    columns = [asdict(column) for column in model.schema.columns]
    check_columns(columns)
    offline = [name for name in model.schema.names if name not in card["features"]]
    if offline:
        msg = (
            f"{card['model_name']} {card['version']} reads {', '.join(offline)}, which Signals "
            "does not compute. Train it anew on features that have an online definition."
        )
        raise ArtefactError(msg)
    compiled = Compiled(card, columns, asdict(model.calibration), flatten(model))
    _check(compiled, model)
    return compiled


def _check(compiled: Compiled, model: PropensityModel) -> None:
    """Hold it against XGBoost on rows at and beside the thresholds of its trees."""
    x = _rows(compiled, np.random.default_rng(0))
    scores = np.array([compiled.probability(row) for row in x])
    contributions = np.array([compiled.trees.contributions(row) for row in x])
    expected = predict_contributions(model.boosters, x, model.schema.feature_types)[:, :-1]
    largest = float(np.abs(contributions - expected).max())
    if not np.array_equal(scores, model.calibration.apply(model.log_odds(x))) or not (
        largest <= _TOLERANCE * max(1.0, float(np.abs(expected).max()))
    ):
        msg = (
            f"{compiled.card['model_name']} {compiled.card['version']} does not score as XGBoost "
            "does once it is compiled; it is not served. Please report this."
        )
        raise ArtefactError(msg)


def _rows(compiled: Compiled, rng: np.random.Generator) -> np.ndarray:
    trees = compiled.trees
    out = np.full((_CHECK_ROWS, len(compiled.names)), np.nan, dtype=np.float32)
    splits = trees.left >= 0
    for at in range(out.shape[1]):
        mine = splits & (trees.feature == at)
        edges = trees.threshold[mine & (trees.category_count == 0)]
        values = [np.array([np.nan, 0.0, 1.0], dtype=np.float32), edges]
        values += [np.nextafter(edges, np.float32(-np.inf)), edges + 1]
        n_codes = trees.category_count[mine].max(initial=0)
        values.append(np.arange(n_codes + 1 if n_codes else 0, dtype=np.float32))
        out[:, at] = rng.choice(np.concatenate(values), _CHECK_ROWS)
    return out
