"""What became of a sync, judged, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml.activation.census import Run

# What ends with exit code 0.
GOOD = frozenset({"succeeded", "triggered", "would_trigger"})


@dataclass(frozen=True)
class Outcome:
    """What became of one sync.

    Parameters
    ----------
    sync_id
        Census's.
    audiences
        Models that it reads.
    outcome
        `succeeded`, `failed`, `canceled`, `skipped`, `timed_out`, `interrupted`, `unknown` (a run
        may be going on), `not_triggered`, `triggered` (nobody waited), `would_trigger`.
    reason
        Why, unless it is plain.
    run_id
        Of the run; None if none is known.
    was_in_doubt
        Was an answer lost, and the run found among the sync's runs?
    run
        As last seen.
    """

    sync_id: int
    audiences: tuple[str, ...]
    outcome: str
    reason: str = ""
    run_id: int | None = None
    was_in_doubt: bool = False
    run: Run | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return self.outcome in GOOD

    def line(self) -> str:
        """One line for people."""
        parts = [f"sync {self.sync_id}", *([", ".join(self.audiences)] if self.audiences else [])]
        parts += [f"run {self.run_id}"] if self.run_id else []
        parts.append(self.outcome.replace("_", " "))
        if self.run is not None and (counted := counts(self.run)):
            parts.append(counted)
        return "  ".join(parts) + (f"\n    {self.reason}" if self.reason else "")

    def record(self) -> dict[str, Any]:
        """Values for programs and for the warehouse."""
        run = self.run or Run(0, "")
        return {
            "sync_id": self.sync_id,
            "sync_run_id": self.run_id,
            "audiences": ", ".join(self.audiences),
            "outcome": self.outcome,
            "reason": self.reason or None,
            "was_in_doubt": self.was_in_doubt,
            "status": run.status or None,
            "is_canceled": run.canceled if self.run else None,
            "is_full_sync": run.full_sync,
            "error_code": run.error_code or None,
            "num_source": run.num_source,
            "num_processed": run.num_processed,
            "num_updated": run.num_updated,
            "num_failed": run.num_failed,
            "num_invalid": run.num_invalid,
            "failed_share": run.failed_share,
            "created_tstamp": run.created_tstamp,
            "completed_tstamp": run.completed_tstamp,
        }


def judge(run: Run, max_failed_share: float) -> tuple[str, str]:
    """Judge a run that is over.

    Parameters
    ----------
    run
        As Census tells it. `completed` alone is no success: it may have been canceled, have an
        error code, or have failed records.
    max_failed_share
        Share of records that may be rejected or left out.

    Returns
    -------
    tuple of str
        The outcome and its reason.

    Examples
    --------
    >>> judge(Run(94, "completed", num_updated=13, num_failed=1), 0.1)
    ('succeeded', '')
    >>> judge(Run(94, "completed", num_updated=13, num_failed=1), 0.05)
    ('failed', '7.14 % of the records failed or were invalid; at most 5 % may')
    """
    if run.canceled:
        return "canceled", "somebody canceled the run in Census"
    if run.status == "skipped":
        return "skipped", (
            "an earlier run of this sync was still going on, so Census skipped this one. Trigger "
            "it again once that run is over"
        )
    if run.error_code or run.status != "completed":
        code = f" with {run.error_code}" if run.error_code else ""
        return "failed", (
            f"the run ended as {run.status}{code}. Census's page of the run has the message, "
            "which is not repeated here because it may quote records"
        )
    share = run.failed_share
    if share is None:
        return "succeeded", "Census gave no counts, so the share of failed records is not known"
    if share > max_failed_share:
        return "failed", (
            f"{_percent(share)} of the records failed or were invalid; at most "
            f"{_percent(max_failed_share)} may"
        )
    return "succeeded", ""


def counts(run: Run) -> str:
    """How many records went which way; empty if Census has not said.

    Examples
    --------
    >>> counts(Run(94, "completed", num_processed=14, num_updated=13, num_failed=1))
    '14 processed, 13 updated, 1 failed, - invalid'
    """
    told = {
        "processed": run.num_processed,
        "updated": run.num_updated,
        "failed": run.num_failed,
        "invalid": run.num_invalid,
    }
    if all(number is None for number in told.values()):
        return ""
    return ", ".join(
        f"{'-' if number is None else format(number, ',')} {word}" for word, number in told.items()
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
