from __future__ import annotations

import json

import pytest

from ml.data.splits import PEOPLE
from ml.registry.decision import CODES, Decision

COMPARED = {
    "loss_name": "log loss",
    "gain": 0.01,
    "gain_low": 0.005,
    "gain_high": 0.015,
    "n_rows": 900,
    "n_converting_subjects": 40,
    "champion_age_days": 31.0,
    "max_champion_age_days": 30.0,
}
FIGURES = COMPARED | {
    "feature": "num_orders",
    "evidence": "alone it ranks the outcome",
    "n_leaks": 3,
    "n_asked": 5,
    "base_rate": 0.02,
    "champion": "20260701-1a2b3c4d",
    "error": "its checksum is another.",
}
TOLD = (
    "log loss +0.01000 better than the champion's [+0.00500, +0.01500] on 900 rows, "
    "40 converting subjects newer than both saw."
)


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_verdict_and_a_sentence(code: str) -> None:
    decision = Decision(code, FIGURES)
    assert decision.verdict in {"champion", "challenger", "rejected"}
    assert decision.reason.endswith(".")
    assert "{" not in decision.reason


def test_the_sentence_names_the_figures() -> None:
    assert Decision("better", FIGURES).reason == f"better by more than noise: {TOLD}"
    assert Decision("champion_old", FIGURES).reason == (
        f"not worse, and the champion is 31 days old: {TOLD}"
    )
    assert Decision("suspected_leak", FIGURES).reason.startswith(
        "suspected leak in num_orders (and 2 more): alone it ranks the outcome. Repair"
    )


def test_it_says_how_a_version_was_judged_that_other_people_alone_judged() -> None:
    told = Decision("no_newer_rows", split=PEOPLE).reason
    assert told.endswith(
        "This version was judged on other people of the same time only, which is optimistic."
    )


def test_figures_are_kept_as_json_without_what_json_has_no_word_for() -> None:
    kept = json.loads(Decision("better", {"gain": 0.5, "gain_low": float("nan")}).figures_json)
    assert kept == {"gain": 0.5, "gain_low": None}
