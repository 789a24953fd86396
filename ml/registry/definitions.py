"""Which versions are current.

A version is current if its outcome and the features that it reads are defined as when it was
trained. The view `propensity_versions` says the same in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from ml.registry.specs import Spec

# Features named in a line of the log; further ones are counted.
N_NAMED = 5


def of_features(names: Iterable[str], spec: Spec) -> str:
    """Definitions of some of a model's features, in the words of `trn_readiness`.

    Parameters
    ----------
    names
        Columns that a version reads.
    spec
        The model as it is defined now.

    Returns
    -------
    str
        `|name:hash|` of each, by name, one after another.

    Examples
    --------
    >>> of_features(["visits"], Spec("daily", feature_hashes="|pages:1a||visits:2b|"))
    '|visits:2b|'
    """
    known = read_hashes(spec.feature_hashes)
    return "".join(f"|{name}:{known.get(name, '')}|" for name in sorted(names))


def read_hashes(text: object) -> dict[str, str]:
    """Read `|name:hash||name:hash|`.

    Examples
    --------
    >>> read_hashes("|pages:1a||visits:2b|"), read_hashes(None)
    ({'pages': '1a', 'visits': '2b'}, {})
    """
    return dict(re.findall(r"\|([^|]+):([^|:]*)\|", text)) if isinstance(text, str) else {}


def changed_features(row: pd.Series, spec: Spec) -> list[str]:
    """Name the features of a version whose definition has changed, or that are gone.

    Parameters
    ----------
    row
        Of the registry.
    spec
        Its model as it is defined now.
    """
    now = read_hashes(spec.feature_hashes)
    read_then = read_hashes(row["feature_hashes"])
    return [name for name, hash_then in read_then.items() if now.get(name) != hash_then]


def predicts_the_same(row: pd.Series, spec: Spec) -> bool:
    """Whether a version predicts what its model is asked now; false if that is not known."""
    return isinstance(row["outcome_hash"], str) and row["outcome_hash"] == spec.outcome_hash


def current(versions: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Keep the versions of a model that belong to its present definitions.

    Parameters
    ----------
    versions
        Rows of the registry.
    spec
        The model as it is defined now.
    """
    kept = [
        predicts_the_same(row, spec) and not changed_features(row, spec)
        for _, row in versions.iterrows()
    ]
    return versions[pd.Series(kept, index=versions.index, dtype=bool)]


def told(mine: pd.DataFrame, spec: Spec) -> list[str]:
    """Say why a champion that belongs to another definition does not score.

    Parameters
    ----------
    mine
        The model's versions so far.
    spec
        The model as it is defined now.

    Returns
    -------
    list of str
        One line for the log; none if a champion belongs to the present definitions, or if there
        has been no champion.
    """
    champions = mine[mine["decision"] == "champion"].sort_values(["trained_at", "version"])
    if champions.empty or len(current(champions, spec)):
        return []
    same = [predicts_the_same(row, spec) for _, row in champions.iterrows()]
    latest = champions[same].iloc[-1] if any(same) else champions.iloc[-1]
    champion = f"{spec.model_name}: champion {latest['version']}"
    if any(same):
        names = changed_features(latest, spec)
        more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
        listed = ", ".join(names[:N_NAMED]) + more
        return [
            f"{champion} does not score on, as features that it reads are defined otherwise now, "
            f"or gone ({listed}). Its last published scores stay until a version passes."
        ]
    if not isinstance(latest["outcome_hash"], str):
        return [
            f"{champion} is retired: it was registered before definitions were, so that nobody "
            "can tell whether it predicts what is asked now."
        ]
    return [f"{champion} is retired: what {spec.model_name} predicts was redefined."]


def overtaken(registry: pd.DataFrame, specs: Iterable[Spec]) -> dict[str, str]:
    """Find the models whose newest champion belongs to another definition, and what scores now.

    Parameters
    ----------
    registry
        All versions.
    specs
        The models as they are defined now.

    Returns
    -------
    dict
        Model name -> SHA-256 of the artefact that scores now; empty if none does.
    """
    out = {}
    for spec in specs:
        mine = registry[registry["model_name"] == spec.model_name]
        champions = mine[mine["decision"] == "champion"].sort_values(["trained_at", "version"])
        now = current(champions, spec)
        if champions.empty or (len(now) and now.index[-1] == champions.index[-1]):
            continue
        out[spec.model_name] = str(now["artefact_sha256"].iloc[-1]) if len(now) else ""
    return out
