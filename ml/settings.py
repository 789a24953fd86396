"""How versions come about; dbt vars reach it by the models' YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ml.gate import GateRules
from ml.training import N_TRIALS


@dataclass(frozen=True)
class Settings:
    """How versions come about.

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
        retrain_after_days=float(retrain_after_days),
        force=_true(force_training),
        max_training_rows=int(max_training_rows),
        distributed=_true(distributed_training),
        rules=GateRules(
            max_champion_age_days=float(max_champion_age_days),
            min_converting_subjects=int(min_judging_subjects),
        ),
    )


def _true(value: object) -> bool:
    return str(value).lower() == "true"
