"""When the gate decides again on a model, and which version replaces a damaged champion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from ml.registry.gate import GateRules


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
