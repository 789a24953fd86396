"""No sync is triggered twice, whatever fails."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.activation.census import Census as Client
from ml.activation.census import Patience, Token
from ml.activation.trigger import NotTriggeredError, Triggered, UnknownError, trigger
from tests.activation.census import SLOW_S, TOKEN, Census, serving
from tests.activation.conftest import Commands, Project
from tools.stand_ins import free_port

SETTLE_S = 0.12


def client(census: Census, *, retries: int = 5, request_timeout_s: float = 5.0) -> Client:
    patience = Patience(retries, 0.002, 20.0)
    return Client(census.url, Token(TOKEN), "v2", patience, request_timeout_s)


def outcome(census: Census, *, retries: int = 5, request_timeout_s: float = 5.0) -> object:
    """What `trigger` returns, or the type of what it raises."""
    with client(census, retries=retries, request_timeout_s=request_timeout_s) as asking:
        try:
            return trigger(asking, 52, full=False, settle_s=SETTLE_S, say=lambda _: None)
        except (NotTriggeredError, UnknownError) as error:
            return type(error)


def posts(census: Census) -> int:
    return sum(line.startswith("POST") for line in census.requests)


@pytest.mark.parametrize(
    ("fault", "asked", "in_doubt"),
    [
        ("", 1, False),
        ("429", 2, False),
        ("429-asks", 2, False),
        ("429-date", 2, False),
        ("500-before", 2, False),
        ("500-after", 1, True),
        ("503-after", 1, True),
        ("cut-before", 2, False),
        ("cut-after", 1, True),
        ("garbage-after", 1, True),
        ("wrong-json-after", 1, True),
    ],
)
@pytest.mark.parametrize("lag_s", [0.0, SETTLE_S / 2])
def test_exactly_one_run_begins(
    census: Census, fault: str, asked: int, in_doubt: bool, lag_s: float
) -> None:
    sync = census.sync(lag_s=lag_s)
    census.faults["trigger"].append(fault)
    assert outcome(census) == Triggered(94, in_doubt)
    assert (sync.triggered, posts(census)) == ([94], asked)


def test_a_run_that_is_listed_only_during_the_pause_is_found(census: Census) -> None:
    sync = census.sync(lag_s=0.1)
    census.faults["trigger"].append("cut-after")
    with Client(census.url, Token(TOKEN), "v2", Patience(5, 0.6, 20.0), 5.0) as asking:
        done = trigger(asking, 52, full=False, settle_s=0.0, say=lambda _: None)
    assert done == Triggered(94, was_in_doubt=True)
    assert (sync.triggered, posts(census)) == ([94], 1)


def test_an_answer_that_takes_too_long_is_an_answer_that_is_lost(census: Census) -> None:
    sync = census.sync()
    census.faults["trigger"].append("slow-after")
    assert outcome(census, request_timeout_s=SLOW_S / 3) == Triggered(94, was_in_doubt=True)
    assert sync.triggered == [94]


def test_a_yes_that_cannot_be_read_is_never_repeated(census: Census) -> None:
    """Nothing is listed, but Census said that it was carried out."""
    sync = census.sync()
    census.faults["trigger"] += ["garbage", ""]
    assert outcome(census) is UnknownError
    assert (sync.triggered, posts(census)) == ([], 1)


@pytest.mark.parametrize("fault", ["cut-before", "500-before", "garbage", "429", "wrong-json"])
def test_without_a_list_of_the_runs_before_nothing_is_triggered(census: Census, fault: str) -> None:
    sync = census.sync()
    census.always["list"] = fault
    assert outcome(census, retries=2) is NotTriggeredError
    assert (sync.triggered, posts(census), len(census.requests)) == ([], 0, 3)


def test_if_the_runs_cannot_be_listed_after_a_lost_answer_it_is_not_triggered_again(
    census: Census,
) -> None:
    sync = census.sync()
    census.faults["list"] += ["", *["500-before"] * 3]
    census.faults["trigger"].append("cut-before")
    assert outcome(census, retries=2) is UnknownError
    assert (sync.triggered, posts(census)) == ([], 1)


def test_retries_are_bounded(census: Census) -> None:
    census.sync()
    census.always["trigger"] = "429"
    assert outcome(census, retries=3) is NotTriggeredError
    assert posts(census) == 4
    census.always["trigger"] = "500-before"
    assert outcome(census, retries=3) is UnknownError
    assert posts(census) == 8


def test_a_scheduled_run_that_began_meanwhile_is_taken(census: Census) -> None:
    """It began after the build, so it sends the same."""
    sync = census.sync()
    census.faults["trigger"].append("cut-before")
    with client(census) as asking:
        listed = asking.run_ids

        def listing(sync_id: int) -> list[int]:
            before = listed(sync_id)
            if not sync.triggered:
                census.begin(sync_id)
            return before

        asking.run_ids = listing  # type: ignore[method-assign]
        done = trigger(asking, 52, full=False, settle_s=SETTLE_S, say=lambda _: None)
    assert done == Triggered(94, was_in_doubt=True)
    assert posts(census) == 1


TRIGGERING = ["", "429", "429-asks", "500-before", "500-after", "503-after", "cut-before"]
TRIGGERING += ["cut-after", "garbage-after", "wrong-json-after", "garbage", "refused", "redirect"]
READING = ["", "", "429-asks", "500-before", "cut-before", "garbage", "wrong-json"]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    triggering=st.lists(st.sampled_from(TRIGGERING), max_size=6),
    listing=st.lists(st.sampled_from(READING), max_size=8),
    retries=st.integers(0, 4),
    lag_s=st.sampled_from([0.0, SETTLE_S / 3]),
)
def test_whatever_fails_at_most_one_run_begins_and_a_known_one_is_it(
    triggering: list[str], listing: list[str], retries: int, lag_s: float
) -> None:
    with serving() as census:
        sync = census.sync(lag_s=lag_s)
        census.faults["trigger"] = deque(triggering)
        census.faults["list"] = deque(listing)
        done = outcome(census, retries=retries)
    assert len(sync.triggered) <= 1
    if isinstance(done, Triggered):
        assert sync.triggered == [done.run_id]
    elif done is NotTriggeredError:
        assert sync.triggered == []
    assert posts(census) <= retries + 1


def test_an_outage_is_told_as_one(activate: Commands) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = activate("--retries", "2", CENSUS_API_URL=url)
    assert done.code == 1
    assert done.out.splitlines()[:2] == [
        "sync 52  aud_high_propensity  not triggered",
        "    127.0.0.1 cannot be reached (ConnectError)",
    ]


def test_doubt_is_told_step_by_step(census: Census, activate: Commands) -> None:
    census.sync(polls=0)
    census.faults["trigger"] += ["cut-before", "429-asks", "500-after"]
    done = activate()
    assert done.code == 0
    assert [line[10:] for line in done.err.splitlines()[:7]] == [
        "sync 52: the connection was lost (RemoteProtocolError); looking whether a run began",
        "sync 52: the connection was lost (RemoteProtocolError); no run began, so it is triggered "
        "again",
        "sync 52: Census has too many requests (429) and asks to wait 0 s; no run began, so it is "
        "triggered again",
        "sync 52: Census failed (500); looking whether a run began",
        "sync 52: run 94 began, so it is not triggered again",
        "sync 52: run 94 began",
        "sync 52: run 94 succeeded, 14 processed, 14 updated, 0 failed, 0 invalid",
    ]
    assert activate("--json").json["syncs"][0]["was_in_doubt"] is False


def test_a_wait_beyond_the_timeout_is_not_waited(census: Census, activate: Commands) -> None:
    census.sync()
    census.faults["trigger"].append("429-long")
    done = activate()
    assert done.out.splitlines()[1] == (
        "    Census has too many requests (429) and asks to wait 7200 s"
    )


@pytest.mark.parametrize("fault", ["429-asks", "500-before", "cut-before", "garbage", "wrong-json"])
def test_polling_goes_on_after_failures(census: Census, activate: Commands, fault: str) -> None:
    census.sync(polls=3)
    census.faults["run"] += [fault, "", fault, fault]
    assert activate().code == 0


def test_polling_that_fails_for_good_leaves_the_run_and_reports_the_others(
    census: Census, activate: Commands, project: Project
) -> None:
    project.built(syncs={"aud_high_propensity": [52, 53]})
    census.sync(52, polls=1)
    census.sync(53, polls=1)
    census.faults["run"] += ["cut-before"] * 3
    done = activate("--retries", "2")
    assert done.code == 1
    assert done.out.splitlines()[:4] == [
        "sync 52  aud_high_propensity  run 94  unknown",
        "    the connection was lost (RemoteProtocolError). The run goes on in Census",
        "sync 53  aud_high_propensity  run 95  succeeded  14 processed, 14 updated, 0 failed, "
        "0 invalid",
        "1 of 2 syncs succeeded.",
    ]
