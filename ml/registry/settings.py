"""Settings of training and the gate; dbt vars reach them through the models' YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from ml.registry.gate import GateRules
from ml.training.train import N_TRIALS

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Settings:
    """Settings of training and the gate.

    Parameters
    ----------
    retrain_after_days
        A version older than this, by `as_of`, is due to be trained anew.
    force
        Train now, due or not.
    n_trials
        Settings tried for a model.
    max_training_rows
        Above it, a stable sample of subjects is trained on.
    distributed
        The training tables hold every row; what scores is fitted on them by Spark.
    random_state
        Seed of everything.
    rules
        Of the gate.
    """

    retrain_after_days: float = 7.0
    force: bool = False
    n_trials: int = N_TRIALS
    max_training_rows: int = 1_500_000
    distributed: bool = False
    random_state: int = 0
    rules: GateRules = field(default_factory=GateRules)


def read_settings(
    *,
    retrain_after_days: Any,  # noqa: ANN401 - dbt hands on numbers, booleans or their text
    force_training: Any,  # noqa: ANN401
    max_training_rows: Any,  # noqa: ANN401
    distributed_training: Any,  # noqa: ANN401
    max_champion_age_days: Any,  # noqa: ANN401
    min_judging_subjects: Any,  # noqa: ANN401
) -> Settings:
    """Read the vars of those names as a model's configuration has them.

    Parameters
    ----------
    retrain_after_days, max_champion_age_days
        Days.
    force_training, distributed_training
        True or false.
    max_training_rows, min_judging_subjects
        Whole numbers.

    Returns
    -------
    Settings

    Raises
    ------
    ValueError
        A value is not of these; the message names the var.

    Examples
    --------
    >>> read_settings(
    ...     retrain_after_days="7",
    ...     force_training="False",
    ...     max_training_rows=1000,
    ...     distributed_training=True,
    ...     max_champion_age_days=30,
    ...     min_judging_subjects="5",
    ... ).distributed
    True
    """
    return Settings(
        retrain_after_days=_number("retrain_after_days", retrain_after_days, float),
        force=_true("force_training", force_training),
        max_training_rows=_number("max_training_rows", max_training_rows, int),
        distributed=_true("distributed_training", distributed_training),
        rules=GateRules(
            max_champion_age_days=_number("max_champion_age_days", max_champion_age_days, float),
            min_converting_subjects=_number("min_judging_subjects", min_judging_subjects, int),
        ),
    )


def _number(name: str, value: Any, kind: type[_Number]) -> _Number:  # noqa: ANN401
    try:
        return kind(value)
    except (TypeError, ValueError):
        wanted = "a whole number" if kind is int else "a number"
        msg = f"var {name}: {value!r} is not accepted; it takes {wanted}"
        raise ValueError(msg) from None


def _true(name: str, value: object) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        msg = f"var {name}: {value!r} is not accepted; it takes true or false"
        raise ValueError(msg)
    return text == "true"
