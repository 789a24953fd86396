"""One run of a sync, triggered at most once, whatever becomes of the connection."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from ml.activation.census import Census, CensusError, InDoubtError, NotDoneError

_LONGEST_LOOK_S = 5.0


@dataclass(frozen=True)
class Triggered:
    """A run that was triggered.

    Parameters
    ----------
    run_id
        Census's id.
    was_in_doubt
        Was an answer lost, so that the run was found among the sync's runs?
    """

    run_id: int
    was_in_doubt: bool = False


class NotTriggeredError(Exception):
    """No run was triggered."""


class UnknownError(Exception):
    """A run may have been triggered, and none was found."""


def trigger(
    census: Census, sync_id: int, *, full: bool, settle_s: float, say: Callable[[str], None]
) -> Triggered:
    """Trigger a sync, once.

    Before the first request the sync's runs are listed. If an answer is lost, or Census fails
    after it took the request, they are listed again, for `settle_s`. A run that was not there
    before is the one that was asked for. Only if there is none, the sync is triggered again.

    Parameters
    ----------
    census
        Client of the API.
    sync_id
        Which.
    full
        Send all records, not only differences.
    settle_s
        How long a run may take to be listed.
    say
        Takes a line of progress.

    Raises
    ------
    NotTriggeredError
        Census refused, or never took the request.
    UnknownError
        An answer was lost, and no run was found or the runs could not be listed.
    """
    try:
        known = frozenset(census.run_ids(sync_id))
    except CensusError as error:
        raise NotTriggeredError(str(error)) from error
    in_doubt = False
    for tries in itertools.count(1):
        try:
            return Triggered(census.trigger(sync_id, full=full))
        except NotDoneError as error:
            failure = error
        except CensusError as error:
            raise _given_up(in_doubt, error) from error
        found = None
        if isinstance(failure, InDoubtError):
            in_doubt = True
            say(f"sync {sync_id}: {failure}; looking whether a run began")
            found = _look(census, sync_id, known, settle_s, failure)
        if found is None:
            if tries > census.patience.retries:
                raise _given_up(in_doubt, failure)
            say(f"sync {sync_id}: {failure}; no run began, so it is triggered again")
            try:
                census.patience.pause(tries, failure)
            except NotDoneError as error:
                raise _given_up(in_doubt, error) from error
            # A run that was in doubt may have begun during the pause.
            if in_doubt:
                found = _look(census, sync_id, known, 0.0, failure)
        if found is not None:
            say(f"sync {sync_id}: run {found} began, so it is not triggered again")
            return Triggered(found, was_in_doubt=True)
    raise AssertionError


def _look(
    census: Census, sync_id: int, known: frozenset[int], settle_s: float, why: NotDoneError
) -> int | None:
    """Find a run that was not there before."""
    until = time.monotonic() + settle_s
    while True:
        try:
            runs = census.run_ids(sync_id)
        except CensusError as error:
            msg = f"{why}, and its runs cannot be listed: {error}"
            raise UnknownError(msg) from error
        # Newest first: what is before the first known one is new.
        new = list(itertools.takewhile(lambda run: run not in known, runs))
        if new:
            # Of several the earliest, which was asked for first.
            return new[-1]
        left = until - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, _LONGEST_LOOK_S, settle_s / 5))
    if isinstance(why, InDoubtError) and why.accepted:
        msg = f"{why}, and no run of it is listed"
        raise UnknownError(msg)
    return None


def _given_up(in_doubt: bool, error: CensusError) -> Exception:
    if in_doubt:
        return UnknownError(f"{error}. An answer before that was lost, and no run is listed")
    return NotTriggeredError(str(error))
