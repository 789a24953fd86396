"""The registry of versions: decides which models are due, trains them, and makes their rows.

Pure functions on pandas frames; `python_models/propensity_models.py` feeds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from ml import package
from ml.engines.frames import Types, empty, say, warn
from ml.errors import NotTrainableError
from ml.model.trained import PropensityModel
from ml.registry import definitions
from ml.registry.due import is_due, restored_version
from ml.registry.fit import Refit, refit_on, sample_subjects, train_version
from ml.registry.gate import decide
from ml.registry.row import known_rows, make_row, online_of
from ml.registry.settings import Settings
from ml.registry.specs import VALUE, Spec, read_specs, with_folds_of

REGISTRY: Types = {
    "model_name": "text",
    "version": "text",
    "trained_at": "timestamp",
    "as_of_tstamp": "timestamp",
    "seen_until_tstamp": "timestamp",
    "decision": "text",
    "decision_reason": "text",
    "definition_hash": "text",
    "outcome_hash": "text",
    "feature_hashes": "text",
    "artefact": "binary",
    "artefact_sha256": "text",
    "n_rows": "bigint",
    "n_subjects": "bigint",
    "n_converting_subjects": "bigint",
    "base_rate": "double",
    "feature_names": "text",
    "feature_schema": "text",
    "params": "text",
    "metrics": "text",
    "curves": "text",
    "importance": "text",
    "leaks": "text",
    "notes": "text",
    "package_versions": "text",
    "effects": "text",
    "folds": "text",
    "kind": "text",
    "gate_rules": "text",
    "split": "text",
    "decision_code": "text",
    "decision_figures": "text",
    "online_definitions": "text",
}
# The columns of known versions that decisions need; artefacts are not among them.
KNOWN_COLUMNS = ["model_name", "version", "trained_at", "as_of_tstamp", "seen_until_tstamp"]
KNOWN_COLUMNS += ["decision", "definition_hash", "artefact_sha256"]
KNOWN_COLUMNS += ["outcome_hash", "feature_hashes"]
KNOWN_COLUMNS += ["gate_rules"]


def register_due(
    training: Mapping[str, Callable[[], pd.DataFrame]],
    *,
    readiness: pd.DataFrame,
    as_of: pd.Timestamp,
    catalogue: pd.DataFrame,
    known: pd.DataFrame | None = None,
    fetch_artefact: Callable[[str, str], bytes] | None = None,
    settings: Settings | None = None,
    refit_whole: Refit | None = None,
    on_trained: Callable[[dict[str, Any], PropensityModel], None] | None = None,
    log: Callable[[str], None] = say,
    log_warning: Callable[[str], None] = warn,
) -> pd.DataFrame:
    """Train, gate and describe the versions that are due.

    Parameters
    ----------
    training
        Name of a training table -> function that reads it. It is called once, and only if a model
        that learns from the table is due. One table is held in memory at a time.
    readiness
        `trn_readiness`: one row per model.
    as_of
        The moment of this run; ages are counted from it, never from the wall clock.
    catalogue
        `feature_catalogue`: which columns are features, which were cleared as leaks.
    known
        The registry so far, at least KNOWN_COLUMNS; None when there is none.
    fetch_artefact
        (model name, version) -> bytes of a registered artefact.
    settings
        When, how much, how strict.
    refit_whole
        Fits the model that scores, if `training` only reads samples (`ml.registry.distributed`). By
        default it is fitted on the rows that were read.
    on_trained
        Called with each new row and model, e.g. to track the run once it is registered.
    log
        Takes one line per decision.
    log_warning
        Takes one line per suspected leak.

    Returns
    -------
    DataFrame
        The new rows, columns of REGISTRY; none when nothing is due.

    Raises
    ------
    WrongPackageError
        `readiness` asks for another `ml` than this one.
    """
    settings = settings or Settings()
    for sha256 in readiness.get("ml_sha256", pd.Series(dtype=object)).dropna().unique():
        package.require(sha256)
    if refit_whole is None:
        refit_whole = partial(refit_on, settings=settings)
    run = _Run(as_of, catalogue, settings, fetch_artefact, refit_whole, log, log_warning)
    known = pd.DataFrame(columns=KNOWN_COLUMNS) if known is None else known
    rows = []
    table, held = "", pd.DataFrame()
    for spec in read_specs(readiness):
        mine = known[known["model_name"] == spec.model_name]
        if not run.is_to_train(spec, mine):
            continue
        if spec.training_table != table:
            held = pd.DataFrame()  # let go of one table before the next is read
            table, held = spec.training_table, training[spec.training_table]()
        made = run.new_version(spec, held, mine)
        if made:
            rows.append(made[0])
            if on_trained:
                on_trained(*made)
    return pd.DataFrame(rows, columns=list(REGISTRY)) if rows else empty(REGISTRY)


@dataclass(frozen=True)
class _Run:
    """What all models of a run have in common; see `register_due`."""

    as_of: pd.Timestamp
    catalogue: pd.DataFrame
    settings: Settings
    fetch_artefact: Callable[[str, str], bytes] | None
    refit: Refit
    log: Callable[[str], None]
    log_warning: Callable[[str], None]

    def is_to_train(self, spec: Spec, mine: pd.DataFrame) -> bool:
        """Whether a model can be trained and is due; says why, or why not."""
        name = spec.model_name
        for line in definitions.told(mine, spec):
            self.log(line)
        if spec.not_trained_code:
            self.log(f"{name}: not trained. {spec.not_trained_reason}")
            return False
        due, why = is_due(mine, self.as_of, spec.definition_hash, self.settings)
        self.log(f"{name}: {'training, ' if due else 'not trained, '}{why}")
        return due

    def new_version(
        self, spec: Spec, held: pd.DataFrame, mine: pd.DataFrame
    ) -> tuple[dict[str, Any], PropensityModel] | None:
        """Train a model on rows of its table, decide, and describe; None if nothing is to add."""
        name, settings = spec.model_name, self.settings
        frame = sample_subjects(known_rows(held, spec.target), spec, settings, self.log)
        frame = with_folds_of(frame, spec)
        if spec.split_reason:
            self.log(f"{name}: {spec.split_reason}")
        try:
            model = train_version(frame, spec, self.catalogue, settings)
        except NotTrainableError as error:
            self.log(f"{name}: not trained. {error}")
            return None
        for leak in model.leaks.to_dict("records"):
            self.log_warning(
                f"{name}: suspected leak in {leak['feature']} ({leak['check']}): {leak['evidence']}"
            )
        decision = decide(model, frame, mine, spec, self.fetch_artefact, self.as_of, settings.rules)
        decision = replace(decision, split=spec.split)
        if decision.verdict != "rejected" and spec.kind != VALUE:
            model = self.refit(model, frame, spec)
        row = make_row(
            model, frame, spec, self.as_of, decision, settings.rules, online_of(self.catalogue)
        )
        if decision.is_champion_damaged and row["version"] in set(mine["version"]):
            # The same training again, and the bytes that were lost.
            row["version"] = restored_version(mine["version"], row["version"])
        if row["version"] in set(mine["version"]):
            self.log(f"{name}: version {row['version']} is registered already; nothing is added.")
            return None
        self.log(f"{name} {row['version']}: {decision.verdict}. {decision.reason}")
        return row, model


def not_registered_since(
    known: pd.DataFrame,
    now: pd.DataFrame,
    new: pd.DataFrame,
    log: Callable[[str], None] = say,
) -> pd.DataFrame:
    """Leave out models if another job has registered a version of them meanwhile.

    Parameters
    ----------
    known, now
        `model_name` and `version` of the registry before training and after it.
    new
        The rows to add.
    log
        Takes one line per model left out.
    """
    key = ["model_name", "version"]
    since = now[~now.set_index(key).index.isin(known.set_index(key).index)]
    meanwhile = new["model_name"].isin(since["model_name"])
    for name in new.loc[meanwhile, "model_name"]:
        versions = ", ".join(since.loc[since["model_name"] == name, "version"])
        log(f"{name}: another job registered {versions} while this one trained; nothing is added.")
    return new[~meanwhile]


def overtaken_champions(
    known: pd.DataFrame | None, new: pd.DataFrame, readiness: pd.DataFrame
) -> dict[str, str]:
    """Find the models whose newest champion belongs to another definition than the present one.

    Parameters
    ----------
    known, new
        The registry before this run, and what it adds.
    readiness
        `trn_readiness`.

    Returns
    -------
    dict
        As of `definitions.overtaken`.
    """
    rows = [frame[KNOWN_COLUMNS] for frame in (known, new) if frame is not None and len(frame)]
    if not rows:
        return {}
    return definitions.overtaken(pd.concat(rows, ignore_index=True), read_specs(readiness))
