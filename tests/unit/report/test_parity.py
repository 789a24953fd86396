"""How far features are the same live: on the page of `live`, and in the docs."""

from __future__ import annotations

from pathlib import Path

from ml.report.parity import parity_of

PAGE = Path(__file__).resolve().parents[3] / "dbt_project" / "docs" / "parity.md"


def test_only_models_that_are_served_have_it() -> None:
    assert parity_of("daily") is None
    assert parity_of("first_touch") is None
    assert parity_of("live__demo_request") == parity_of("live")


def test_enough_was_measured_and_the_docs_have_the_same_figures() -> None:
    measured = parity_of("live")
    assert measured is not None
    assert measured["num_values"] >= 100_000
    assert measured["num_scores"] >= 10_000
    page = PAGE.read_text("utf-8")
    for what, total, equal, causes in measured["table"].rows:
        assert f"| {what} | {total} | {equal} | {causes} |" in page
