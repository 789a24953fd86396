"""Several syncs: triggered one after another, waited for together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ml.activation.census import Census, CensusError, NotDoneError, RefusedError
from ml.activation.outcome import Outcome, counts, judge
from ml.activation.trigger import NotTriggeredError, UnknownError, trigger

_NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Settings:
    """How to activate.

    Parameters
    ----------
    full
        Send all records, not only differences.
    wait
        Until every run is over.
    max_failed_share
        Share of records that may fail or be invalid.
    poll_interval_s
        Between two looks at the runs.
    settle_s
        How long a run may take to be listed after an answer was lost.
    """

    full: bool = False
    wait: bool = True
    max_failed_share: float = 0.05
    poll_interval_s: float = 10.0
    settle_s: float = 30.0


class Activation:
    """The syncs of one command. `outcomes` says at any time what is known of each.

    Parameters
    ----------
    census
        Client of the API.
    syncs
        Id -> audiences.
    settings
        How.
    say
        Takes a line of progress.
    """

    def __init__(
        self,
        census: Census,
        syncs: Mapping[int, tuple[str, ...]],
        settings: Settings,
        say: Callable[[str], None],
    ) -> None:
        self._census = census
        self._settings = settings
        self._say = say
        self.outcomes = {
            sync_id: Outcome(sync_id, audiences, "not_triggered", _NOT_BEGUN)
            for sync_id, audiences in syncs.items()
        }

    def run(self) -> None:
        """Trigger every sync, and wait; Ctrl-C ends the waiting, not the runs."""
        try:
            self._trigger_all()
            if self._settings.wait:
                self._wait()
        except KeyboardInterrupt:
            for outcome in self._going_on():
                self._note(outcome, "interrupted", "the run goes on in Census")
            raise

    def rehearse(self) -> None:
        """Look at every sync without triggering it."""
        for outcome in list(self.outcomes.values()):
            try:
                self._census.run_ids(outcome.sync_id)
            except CensusError as error:
                self._note(outcome, "not_triggered", str(error))
            else:
                self._note(outcome, "would_trigger", "")

    def _trigger_all(self) -> None:
        for outcome in list(self.outcomes.values()):
            sync_id = outcome.sync_id
            # What holds if this is interrupted now.
            self._note(
                outcome, "unknown", "interrupted while it was triggered: a run may have begun"
            )
            try:
                triggered = trigger(
                    self._census,
                    sync_id,
                    full=self._settings.full,
                    settle_s=self._settings.settle_s,
                    say=self._say,
                )
            except NotTriggeredError as error:
                self._note(outcome, "not_triggered", str(error))
                if _is_about_the_token(error.__cause__):
                    for later in list(self.outcomes.values()):
                        if later.reason == _NOT_BEGUN:
                            self._note(later, "not_triggered", str(error))
                    return
            except UnknownError as error:
                self._note(outcome, "unknown", f"{error}. Look at the sync's page in Census")
            else:
                self.outcomes[sync_id] = replace(
                    outcome,
                    outcome="triggered",
                    reason="",
                    run_id=triggered.run_id,
                    was_in_doubt=triggered.was_in_doubt,
                )
                self._say(f"sync {sync_id}: run {triggered.run_id} began")

    def _wait(self) -> None:
        told: dict[int, str] = {}
        while going_on := self._going_on():
            for outcome in going_on:
                self._look(outcome)
            still = self._going_on()
            for outcome in still:
                words = _progress(outcome)
                if told.get(outcome.sync_id) != words:
                    told[outcome.sync_id] = words
                    self._say(words)
            left = self._census.patience.left_s()
            if still and left <= 0:
                for outcome in still:
                    self._note(outcome, "timed_out", "--timeout is over; the run goes on in Census")
            elif still:
                time.sleep(min(self._settings.poll_interval_s, left))

    def _look(self, outcome: Outcome) -> None:
        if outcome.run_id is None:
            return
        try:
            run = self._census.run(outcome.run_id)
        except NotDoneError as error:
            if self._census.patience.left_s() > 0:
                self._note(outcome, "unknown", f"{error}. The run goes on in Census")
        except CensusError as error:
            self._note(outcome, "unknown", f"{error}. The run may go on in Census")
        else:
            seen = self.outcomes[outcome.sync_id] = replace(outcome, run=run)
            if run.is_over:
                self._note(seen, *judge(run, self._settings.max_failed_share))
                self._say(_progress(self.outcomes[outcome.sync_id]))

    def _going_on(self) -> list[Outcome]:
        return [one for one in self.outcomes.values() if one.outcome == "triggered"]

    def _note(self, outcome: Outcome, what: str, reason: str) -> None:
        self.outcomes[outcome.sync_id] = replace(outcome, outcome=what, reason=reason)


def _is_about_the_token(error: object) -> bool:
    return isinstance(error, RefusedError) and error.status == 401


def _progress(outcome: Outcome) -> str:
    words = f"sync {outcome.sync_id}: run {outcome.run_id} {outcome.outcome.replace('_', ' ')}"
    run = outcome.run
    if run is None:
        return words
    if outcome.outcome == "triggered":
        words = f"sync {outcome.sync_id}: run {outcome.run_id} {run.status}"
        words += f" ({run.step})" if run.step else ""
    counted = counts(run)
    return f"{words}, {counted}" if counted else words
