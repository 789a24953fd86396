"""Fitting on the whole of a training table by Spark's workers, where a driver holds a sample.

A model is trained and put through the gate on a stable sample in pandas, as on every engine.
What is fitted once the gate has said yes (`training.refit`) learns from every row: each worker
encodes its rows by the model's schema, and `xgboost.spark` fits the boosters over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from ml import booster, folds, warehouse
from ml.calibration import choose_calibration
from ml.columns import Schema, to_target
from ml.model import PropensityModel
from ml.registry import Refit
from ml.settings import Settings
from ml.specs import FOLD, MOMENT, Spec
from ml.training import N_REFIT_PARTS, N_REFITS, REFIT_RATE, refitted

_PART, _WEIGHT = "cdp_part", "cdp_weight"
_ENCODED = "features array<float>, label double, weight double, part bigint"
# A share of subjects is so many of these, by their hash.
_BUCKETS = 1_000_000


@dataclass(frozen=True)
class Tables:
    """How the training tables are read, and how what scores is fitted.

    Parameters
    ----------
    readers
        Name of a table -> what reads it into pandas.
    refit
        Fits a model on the whole of its table; None: on what was read.
    """

    readers: Mapping[str, Callable[[], pd.DataFrame]]
    refit: Refit | None = None


def tables(
    relations: Mapping[str, Any],
    readiness: pd.DataFrame,
    session: Any,  # noqa: ANN401
    settings: Settings,
    log: Callable[[str], None] = warehouse.say,
) -> Tables:
    """Choose how to read and fit the training tables.

    Parameters
    ----------
    relations
        Name of a training table -> what `dbt.ref` returned.
    readiness
        `trn_readiness`: whose subjects a table has.
    session
        The second argument of dbt's `model(dbt, session)`.
    settings
        Where `distributed`, the tables hold every row: of each, a stable sample of whole
        subjects is read, of about `max_training_rows` rows.
    log
        Takes the line that says why the whole cannot be fitted.
    """
    if not settings.distributed:
        return Tables({name: _reader(relation) for name, relation in relations.items()})
    subjects = dict(
        zip(readiness["training_table"], readiness["subject_column"].astype(str), strict=True)
    )
    readers = {
        name: _reader(relation, subjects[name], settings.max_training_rows)
        for name, relation in relations.items()
        if name in subjects
    }
    why = why_not(session)
    if why:
        log(f"distributed_training: {why}; a sample is trained on")
        return Tables(readers)

    def fit(model: PropensityModel, sample: pd.DataFrame, spec: Spec) -> PropensityModel:
        relation = relations[spec.training_table]
        return refit(
            model,
            relation,
            sample,
            target=spec.target,
            subject=spec.subject,
            max_rows=settings.max_training_rows,
            random_state=settings.random_state,
        )

    return Tables(readers, fit)


def why_not(session: Any) -> str:  # noqa: ANN401
    """Why this session cannot fit on its workers; empty where it can."""
    if warehouse.engine_of(session) != "spark":
        return "it needs Spark"
    if ".connect." in type(session).__module__:
        return (
            "xgboost.spark needs a cluster of one's own, which serverless compute and shared "
            "clusters are not: +submission_method job_cluster, data_security_mode SINGLE_USER"
        )
    return ""


def refit(
    model: PropensityModel,
    relation: Any,  # noqa: ANN401 - a Spark DataFrame
    sample: pd.DataFrame,
    *,
    target: str,
    subject: str,
    max_rows: int,
    random_state: int = 0,
) -> PropensityModel:
    """Fit a model that the gate has judged anew, on every row, as `training.refit` does on a frame.

    Several boosters are fitted, each without another part of the subjects, whose rows say when
    to stop; those rows, a sample of them where they are many, decide on the calibration.

    Parameters
    ----------
    model
        As `train_propensity` made it of `sample`.
    relation
        The whole training table.
    sample
        Rows of it that were trained on.
    target, subject
        Columns.
    max_rows
        Rows held out that are read at most, about.
    random_state
        Seed of the fit.

    Returns
    -------
    PropensityModel
    """
    part = f"pmod(xxhash64({subject}, 'part'), {N_REFIT_PARTS})"
    weight = (
        f"least(1d, {folds.MAX_ROWS_PER_GROUP}d / count(*) over (partition by {subject})) "
        f"as {_WEIGHT}"
    )
    rows = relation.where(f"{target} is not null").selectExpr("*", f"{part} as {_PART}", weight)
    happened = f"cast({target} as double) > 0"
    found = rows.selectExpr(
        "count(*) as n",
        f"count(distinct {subject}) as subjects",
        f"count(distinct case when {happened} then {subject} end) as converting",
        f"sum(case when {happened} then {_WEIGHT} else 0 end) / sum({_WEIGHT}) as rate",
    ).collect()[0]
    rate = float(np.clip(found["rate"], 1e-6, 1 - 1e-6))
    encoded = rows.mapInPandas(_encoder(model.schema, target), schema=_ENCODED).persist()
    settings = {name: model.params[name] for name in booster.BASE_PARAMS}
    try:
        boosters = [
            _fit(encoded, held, model.schema, settings, rate, random_state)
            for held in range(N_REFITS)
        ]
    finally:
        encoded.unpersist()
    held_out = rows.where(f"{_PART} < {N_REFITS}")
    n_held = found["n"] * N_REFITS / N_REFIT_PARTS
    judging = warehouse.read(held_out, where=_share_of(subject, max_rows / n_held))
    x = model.schema.encode(judging)
    margin = np.zeros(len(judging))
    for held, fitted in enumerate(boosters):
        at = (judging[_PART] == held).to_numpy()
        margin[at] = booster.predict_margin([fitted], x[at], model.schema.feature_types)
    calibration, why = choose_calibration(
        to_target(judging[target]),
        margin,
        judging[_WEIGHT].to_numpy(dtype=float),
        folds.hash_groups(judging[subject]),
        random_state,
    )
    seen = sample[sample[target].notna() & sample[FOLD].isin(folds.FOLDS[:-1])]
    return refitted(
        model,
        boosters,
        calibration,
        why,
        base_rate=rate,
        params={
            "refit_rows": int(found["n"]),
            "refit_subjects": int(found["subjects"]),
            "refit_converting_subjects": int(found["converting"]),
            "refit_rounds": [fitted.num_boosted_rounds() for fitted in boosters],
        },
        seen_until=pd.to_datetime(seen[MOMENT]).max(),
    )


def _reader(
    relation: Any,  # noqa: ANN401
    subject: str = "",
    max_rows: int = 0,
) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        if not subject:
            return warehouse.read(relation)
        n_rows = max(relation.count(), 1)
        return warehouse.read(relation, where=_share_of(subject, max_rows / n_rows))

    return read


def _share_of(subject: str, share: float) -> str:
    """Condition that whole subjects meet, about this share of them, the same in every run."""
    if share >= 1:
        return "true"
    return f"pmod(xxhash64({subject}, 'sample'), {_BUCKETS}) < {int(share * _BUCKETS)}"


def _encoder(
    schema: Schema, target: str
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    def encode(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            lower = frame.rename(columns=str.lower)
            yield pd.DataFrame(
                {
                    "features": list(schema.encode(lower)),
                    "label": to_target(lower[target]),
                    "weight": lower[_WEIGHT].to_numpy(dtype=float),
                    "part": lower[_PART],
                }
            )

    return encode


def _fit(
    encoded: Any,  # noqa: ANN401
    held: int,
    schema: Schema,
    settings: dict[str, Any],
    rate: float,
    random_state: int,
) -> xgb.Booster:
    from xgboost.spark import SparkXGBClassifier

    estimator = SparkXGBClassifier(
        features_col="features",
        label_col="label",
        weight_col="weight",
        validation_indicator_col="is_held",
        num_workers=encoded.sparkSession.sparkContext.defaultParallelism,
        feature_types=schema.feature_types,
        n_estimators=booster.MAX_ROUNDS,
        early_stopping_rounds=booster.PATIENCE,
        eval_metric="logloss",
        learning_rate=REFIT_RATE,
        tree_method="hist",
        max_bin=booster.MAX_BIN,
        base_score=rate,
        random_state=random_state,
        verbose=False,
        **settings,
    )
    told = encoded.selectExpr("features", "label", "weight", f"part = {held} as is_held")
    fitted = estimator.fit(told).get_booster()
    return fitted[: fitted.best_iteration + 1]
