from __future__ import annotations

from typing import Any

import pytest

from ml.registry.settings import read_settings

VARS: dict[str, Any] = {
    "retrain_after_days": 7,
    "force_training": False,
    "max_training_rows": 1_000,
    "distributed_training": "true",
    "max_champion_age_days": "30",
    "min_judging_subjects": 5,
}


def test_vars_come_as_numbers_or_as_their_text() -> None:
    settings = read_settings(**VARS)
    assert (settings.retrain_after_days, settings.force) == (7.0, False)
    assert (settings.max_training_rows, settings.distributed) == (1_000, True)
    assert settings.rules.max_champion_age_days == 30.0
    assert settings.rules.min_converting_subjects == 5


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("retrain_after_days", "weekly", "a number"),
        ("max_training_rows", None, "a whole number"),
        ("min_judging_subjects", "five", "a whole number"),
        ("force_training", "yes", "true or false"),
        ("distributed_training", None, "true or false"),
    ],
)
def test_what_is_not_accepted_is_named(name: str, value: object, wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"^var {name}: .* is not accepted; it takes {wanted}$"):
        read_settings(**{**VARS, name: value})
