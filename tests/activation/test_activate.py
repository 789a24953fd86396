"""`cdp activate` over HTTP, against the local Census."""

from __future__ import annotations

from tests.activation.census import Census
from tests.activation.conftest import Commands


def test_a_sync_is_triggered_waited_for_and_counted(census: Census, activate: Commands) -> None:
    sync = census.sync(polls=2)
    done = activate()
    assert done.code == 0
    assert sync.triggered == [94]
    assert done.out == (
        "sync 52  aud_high_propensity  run 94  succeeded  "
        "14 processed, 14 updated, 0 failed, 0 invalid\n"
        "1 of 1 syncs succeeded.\n"
        f"Recorded in census_sync_runs of {activate.warehouse}.\n"
    )
    assert [line[10:] for line in done.err.splitlines()] == [
        "sync 52: run 94 began",
        "sync 52: run 94 working (Running Sync)",
        "sync 52: run 94 succeeded, 14 processed, 14 updated, 0 failed, 0 invalid",
    ]
    assert census.requests[:3] == [
        "GET /api/v2/syncs/52/sync_runs?per_page=25&order=desc",
        "POST /api/v2/syncs/52/trigger",
        "GET /api/v2/sync_runs/94",
    ]
