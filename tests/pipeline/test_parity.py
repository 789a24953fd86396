"""A visitor is scored live on the features that the warehouse has of the same moment."""

from __future__ import annotations

from pathlib import Path

from tools.parity import APPROXIMATE, OWN_EVENT, UNEXPLAINED, measure
from tools.project import Project

# Without late, doubled or tied events, nothing else may differ.
EXPECTED = {OWN_EVENT, APPROXIMATE}


def test_features_and_scores_live_are_those_of_the_warehouse(
    built: Project, simulated: Path, tmp_path: Path
) -> None:
    found = measure(tmp_path, simulated, built.database, n_moments=300, n_events=6_000)

    assert found.scores.total == 300
    assert sum(one.total for one in found.features.values()) >= 300 * 30
    for name, one in found.features.items():
        assert set(one.causes) <= EXPECTED, (name, one)
        if not name.startswith("latest_") and found.aggregations[name] != "unique_count":
            assert one.equal == one.total, (name, one)
    # Where every feature is equal, so is the score, to the bit.
    assert found.scores.causes[UNEXPLAINED] == 0
    assert found.scores.equal > 150
    by_aggregation = found.by_aggregation()
    assert {"counter", "first", "last", "unique_count", "any"} <= set(by_aggregation)
