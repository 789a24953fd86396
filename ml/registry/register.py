"""The registry of versions: decides which models are due, trains them, and makes their rows.

Pure functions on pandas frames; `python_models/propensity_models.py` feeds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ml import package
from ml.data import folds
from ml.data.kinds import to_microseconds
from ml.data.splits import JUDGED, PEOPLE_AND_TIME
from ml.engines.frames import Types, empty, say, warn
from ml.errors import ArtefactError, NotTrainableError
from ml.model import artefact
from ml.model.trained import PropensityModel
from ml.registry import definitions
from ml.registry.decision import Decision
from ml.registry.gate import GateRules, Judged, hold_back, judge_against, judge_alone
from ml.registry.model_kinds import kind_of
from ml.registry.row import known_rows, make_row
from ml.registry.settings import Settings
from ml.registry.specs import FOLD, MOMENT, VALUE, Spec, read_specs, with_folds_of
from ml.registry.verdict import is_outdated, restored_version
from ml.training.refit import refit
from ml.training.train import train

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
}
Refit = Callable[[PropensityModel, pd.DataFrame, Spec], PropensityModel]
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
        frame = _sampled(known_rows(held, spec.target), spec, settings, self.log)
        frame = with_folds_of(frame, spec)
        if spec.split_reason:
            self.log(f"{name}: {spec.split_reason}")
        try:
            model = _train(frame, spec, self.catalogue, settings)
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
        row = make_row(model, frame, spec, self.as_of, decision, settings.rules)
        if decision.is_champion_damaged and row["version"] in set(mine["version"]):
            # The same training again, and the bytes that were lost.
            row["version"] = restored_version(mine["version"], row["version"])
        if row["version"] in set(mine["version"]):
            self.log(f"{name}: version {row['version']} is registered already; nothing is added.")
            return None
        self.log(f"{name} {row['version']}: {decision.verdict}. {decision.reason}")
        return row, model


def _train(
    frame: pd.DataFrame, spec: Spec, catalogue: pd.DataFrame, settings: Settings
) -> PropensityModel:
    reviewed = catalogue.loc[_true(catalogue["leak_reviewed"]), "feature_name"].tolist()
    model = train(
        kind_of(spec.kind),
        frame,
        target=spec.target,
        features=_features(frame, catalogue, spec),
        time=MOMENT,
        group=spec.subject,
        fold=FOLD,
        random_state=settings.random_state,
        n_trials=settings.n_trials,
        leak_reviewed=reviewed,
    )
    if spec.split == PEOPLE_AND_TIME:
        return model
    params = {**model.params, "split": spec.split}
    return replace(model, params=params, notes=[*model.notes, JUDGED[spec.split]])


def refit_on(
    model: PropensityModel, frame: pd.DataFrame, spec: Spec, settings: Settings
) -> PropensityModel:
    """Fit what the gate let pass on all rows of a frame (`ml.training.refit`)."""
    return refit(
        model,
        frame,
        target=spec.target,
        time=MOMENT,
        group=spec.subject,
        fold=FOLD,
        random_state=settings.random_state,
    )


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
    age = _days(as_of, latest["as_of_tstamp"])
    limit = settings.retrain_after_days
    told = f"the latest version ({latest['version']}, {latest['decision']}) is {age:.1f} days old"
    if age >= limit:
        return True, f"{told}, due after {limit:g}"
    return False, f"{told}, due after {limit:g}"


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


def is_restored(version: str) -> bool:
    """Whether a row puts an earlier version back (macro `rollback_model`: `...-r1`).

    Examples
    --------
    >>> is_restored("20260701-1a2b3c4d-r1"), is_restored("20260701-1a2b3c4d")
    (True, False)
    """
    return re.search("-r[0-9]+$", version) is not None


def decide(
    model: PropensityModel,
    frame: pd.DataFrame,
    mine: pd.DataFrame,
    spec: Spec,
    fetch_artefact: Callable[[str, str], bytes] | None,
    as_of: pd.Timestamp,
    rules: GateRules,
) -> Decision:
    """Put a new version through the gate.

    Parameters
    ----------
    model
        The new version.
    frame
        The rows it was made from, with their folds.
    mine
        The model's versions so far.
    spec
        What it is.
    fetch_artefact
        Reads a registered artefact.
    as_of
        The moment of this run.
    rules
        What the gate asks for.

    Returns
    -------
    Decision
        Champion, challenger or rejected, and why. A champion whose artefact is absent or
        unsound gives way to what stands alone.
    """
    test = frame[(frame[FOLD] == "test") & frame[spec.target].notna()]
    judged = _judged(model, test, spec)
    rejected = judge_alone(judged, model.base_rate, model.leaks, rules)
    if rejected:
        return rejected
    # With one of another definition there is nothing to compare.
    champions = definitions.current(mine[mine["decision"] == "champion"], spec)
    champions = champions.sort_values(["trained_at", "version"])
    if champions.empty or fetch_artefact is None:
        kind = kind_of(spec.kind)
        figures = {
            "loss_name": kind.loss_name,
            "gain": model.metric(kind.gain),
            "gain_low": model.metric_low(kind.gain),
        }
        return Decision("first_version" if mine.empty else "first_of_definition", figures)
    champion = champions.iloc[-1]
    name, version = spec.model_name, str(champion["version"])
    try:
        data = fetch_artefact(name, version)
        old = artefact.read_registered(data, str(champion["artefact_sha256"]), name, version)
    except ArtefactError as error:
        # What the reader of artefacts advises on is not needed: this version takes the place.
        why = str(error).partition(" Put a version back")[0]
        return Decision("champion_damaged", {"champion": version, "error": why})
    held_back = hold_back(spec.split, str(old.params.get("split", PEOPLE_AND_TIME)))
    if held_back:
        return held_back
    # Like is compared with like: both as made from their train folds, before any refit.
    seen_until = old.gated.seen_until if old.gated else champion["seen_until_tstamp"]
    newer = test[pd.to_datetime(test[MOMENT]) > pd.Timestamp(seen_until)]
    if newer.empty:
        return Decision("no_newer_rows")
    try:
        gated = old.as_gated()
        x = gated.schema.encode(newer, part=True)
        of_champion = gated.calibration.apply(gated.log_odds(x))
    except ValueError as error:  # a column has changed its type under its name
        return Decision("champion_reads_other_columns", {"error": str(error)})
    return judge_against(
        _judged(model, newer, spec),
        of_champion,
        _days(as_of, champion["as_of_tstamp"]),
        rules,
    )


def _judged(model: PropensityModel, rows: pd.DataFrame, spec: Spec) -> Judged:
    subjects = folds.hash_groups(rows[spec.subject])
    kind = kind_of(spec.kind)
    return Judged(
        y=kind.read(rows[spec.target]),
        w=folds.group_weights(subjects),
        subjects=subjects,
        challenger=model.score(rows),
        loss=kind.objective.loss,
        loss_name=kind.loss_name,
    )


def _features(frame: pd.DataFrame, catalogue: pd.DataFrame, spec: Spec) -> list[str]:
    """List the catalogue's features that the frame holds and the model may learn from.

    They are in the frame's order, because the catalogue's rows come in any order and the order of
    columns has an effect on what is learnt.

    Raises
    ------
    NotTrainableError
        There is none. The other columns - identifiers, timestamps, outcomes - are no features.
    """
    allowed = {
        row["feature_name"]
        for row in catalogue.to_dict("records")
        if spec.base in (_words(row.get("only_for")) or [spec.base])
    }
    named = [name for name in frame.columns if name in allowed]
    if not named:
        msg = (
            f"{spec.training_table} has no column that feature_catalogue names for "
            f"{spec.base}: define features in the YAML of its feature model "
            "(config: meta: feature:) and build feature_catalogue with it."
        )
        raise NotTrainableError(msg)
    return named


def _words(value: Any) -> list[str]:  # noqa: ANN401 - null differs between engines
    return value.split() if isinstance(value, str) else []


def _sampled(
    frame: pd.DataFrame, spec: Spec, settings: Settings, log: Callable[[str], None]
) -> pd.DataFrame:
    """Keep whole subjects, chosen by hash, when there are more rows than allowed."""
    # SQL has sampled subjects already, which gives about so many rows.
    if len(frame) <= 1.1 * settings.max_training_rows:
        return frame
    share = settings.max_training_rows / len(frame)
    kept = (
        folds.to_uniform(folds.hash_groups(frame[spec.subject]), settings.random_state + 1) < share
    )
    log(
        f"{spec.model_name}: of {len(frame)} training rows a stable {share:.0%} of subjects "
        "is trained on"
    )
    return frame[kept]


def _true(values: pd.Series) -> np.ndarray:
    return values.map(lambda value: str(value).lower() in {"true", "1"}).to_numpy(dtype=bool)


def _days(later: Any, earlier: Any) -> float:  # noqa: ANN401 - engines differ in their type
    stamps = to_microseconds(pd.Series([later, earlier], name="as_of_tstamp"))
    return float((stamps[0] - stamps[1]) / 86_400e6)
