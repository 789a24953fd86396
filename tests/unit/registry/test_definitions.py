from __future__ import annotations

import pandas as pd
import pytest

from ml.registry import definitions
from ml.registry.specs import Spec

SPEC = Spec("daily", outcome_hash="o1", feature_hashes="|pages:1||visits:2||added:3|")


def versions(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    """Rows of the registry, one after another: version, decision, outcome, features."""
    frame = pd.DataFrame(rows, columns=["version", "decision", "outcome_hash", "feature_hashes"])
    return frame.assign(
        model_name="daily",
        trained_at=pd.date_range("2026-01-01", periods=len(frame)),
        artefact_sha256="sha of " + frame["version"],
    )


@pytest.mark.parametrize(
    ("outcome", "features", "kept"),
    [
        ("o1", "|pages:1||visits:2|", True),
        ("o1", "|visits:2|", True),
        ("o2", "|visits:2|", False),
        ("o1", "|pages:1||visits:1|", False),
        ("o1", "|gone:1|", False),
        (None, None, False),
        (float("nan"), float("nan"), False),
    ],
)
def test_a_version_is_of_the_definitions_it_was_made_with(
    outcome: str | None, features: str | None, kept: bool
) -> None:
    rows = versions(("v1", "champion", outcome, features))
    assert len(definitions.current(rows, SPEC)) == kept
    assert bool(definitions.told(rows, SPEC)) is not kept


def test_what_scores_instead_of_an_overtaken_champion() -> None:
    first = ("v1", "champion", "o1", "|pages:1|")
    other = ("v2", "champion", "o2", "|pages:1|")
    again = ("v3", "champion", "o1", "|visits:2|")
    rejected = ("v4", "rejected", "o1", "|visits:2|")
    for rows, found in (
        ([first], {}),
        ([first, other], {"daily": "sha of v1"}),
        ([other], {"daily": ""}),
        ([first, other, again, rejected], {}),
        ([rejected], {}),
    ):
        assert definitions.overtaken(versions(*rows), [SPEC]) == found


def test_of_many_changed_features_some_are_named() -> None:
    features = "".join(f"|f{n}:0|" for n in range(7))
    (line,) = definitions.told(versions(("v1", "champion", "o1", features)), SPEC)
    assert "(f0, f1, f2, f3, f4 and 2 more)" in line
