"""`cdp activate` over HTTP, against the local Census."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest

from ml.activation import activate as activating
from tests.activation.census import TOKEN, Census, counts
from tests.activation.conftest import Commands, Project

ALL_GOOD = "14 processed, 14 updated, 0 failed, 0 invalid"


def said(err: str) -> list[str]:
    """Lines of progress without their time."""
    return [line[10:] for line in err.splitlines()]


# --- What a run comes to ----------------------------------------------------------------


def test_a_sync_is_triggered_waited_for_and_counted(census: Census, activate: Commands) -> None:
    sync = census.sync(polls=2)
    done = activate()
    assert done.code == 0
    assert sync.triggered == [94]
    assert done.out == (
        f"sync 52  aud_high_propensity  run 94  succeeded  {ALL_GOOD}\n"
        "1 of 1 syncs succeeded.\n"
        f"Recorded in census_sync_runs of {activate.warehouse}.\n"
    )
    assert said(done.err) == [
        "sync 52: run 94 began",
        "sync 52: run 94 working (Running Sync)",
        f"sync 52: run 94 succeeded, {ALL_GOOD}",
    ]
    assert census.requests[:3] == [
        "GET /api/v2/syncs/52/sync_runs?per_page=25&order=desc",
        "POST /api/v2/syncs/52/trigger",
        "GET /api/v2/sync_runs/94",
    ]


@pytest.mark.parametrize(
    ("result", "outcome", "reason"),
    [
        (counts(14, 13, 1, 0), "failed", "7.14 % of the records failed or were invalid; at most 5"),
        # By the names and in the sense of the older documentation: invalid ones are processed.
        (
            counts(100, 80, 15, 0) | {"source_record_invalids": None, "records_invalid": 5},
            "failed",
            "20 % of the records failed or were invalid",
        ),
        (counts(0, 0, 0, 3), "failed", "100 % of the records failed or were invalid"),
        ({"canceled": True}, "canceled", "somebody canceled the run in Census"),
        (
            {"error_code": "JSON_ARRAY_ERROR", "error_detail": 'value "ann@example.com"'},
            "failed",
            "the run ended as completed with JSON_ARRAY_ERROR",
        ),
        (
            {"status": "failed", "error_message": "no such ann@example.com"},
            "failed",
            "the run ended as failed. Census's page of the run has the message",
        ),
        ({"status": "exploded"}, "failed", "the run ended as exploded"),
        ({"status": "skipped"}, "skipped", "an earlier run of this sync was still going on"),
    ],
)
def test_completed_alone_is_no_success(
    census: Census, activate: Commands, result: dict[str, object], outcome: str, reason: str
) -> None:
    census.sync(result=result)
    done = activate("--json")
    assert done.code == 1
    [told] = done.json["syncs"]
    assert told["outcome"] == outcome
    assert told["reason"].startswith(reason)
    assert "ann@example.com" not in done.out + done.err


def test_some_failed_records_are_a_success_below_the_limit(
    census: Census, activate: Commands
) -> None:
    census.sync(result=counts(14, 13, 1, 0))
    assert activate("--max-failed-share", "0.08").code == 0
    assert activate("--max-failed-share", "0.07").code == 1


def test_no_counts_are_said(census: Census, activate: Commands) -> None:
    census.sync(result=dict.fromkeys(counts(0, 0, 0, 0)))
    done = activate()
    assert done.code == 0
    assert "the share of failed records is not known" in done.out


def test_the_few_fields_of_the_first_documentation_are_enough(
    census: Census, activate: Commands
) -> None:
    few = {"status": "completed", "records_failed": 15, "records_invalid": 5}
    few |= {"records_processed": 100, "records_updated": 80, "error_message": None}
    census.only = set(few)
    census.sync(result=few)
    done = activate("--max-failed-share", "0.2")
    assert done.code == 0
    assert "run 94  succeeded  100 processed, 80 updated, 15 failed, 5 invalid" in done.out


def test_a_run_that_census_skips_is_no_success(census: Census, activate: Commands) -> None:
    sync = census.sync(polls=None)
    census.begin(52)
    done = activate()
    assert done.code == 1
    assert "run 95  skipped" in done.out
    assert sync.triggered == [94, 95]


def test_several_are_triggered_in_order_and_all_reported(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52, 53], "aud_prospects": [53, 54, 55]})
    census.sync(52, polls=3)
    census.sync(54, result=counts(10, 0, 10, 0))
    census.sync(55, result={"canceled": True})
    done = activate()
    assert done.code == 1
    assert done.out.splitlines()[:8] == [
        f"sync 52  aud_high_propensity  run 94  succeeded  {ALL_GOOD}",
        "sync 53  aud_high_propensity, aud_prospects  not triggered",
        "    Census does not know it (404). Check the id (it is in the address of the sync's page)"
        ", whether the token may see it, and --api-url",
        "sync 54  aud_prospects  run 95  failed  10 processed, 0 updated, 10 failed, 0 invalid",
        "    100 % of the records failed or were invalid; at most 5 % may",
        f"sync 55  aud_prospects  run 96  canceled  {ALL_GOOD}",
        "    somebody canceled the run in Census",
        "1 of 4 syncs succeeded.",
    ]
    posts = [line for line in census.requests if line.startswith("POST")]
    assert posts == [f"POST /api/v2/syncs/{number}/trigger" for number in (52, 54, 55)]
    # Polled together: the last is looked at before the first is over.
    polled = [line for line in census.requests if "/sync_runs/" in line]
    assert polled[:3] == [f"GET /api/v2/sync_runs/{number}" for number in (94, 95, 96)]


def test_nobody_waits_if_asked(census: Census, activate: Commands) -> None:
    census.sync(polls=None)
    done = activate("--no-wait")
    assert (done.code, done.out.splitlines()[:2]) == (
        0, ["sync 52  aud_high_propensity  run 94  triggered", "1 of 1 syncs were triggered."],
    )  # fmt: skip


def test_a_run_that_never_ends_is_left_alone(census: Census, activate: Commands) -> None:
    census.sync(polls=None)
    done = activate("--timeout", "0.3")
    assert done.code == 1
    assert done.out.splitlines()[:3] == [
        "sync 52  aud_high_propensity  run 94  timed out",
        "    --timeout is over; the run goes on in Census",
        "0 of 1 syncs succeeded.",
    ]


def test_ctrl_c_ends_the_waiting_and_not_the_runs(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52], "aud_prospects": [53]})
    census.sync(52, polls=None)
    census.sync(53, polls=0)
    polled = "GET /api/v2/sync_runs/94"
    done = activate.interrupted(once=lambda: census.requests.count(polled) > 1)
    assert done.code == 130
    assert "run 94  interrupted\n    the run goes on in Census\n" in done.out
    assert project.rows("outcome, reason") == [
        ("interrupted", "the run goes on in Census"), ("succeeded", None),
    ]  # fmt: skip
    assert "Traceback" not in done.err


def test_ctrl_c_while_triggering_says_that_a_run_may_have_begun(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52], "aud_prospects": [53]})
    sync = census.sync(52)
    census.sync(53)
    census.faults["trigger"].append("slow-after")
    done = activate.interrupted("--request-timeout", "20", once=lambda: bool(sync.triggered))
    assert done.code == 130
    assert project.rows("sync_id, outcome, reason") == [
        (52, "unknown", "interrupted while it was triggered: a run may have begun"),
        (53, "not_triggered", "not begun"),
    ]


# --- What is asked of Census ------------------------------------------------------------


def test_all_records_are_sent_if_asked(census: Census, activate: Commands) -> None:
    census.sync()
    done = activate("--full-sync", "--json")
    assert "POST /api/v2/syncs/52/trigger?force_full_sync=true" in census.requests
    assert done.json["syncs"][0]["is_full_sync"] is True


def test_version_1_is_used_by_option_with_a_warning(census: Census, activate: Commands) -> None:
    census.sync()
    done = activate("--api-version", "v1")
    assert done.code == 0
    assert done.err.startswith("Warning: Census's API v1 ends on 2027-01-15.")
    assert "POST /api/v1/syncs/52/trigger" in census.requests


def test_a_dry_run_asks_and_triggers_nothing(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52, 53]})
    census.sync()
    done = activate("--dry-run")
    assert done.code == 1
    assert done.out.splitlines()[0] == "sync 52  aud_high_propensity  would trigger"
    assert done.out.splitlines()[-1] == "1 of 2 syncs can be triggered."
    assert [line.split()[0] for line in census.requests] == ["GET", "GET"]
    with pytest.raises(duckdb.CatalogException):
        project.rows("sync_id")


# --- The token --------------------------------------------------------------------------


def test_a_wrong_token_is_tried_once(census: Census, activate: Commands, project: Project) -> None:
    project.built(syncs={"aud_high_propensity": [52, 53, 54]})
    done = activate(CENSUS_API_TOKEN="other")
    assert done.code == 1
    assert len(census.requests) == 1
    assert done.out.count("Census refuses the token (401: bad token ***)") == 3
    assert done.out.count("app-eu.getcensus.com") == 3


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"CENSUS_API_TOKEN": ""}, "CENSUS_API_TOKEN is not set"),
        ({"CENSUS_API_TOKEN": f"{TOKEN}\nmore"}, "CENSUS_API_TOKEN has blanks"),
        ({"CENSUS_API_TOKEN": f"{TOKEN}é"}, "CENSUS_API_TOKEN has blanks"),
        ({"CENSUS_API_URL": f"https://bearer:{TOKEN}@app.getcensus.com"}, "no token may be in it"),
        ({"CENSUS_API_URL": "http://app.getcensus.com"}, "does not begin with https://"),
        ({"CENSUS_API_URL": "https://app.getcensus.com/api/v2"}, "has more than a host"),
        ({"CENSUS_API_URL": "https://app.getcensus.com:https"}, "Port could not be cast"),
        ({"CENSUS_API_URL": "app.getcensus.com"}, "does not begin with https://"),
    ],
)
def test_a_token_that_would_be_seen_is_not_sent(
    census: Census, activate: Commands, environment: dict[str, str], message: str
) -> None:
    done = activate(**environment)
    assert done.code != 0
    assert message in done.err
    assert census.requests == []


def test_census_echoing_the_token_is_not_repeated(census: Census, activate: Commands) -> None:
    census.sync()
    census.faults["trigger"].append("refused")
    done = activate()
    assert done.out.splitlines()[1] == "    Census refused: no luck with ***"


def test_a_defect_of_ours_shows_no_token(
    census: Census, activate: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    census.sync()

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(activating, "judge", broken)
    with pytest.raises(RuntimeError):
        activate()
    assert "a defect" in activate.said[-1]
    assert "self = <ml.activation.activate.Activation" in activate.said[-1]


# --- Which syncs ------------------------------------------------------------------------


def test_syncs_are_named_by_the_project_by_option_or_by_variable(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52], "aud_prospects": 53})
    for number in (52, 53, 54):
        census.sync(number)

    def triggered(*words: str, **environment: str) -> list[tuple[int, str]]:
        done = activate("--json", *words, **environment)
        assert done.code == 0, done.out
        return [(one["sync_id"], one["audiences"]) for one in done.json["syncs"]]

    both = [(52, "aud_high_propensity"), (53, "aud_prospects")]
    assert triggered() == both
    assert triggered("--audience", "aud_prospects") == both[1:]
    assert triggered("--sync", "54") == [(54, "")]
    assert triggered("--sync", "53", "--audience", "aud_high_propensity") == both[::-1]
    assert triggered(CENSUS_SYNC_IDS="53 52 53") == both[::-1]


def test_no_sync_is_an_error_that_says_where_to_name_one(
    activate: Commands, project: Project
) -> None:
    project.built(syncs={})
    done = activate()
    assert done.code == 1
    assert "audience_exposures: {aud_high_propensity: {census_sync_ids: [123]}}" in done.err
    done = activate("--audience", "aud_nobody")
    assert "--audience aud_nobody: no sync is named for it; audiences with syncs: none" in done.err


def test_a_refusal_is_one_document_too(activate: Commands, project: Project) -> None:
    project.built(syncs={"aud_prospects": ["12a"]})
    done = activate("--json")
    assert (done.code, set(done.json), done.json["is_good"]) == (
        1, {"format", "is_good", "error"}, False,
    )  # fmt: skip
    assert done.json["error"] == (
        "models/audiences/_exposures.yml: exposure census_aud_prospects: meta census_sync_ids has "
        "'12a'; it takes ids of syncs, e.g. [123]"
    )


# --- What is kept -----------------------------------------------------------------------


def test_outcomes_are_added_to_the_warehouse(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52], "aud_prospects": [52, 53]})
    census.sync(result=counts(14, 13, 1, 2))
    first = activate("--json", "--max-failed-share", "0.5")
    second = activate("--json", "--max-failed-share", "0.5", "--sync", "52", "--skip-build-check")
    ids = [first.json["activation_id"], second.json["activation_id"]]
    assert len(set(ids)) == 2
    done = (
        52, "aud_high_propensity, aud_prospects", "succeeded", None, False, "completed", False,
        False, None, 16, 14, 13, 1, 2, 3 / 16, "v2",
    )  # fmt: skip
    nothing = (None,) * 10
    reason = "Census does not know it (404). Check the id (it is in the address of the sync's "
    reason += "page), whether the token may see it, and --api-url"
    columns = (
        "sync_id, audiences, outcome, reason, was_in_doubt, status, is_canceled, is_full_sync, "
        "error_code, num_source, num_processed, num_updated, num_failed, num_invalid, "
        "failed_share, api_version, activation_id, sync_run_id, dbt_invocation_id"
    )
    assert project.rows(columns) == [
        (*done, ids[0], 94, "2dfabc69"),
        (53, "aud_prospects", "not_triggered", reason, False, *nothing, "v2", ids[0], None,
         "2dfabc69"),
        (*done, ids[1], 95, None),
    ]  # fmt: skip
    [(at, began, ended)] = project.query(
        "select max(recorded_tstamp), max(created_tstamp), max(completed_tstamp) "
        "from census_sync_runs"
    )
    assert began <= ended <= at
    assert second.json["recorded_tstamp"] == f"{at.isoformat()}Z"


def test_a_warehouse_that_somebody_holds_hides_no_outcome(
    census: Census, activate: Commands, project: Project
) -> None:
    census.sync()
    holder = (
        "import duckdb, sys, time; held = duckdb.connect(sys.argv[1]); print('held', flush=True); "
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, project.warehouse], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = activate("--json")
        process.kill()
    assert done.code == 0
    assert done.json["syncs"][0]["outcome"] == "succeeded"
    assert done.json["recorded_in"] is None
    assert "warehouse.duckdb cannot be written to" in done.json["not_recorded"]
    assert "Is a build running on it?" in done.err


def test_no_warehouse_hides_no_outcome(
    census: Census, activate: Commands, project: Project
) -> None:
    census.sync()
    project.warehouse.unlink()
    done = activate()
    assert done.code == 0
    assert "Warning: the outcomes are not recorded: " in done.err
    assert "no such file. Run `dbt build` first" in done.err
    assert activate("--no-record").err.count("Warning") == 0
    assert not project.warehouse.exists()


def test_the_document_for_programs_has_every_field(census: Census, activate: Commands) -> None:
    census.sync()
    told = json.loads(activate("--json").out)
    [sync] = told.pop("syncs")
    assert set(told) == {
        "format", "is_good", "recorded_in", "not_recorded", "activation_id", "recorded_tstamp",
        "api_version", "dbt_invocation_id",
    }  # fmt: skip
    assert (told["format"], told["is_good"], sync["sync_run_id"]) == (1, True, 94)
