"""A champion in the form that scores one visitor in microseconds; its file needs neither pandas nor XGBoost.

The score is the warehouse's to the bit. So are the reasons, unless two behaviours contribute the
same to six digits: XGBoost rounds contributions, this does not.
"""  # noqa: E501 - the first line is a sentence

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.errors import ArtefactError
from ml.scoring.words import MIN_CONTRIBUTION, PREFIX, Words
from ml.serving.trees import FlatTrees, strongest

# Half of a step above the largest float32: numbers from here on are infinite there.
_TOO_LARGE = 3.4028235677973366e38
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_ABOUT = "about"


class ValueOfAnotherKindError(ValueError):
    """A feature's value is not of the kind that the model was trained on; names the feature."""


@dataclass(frozen=True)
class Scored:
    """What is said of a visitor.

    Parameters
    ----------
    score
        Calibrated probability.
    label
        High, Medium or Low.
    decile
        1 for the highest scores, 10 for the lowest; None if the card does not say where they
        start.
    reasons
        Up to three sentences, the strongest first.
    """

    score: float
    label: str
    decile: int | None
    reasons: list[str]


class Compiled:
    """A champion that is ready to score.

    Parameters
    ----------
    card
        What is known of it: `model_name`, `version`, `artefact_sha256`, `label_from`,
        `decile_from`, `features`, `group`, `longest_period_s`, `words`, ...
    columns
        What the model reads, in its order: `name`, `kind`, `categories`, `other`, `from_text`.
    calibration
        `method`, `slope`, `intercept`, `knots`.
    trees
        Of all boosters.
    """

    def __init__(
        self,
        card: dict[str, Any],
        columns: list[dict[str, Any]],
        calibration: dict[str, Any],
        trees: FlatTrees,
    ) -> None:
        self.card = card
        self.names = [str(column["name"]) for column in columns]
        self.trees = trees
        self._columns = columns
        self._calibration = calibration
        self._encoders = [_encoder(column) for column in columns]
        told = card["words"]
        self._words = [
            Words(**told[name]) if name in told else Words(name, name) for name in self.names
        ]
        numbers: dict[str, int] = {}
        self._behaviour = np.array(
            [numbers.setdefault(words.behaviour, len(numbers)) for words in self._words],
            dtype=np.int32,
        )
        self._high = float(card["label_from"]["High"])
        self._medium = float(card["label_from"]["Medium"])
        self._deciles = [float(at) for at in card["decile_from"]]
        self._knots = np.array(calibration["knots"], dtype=np.float64).reshape(-1, 2).T

    def encode(self, values: Sequence[Any]) -> np.ndarray:
        """Turn values, in the order of `names`, into the model's numbers, float32, shape (d,).

        Raises
        ------
        ValueOfAnotherKindError
            A value is of another kind than in training.
        """
        encoded = [encode(value) for encode, value in zip(self._encoders, values, strict=True)]
        return np.array(encoded, dtype=np.float32)

    def probability(self, x: np.ndarray) -> float:
        """Calibrated probability of an encoded row."""
        margin = self.trees.margin(x)
        method = self._calibration["method"]
        if method == "isotonic":
            return float(np.interp(margin, self._knots[0], self._knots[1]))
        shifted = self._calibration["slope"] * margin + self._calibration["intercept"]
        # math.exp fails where XGBoost's and SciPy's gives infinity.
        return 1.0 / (1.0 + math.exp(-shifted)) if shifted > -709.0 else 0.0

    def score(self, values: Sequence[Any], *, reasons: bool = True) -> Scored:
        """Score a visitor.

        Parameters
        ----------
        values
            In the order of `names`; None is missing.
        reasons
            Whether to say why.

        Raises
        ------
        ValueOfAnotherKindError
            A value is of another kind than in training.
        """
        x = self.encode(values)
        score = self.probability(x)
        label = "High" if score >= self._high else "Medium" if score >= self._medium else "Low"
        decile = 1 + sum(score < at for at in self._deciles) if self._deciles else None
        told: list[str] = []
        if reasons:
            found = strongest(self.trees.contributions(x), self._behaviour, MIN_CONTRIBUTION)
            told = [PREFIX + self._words[at].say(values[at]) for at in found]
        return Scored(score, label, decile, told)

    def to_bytes(self) -> bytes:
        """Write it for `from_bytes`: arrays and JSON, no code."""
        about = {"card": self.card, "columns": self._columns, "calibration": self._calibration}
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        arrays: dict[str, Any] = {_ABOUT: text, **self.trees.arrays}
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Compiled:
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            about = json.loads(arrays[_ABOUT].tobytes())
            # Copied, so that their memory is aligned: Numba compiles anew for any other kind.
            flat = {name: arrays[name].copy() for name in arrays.files if name != _ABOUT}
            trees = FlatTrees(**flat)
        return cls(about["card"], about["columns"], about["calibration"], trees)


def check_columns(columns: Sequence[dict[str, Any]]) -> None:
    """Refuse columns that no attribute of Signals can fill.

    Raises
    ------
    ArtefactError
        The message names them.
    """
    odd = [c["name"] for c in columns if c["kind"] == "datetime" or c.get("held")]
    if odd:
        msg = (
            f"the model reads {', '.join(odd)}: datetimes, durations and categories of other "
            "things than texts, which the API does not read. Leave them out of the model."
        )
        raise ArtefactError(msg)


def _encoder(column: dict[str, Any]) -> Callable[[Any], float]:
    """Make the function from a value to its number, as `ml.data.encode` does for a column."""
    name = column["name"]

    def refuse(value: object, wanted: str) -> ValueOfAnotherKindError:
        return ValueOfAnotherKindError(
            f"{name} is to be {wanted}, as in training, and is given a value of type "
            f"{type(value).__name__}"
        )

    if column["kind"] == "categorical":
        codes = {text: float(code) for code, text in enumerate(column["categories"])}
        unseen = float(len(codes)) if column["other"] else math.nan

        def code(value: Any) -> float:  # noqa: ANN401
            if type(value) is str:
                return codes.get(value, unseen)
            if value is None or value != value:
                return math.nan
            raise refuse(value, "a text")

        return code

    if column["kind"] == "boolean":

        def truth(value: Any) -> float:  # noqa: ANN401
            if value is True:
                return 1.0
            if value is False:
                return 0.0
            if value is None or value != value:
                return math.nan
            if type(value) in (int, float) and value in (0, 1):
                return float(value)
            raise refuse(value, "true or false")

        return truth

    from_text = bool(column.get("from_text"))

    def number(value: Any) -> float:  # noqa: ANN401
        if type(value) is int or type(value) is float:
            return float(value) if -_TOO_LARGE < value < _TOO_LARGE else math.nan
        if value is None:
            return math.nan
        if from_text and type(value) is str:
            return number(float(value)) if _NUMBER.fullmatch(value) else math.nan
        raise refuse(value, "a number")

    return number
