"""What a version's row of the registry holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ml import package
from ml.data import folds
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.registry import definitions
from ml.registry.decision import Decision
from ml.registry.due import rules_text
from ml.registry.gate import GateRules
from ml.registry.model_kinds import kind_of
from ml.registry.specs import FOLD, MOMENT, Spec


def make_row(
    model: PropensityModel,
    frame: pd.DataFrame,
    spec: Spec,
    as_of: pd.Timestamp,
    decision: Decision,
    rules: GateRules | None = None,
    online: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a version as a row of the registry.

    The version is the day of `as_of` and a hash of name, definitions, artefact and the gate's
    rules: the same training gives the same version, so that a second job cannot register it
    beside the first.

    Parameters
    ----------
    model
        The new version; refitted, unless it was rejected or predicts amounts.
    frame
        The rows it was made from, with their folds. If Spark's workers refitted it, they are a
        sample, and `folds` describes the sample.
    spec
        What it is.
    as_of
        The moment of this run.
    decision
        The gate's.
    rules
        That it went by.
    online
        Of `online_of`.

    Returns
    -------
    dict
        The columns of `ml.registry.register.REGISTRY`.
    """
    data = packing.to_bytes(model)
    sha256 = packing.checksum(data)
    name = spec.model_name
    went_by = rules_text(rules or GateRules())
    key = f"{name}|{spec.definition_hash}|{as_of}|{sha256}|{went_by}"
    known = known_rows(frame, spec.target)
    if model.gated is None:
        known = known[known[FOLD].notna()]
    positive = kind_of(spec.kind).read(known[spec.target]) > 0
    seen = known if model.gated else known[known[FOLD] != "test"]
    # Counts of the whole table, if Spark's workers fitted it; it has more rows than these.
    counts = model.params
    seen_until = counts.get("refit_seen_until") or pd.to_datetime(seen[MOMENT]).max()
    texts = {
        "feature_names": model.schema.names,
        "feature_schema": model.schema.to_json(),
        "params": model.params,
        "metrics": packing.frame_to_json(model.evaluation),
        "curves": packing.frame_to_json(model.curves),
        "importance": packing.frame_to_json(model.importance),
        "effects": packing.frame_to_json(model.effects),
        "folds": packing.frame_to_json(describe_folds(known, positive, spec.subject)),
        "leaks": packing.frame_to_json(model.leaks),
        "notes": model.notes,
        "online_definitions": {
            name: (online or {})[name] for name in model.schema.names if name in (online or {})
        },
        # With the hash of the code: two checkouts of one version may differ.
        "package_versions": {**model.versions, "ml": package.version()},
    }
    return {
        "model_name": name,
        "version": f"{as_of:%Y%m%d}-{hashlib.sha256(key.encode()).hexdigest()[:8]}",
        "trained_at": pd.Timestamp.now(tz="UTC").tz_localize(None).floor("us"),
        "as_of_tstamp": as_of,
        "seen_until_tstamp": pd.Timestamp(seen_until),
        "decision": decision.verdict,
        "decision_reason": decision.reason,
        "decision_code": decision.code,
        "decision_figures": decision.figures_json,
        "definition_hash": spec.definition_hash,
        "outcome_hash": spec.outcome_hash,
        "feature_hashes": definitions.of_features(model.schema.names, spec),
        "artefact": data,
        "artefact_sha256": sha256,
        "n_rows": counts.get("refit_rows", len(known)),
        "n_subjects": counts.get("refit_subjects", int(known[spec.subject].nunique())),
        "n_converting_subjects": counts.get(
            "refit_converting_subjects", int(known.loc[positive, spec.subject].nunique())
        ),
        "base_rate": model.base_rate,
        "kind": spec.kind,
        "gate_rules": went_by,
        "split": spec.split,
        **{column: json.dumps(value) for column, value in texts.items()},
    }


def online_of(catalogue: pd.DataFrame) -> dict[str, Any]:
    """Read how features are computed online from `feature_catalogue`, by name.

    A version keeps those of the features it reads: it may be served when the catalogue already has
    other ones.
    """
    if "online_definition" not in catalogue.columns:
        return {}
    return {
        str(row["feature_name"]): json.loads(row["online_definition"])
        for row in catalogue.to_dict("records")
        if isinstance(row["online_definition"], str)
    }


def describe_folds(known: pd.DataFrame, positive: np.ndarray, subject: str) -> pd.DataFrame:
    """Say which period and how many rows and subjects each fold has.

    Parameters
    ----------
    known
        Rows with a known target and a fold.
    positive
        In which of them the outcome happened, shape (n,).
    subject
        Its column of subjects.

    Returns
    -------
    DataFrame
        One row per fold in the order of `ml.data.folds.FOLDS`: `dataset`, `first_moment` and
        `last_moment` (ISO 8601, UTC), `n_rows`, `n_subjects`, `n_converting_subjects`.
    """
    rows = []
    for name in folds.FOLDS:
        of_fold = (known[FOLD] == name).to_numpy()
        part = known[of_fold]
        if part.empty:
            continue
        moments = pd.to_datetime(part[MOMENT])
        converting = part.loc[positive[of_fold], subject]
        rows.append(
            {
                "dataset": name,
                "first_moment": moments.min().isoformat(),
                "last_moment": moments.max().isoformat(),
                "n_rows": len(part),
                "n_subjects": int(part[subject].nunique()),
                "n_converting_subjects": int(converting.nunique()),
            }
        )
    return pd.DataFrame(rows)


def known_rows(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows whose target is known; the frame itself, not a copy, if all are."""
    known = rows[target].notna()
    return rows if known.all() else rows[known]
