"""What is to be trained: the models that `trn_readiness` lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.data.splits import PEOPLE, PEOPLE_AND_TIME, TIME

SUBJECT, MOMENT, TARGET, FOLD = "domain_userid", "as_of_tstamp", "target", "fold"
SUBJECT_FOLD = "subject_fold"
CONVERSION, CHURN, VALUE = "conversion", "churn", "value"


@dataclass(frozen=True)
class Spec:
    """One model that is to be: a row of `trn_readiness`.

    Parameters
    ----------
    model_name
        What its versions are filed under: `daily`, `live__demo_request`.
    kind
        What its target is: `conversion`, `churn` (did it happen?) or `value` (how much?).
    training_table
        Where its rows are, e.g. `trn_daily`.
    target
        Its target column there; null leaves a row out.
    subject
        The column that says whose row it is.
    definition_hash
        Of all that decides what it learns.
    outcome_hash
        Of what it predicts.
    feature_hashes
        `|name:hash|` of each feature that its rows hold, one after another.
    not_trained_code, not_trained_reason
        Why it cannot be trained, and the same in a sentence; empty if it can.
    split
        How it is judged: a key of `ml.data.splits.JUDGED`.
    split_reason
        That, and why not more strictly, in a sentence.
    train_until, test_from
        Where it is judged on later time: rows before the one teach, from the other on judge.
    """

    model_name: str
    kind: str = CONVERSION
    training_table: str = ""
    target: str = TARGET
    subject: str = SUBJECT
    definition_hash: str = ""
    outcome_hash: str = ""
    feature_hashes: str = ""
    not_trained_code: str = ""
    not_trained_reason: str = ""
    split: str = PEOPLE_AND_TIME
    split_reason: str = ""
    train_until: pd.Timestamp | None = None
    test_from: pd.Timestamp | None = None

    @property
    def base(self) -> str:
        """The question it asks, shared by the models of several conversions: `daily`."""
        return base_of(self.model_name)


def base_of(model_name: str) -> str:
    """Return the base of a model.

    Examples
    --------
    >>> base_of("daily__demo_request"), base_of("first_touch")
    ('daily', 'first_touch')
    """
    return model_name.split("__")[0]


def read_specs(readiness: pd.DataFrame) -> list[Spec]:
    """Specs of the models in `trn_readiness`, those of one training table together."""
    specs = [
        Spec(
            model_name=str(row["model_name"]),
            kind=str(row["kind"]),
            training_table=str(row["training_table"]),
            target=str(row["target_column"]),
            subject=str(row["subject_column"]),
            definition_hash=str(row["definition_hash"]),
            outcome_hash=str(row["outcome_hash"]),
            feature_hashes=str(row["feature_hashes"]),
            not_trained_code=_text(row["not_trained_code"]),
            not_trained_reason=_text(row["not_trained_reason"]),
            split=_text(row.get("split")) or PEOPLE_AND_TIME,
            split_reason=_text(row.get("split_reason")),
            train_until=_moment(row.get("train_until_tstamp")),
            test_from=_moment(row.get("test_from_tstamp")),
        )
        for row in readiness.to_dict("records")
    ]
    return sorted(specs, key=lambda spec: (spec.training_table, spec.model_name))


def _text(value: Any) -> str:  # noqa: ANN401 - null differs between engines
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> pd.Timestamp | None:  # noqa: ANN401
    return None if value is None or pd.isna(value) else pd.Timestamp(value)


def with_folds_of(frame: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Give rows the folds that the model is judged by; those of the table are the strictest's.

    Parameters
    ----------
    frame
        Rows of its training table.
    spec
        What it is.
    """
    if spec.split == PEOPLE:
        judges = frame[SUBJECT_FOLD] == "test"
        return frame.assign(**{FOLD: np.where(judges, "test", "train")})
    if spec.split == TIME:
        if spec.train_until is None or spec.test_from is None:
            msg = f"{spec.model_name}: a split by time needs train_until and test_from."
            raise ValueError(msg)
        moments = pd.to_datetime(frame[MOMENT])
        fold = pd.Series(None, index=frame.index, dtype=object)
        fold[moments < spec.train_until] = "train"
        fold[moments >= spec.test_from] = "test"
        return frame.assign(**{FOLD: fold})
    return frame
