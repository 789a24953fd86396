from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.curves import curve_points
from ml.report.reader import ReportError, Version
from ml.report.thresholds import Cut, choose, cuts_of, landmarks

Y = np.array([1.0, 0, 1, 1, 0])
P = np.array([0.9, 0.8, 0.8, 0.3, 0.1])


def version(y: np.ndarray = Y, p: np.ndarray = P, base_rate: float = 0.2) -> Version:
    row = {"model_name": "daily", "version": "v", "base_rate": base_rate}
    return Version(row, in_use=True, words=pd.DataFrame(), curves=curve_points(y, p))


def test_cuts_are_the_confusion_matrices() -> None:
    assert cuts_of(version()) == [
        Cut(0.9, 1, 0, 2, 2),
        Cut(0.8, 2, 1, 1, 1),
        Cut(0.3, 3, 1, 0, 1),
        Cut(0.1, 3, 2, 0, 0),
    ]


def test_rates_of_a_cut() -> None:
    cut = Cut(0.8, 2, 1, 1, 1)
    assert cut.recall == pytest.approx(2 / 3)
    assert cut.precision == pytest.approx(2 / 3)
    assert cut.false_positive_rate == 0.5
    assert cut.taken == pytest.approx(3 / 5)
    assert cut.lift == pytest.approx(10 / 9)
    assert cut.told(version())["sentence"] == (
        "Taking every row that scores at least 80.0% takes 3 of 5 rows (60.0%). It reaches "
        "2 of 3 conversions (66.7%). Of those taken, 66.7% converted; of rows picked at random, "
        "it would be 60.0%."
    )


@pytest.mark.parametrize(
    ("wanted", "at", "rule"),
    [
        (0.8, 1, "Chosen by --threshold 0.8."),
        (0.5, 1, "Chosen by --threshold 0.5."),
        (0.05, 3, "Chosen by --threshold 0.05."),
        (0.95, 0, "No row scores 95.0%; the highest recorded threshold is shown."),
    ],
)
def test_a_threshold_of_the_readers_own(wanted: float, at: int, rule: str) -> None:
    given = version()
    assert choose(given, cuts_of(given), wanted) == (at, rule)


def test_by_default_three_times_the_base_rate() -> None:
    given = version(base_rate=0.1)
    at, rule = choose(given, cuts_of(given), None)
    assert at == 1
    assert rule.startswith("The rule: 3 times the base rate")


def test_at_a_high_base_rate_the_score_from_which_a_label_is_high() -> None:
    given = version(base_rate=0.47)
    at, rule = choose(given, cuts_of(given), None)
    assert at == 1
    assert rule.startswith("The rule: 61.2%, well above the base rate it was trained on")


def test_where_hardly_any_row_scores_that_high_the_top_tenth() -> None:
    p = np.linspace(0.3, 0.01, 200)
    given = version((np.arange(200) % 5 == 0).astype(float), p, base_rate=0.2)
    cuts = cuts_of(given)
    at, rule = choose(given, cuts, None)
    assert cuts[at].taken == pytest.approx(0.1, abs=0.01)
    assert rule.startswith("The rule: the top tenth")


def test_what_is_no_probability_is_refused() -> None:
    given = version()
    with pytest.raises(ReportError, match=r"--threshold 5.0: give a probability between 0 and 1"):
        choose(given, cuts_of(given), 5.0)


def test_landmarks_span_the_list() -> None:
    given = version(np.tile(Y, 200), np.linspace(0.9, 0.1, 1_000))
    cuts = cuts_of(given)
    taken = [cuts[at].taken for at in landmarks(cuts)]
    assert taken == pytest.approx([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0], abs=0.01)


def test_without_recorded_thresholds_there_are_no_cuts() -> None:
    assert cuts_of(replace(version(), curves=pd.DataFrame())) == []
