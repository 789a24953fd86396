from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.registry.decision import CODES, ROLLED_BACK
from ml.report.reader import Version
from ml.report.words import (
    band_of,
    caution_of,
    figure,
    metric_names,
    question_of,
    reason_of,
    status_of,
)
from ml.scoring.words import Words


def version(
    model_name: str = "daily", in_use: bool = False, converting: float = 26, **row: object
) -> Version:
    metrics = pd.DataFrame(
        [
            ("test", "roc_auc", 0.93, 0.87, 1.02),
            ("test", "ece", 0.004, -0.001, 0.009),
            ("test", "a_new_metric", 12.5, None, None),
            ("test", "n_converting_subjects", converting, None, None),
        ],
        columns=["dataset", "metric", "value", "value_low", "value_high"],
    )
    return Version(
        {"model_name": model_name, "version": "v", **row}, in_use, pd.DataFrame(), metrics=metrics
    )


def test_figures_are_told_with_their_interval_kept_to_what_is_possible() -> None:
    found = figure(version(), "roc_auc")
    assert found is not None
    assert (found.value, found.interval.split()) == ("0.930", ["0.870", "to", "1.000"])
    assert "right one first 93 times in 100" in found.meaning
    found = figure(version(), "ece")
    assert found is not None
    assert (found.value, found.interval.split()) == ("0.40%", ["0%", "to", "0.90%"])
    assert figure(version(), "log_loss") is None
    assert figure(version(), "roc_auc", "train") is None


def test_a_metric_nobody_told_us_of_is_shown_by_its_name() -> None:
    assert metric_names(version())[-1] == "a_new_metric"
    found = figure(version(), "a_new_metric")
    assert found is not None
    assert (found.label, found.value, found.interval) == ("a new metric", "12.5", "")


@pytest.mark.parametrize(
    ("decision", "in_use", "label"),
    [
        ("champion", True, "In use"),
        ("champion", False, "Not in use"),
        ("challenger", False, "Challenger"),
        ("rejected", False, "Rejected"),
    ],
)
def test_where_a_version_stands(decision: str, in_use: bool, label: str) -> None:
    assert status_of(version(in_use=in_use, decision=decision)).label == label


@pytest.mark.parametrize(
    ("decision", "standing", "label"),
    [
        ("champion", "retired", "Retired"),
        ("challenger", "retired", "Retired"),
        ("champion", "kept", "Scores kept"),
        ("rejected", "retired", "Rejected"),
        ("champion", "replaced", "Not in use"),
    ],
)
def test_a_version_of_another_definition_is_said_to_be_one(
    decision: str, standing: str, label: str
) -> None:
    one = version(decision=decision)
    status = status_of(replace(one, standing=standing, standing_reason="It was redefined."))
    assert status.label == label
    assert status.sentence.endswith("It was redefined.") is (label in {"Retired", "Scores kept"})


@pytest.mark.parametrize("code", [*CODES, ROLLED_BACK])
def test_each_code_of_the_gate_is_put_in_plain_words(code: str) -> None:
    assert reason_of(version(decision_code=code)).endswith(".")


def test_the_words_name_the_subject_and_a_row_without_a_code_has_none() -> None:
    person = version("first_touch", decision_code="few_subjects")
    assert reason_of(person) == "Too few persons with the outcome can judge it."
    assert reason_of(version(decision_code="worse")) == "The version in use is better."
    assert reason_of(version(decision_reason="worse: by a lot")) == ""


def test_few_converting_subjects_are_warned_of() -> None:
    assert caution_of(version(converting=26)).startswith("Only 26 visitors who converted are")
    assert caution_of(version(converting=100)) == ""


@pytest.mark.parametrize(
    ("model_name", "question"),
    [
        ("live", "Will this visitor convert soon after this event?"),
        ("daily__demo_request", "Will this visitor convert (demo request) in the days to come?"),
        ("daily__churn", "Will this visitor go away in the days to come?"),
        ("daily__value", "How much revenue will this visitor bring in the time to come?"),
        ("first_touch", "Will this person convert after the first visit?"),
        ("other", "Will this subject convert?"),
    ],
)
def test_what_a_model_is_asked(model_name: str, question: str) -> None:
    assert question_of(version(model_name)) == question


DAY, COUNT = Words("day", "day", is_weekday=True), Words("n", "n")


@pytest.mark.parametrize(
    ("label", "low", "high", "words", "kind", "told"),
    [
        (None, 3.0, 5.0, COUNT, "numeric", "3 to 5"),
        (None, 3.0, 3.0, COUNT, "numeric", "3"),
        (None, 1.0, 1.0, COUNT, "boolean", "yes"),
        (None, 0.0, 0.0, COUNT, "boolean", "no"),
        ("Phone", None, None, COUNT, "categorical", "Phone"),
        ("", None, None, COUNT, "categorical", "unknown"),
        (None, np.nan, np.nan, COUNT, "numeric", "unknown"),
        (None, 1.0, 2.0, DAY, "numeric", "Monday to Tuesday"),
    ],
)
def test_bands_are_named(
    label: str | None, low: float | None, high: float | None, words: Words, kind: str, told: str
) -> None:
    effect: dict[str, object] = {"label": label, "value_low": low, "value_high": high}
    assert band_of(effect, words, kind) == told
