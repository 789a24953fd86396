"""When a model is due for training, and the names of versions that a rollback puts back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from ml.data.kinds import days_between
from ml.registry.gate import GateRules
from ml.registry.settings import Settings


def is_due(
    mine: pd.DataFrame, as_of: pd.Timestamp, definition_hash: str, settings: Settings
) -> tuple[bool, str]:
    """Whether a model is due for training, and why.

    Versions of other definitions do not count. If an earlier definition comes back, its own latest
    version decides. A rejected version counts, because the same data would be rejected again by the
    same rules. A version put back by `rollback_model` does not count: if it did, the version that
    was rolled back would soon be trained again from the same data.

    Parameters
    ----------
    mine
        The model's versions so far.
    as_of
        The moment of this run.
    definition_hash
        Of what it would learn from now.
    settings
        `retrain_after_days` and `force`.

    Returns
    -------
    tuple of bool, str
        Whether it is due, and why, as part of a sentence.
    """
    if settings.force:
        return True, "forced by var force_training"
    if mine.empty:
        return True, "there is no version yet"
    trained = mine[~mine["version"].map(is_restored).astype(bool)]
    trained = trained[trained["definition_hash"] == definition_hash]
    if trained.empty:
        return True, "definitions changed since the latest version"
    latest = trained.sort_values(["trained_at", "version"]).iloc[-1]
    if is_outdated(trained, latest, settings.rules):
        told = f"{latest['version']} was decided a {latest['decision']}"
        if latest["decision"] == "rejected":
            told = f"{latest['version']} was rejected"
        return True, f"the gate's rules changed since {told}"
    age = days_between(as_of, latest["as_of_tstamp"])
    limit = settings.retrain_after_days
    told = f"the latest version ({latest['version']}, {latest['decision']}) is {age:.1f} days old"
    if age >= limit:
        return True, f"{told}, due after {limit:g}"
    return False, f"{told}, due after {limit:g}"


def rules_text(rules: GateRules) -> str:
    """Write the gate's rules as the registry keeps them, in JSON."""
    return json.dumps(asdict(rules), sort_keys=True)


def is_outdated(trained: pd.DataFrame, latest: pd.Series, rules: GateRules) -> bool:
    """Whether the latest version failed by other rules than the present ones.

    Parameters
    ----------
    trained
        The model's versions that were trained: not those that a rollback put back.
    latest
        The newest of them. A champion stays the champion, whatever the rules become.
    rules
        The present ones.

    Returns
    -------
    bool
        False also if a version of the same moment and definitions was judged by the present rules
        (they were changed back), and if the registry does not know the rules.
    """
    mine = rules_text(rules)
    known = latest.get("gate_rules")
    if latest["decision"] == "champion" or not isinstance(known, str) or known == mine:
        return False
    same = trained[
        (trained["as_of_tstamp"] == latest["as_of_tstamp"])
        & (trained["definition_hash"] == latest["definition_hash"])
    ]
    return mine not in set(same["gate_rules"])


def restored_version(versions: Iterable[str], version: str) -> str:
    """Name the row that puts a version back, as macro `restored_version` does.

    Examples
    --------
    >>> restored_version(["20260701-1a2b3c4d", "20260701-1a2b3c4d-r1"], "20260701-1a2b3c4d")
    '20260701-1a2b3c4d-r2'
    """
    trained = re.sub("-r[0-9]+$", "", version)
    found = (re.fullmatch(f"{re.escape(trained)}-r([0-9]+)", known) for known in versions)
    return f"{trained}-r{max([int(one[1]) for one in found if one], default=0) + 1}"


def is_restored(version: str) -> bool:
    """Whether a row puts an earlier version back (macro `rollback_model`: `...-r1`).

    Examples
    --------
    >>> is_restored("20260701-1a2b3c4d-r1"), is_restored("20260701-1a2b3c4d")
    (True, False)
    """
    return re.search("-r[0-9]+$", version) is not None
