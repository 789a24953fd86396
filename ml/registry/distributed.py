"""Fits on a whole training table by Spark's workers, if the driver can only hold a sample.

A model is trained and put through the gate on a stable sample in pandas, as on every engine. The
refit after the gate (`ml.training.refit`) learns from every row: each worker encodes its rows by
the model's schema, and `xgboost.spark` fits the boosters on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from ml.data import folds
from ml.data.schema import Schema
from ml.data.targets import to_target
from ml.engines import frames
from ml.model import booster
from ml.model.trained import PropensityModel
from ml.registry.fit import Refit, refit_on
from ml.registry.settings import Settings
from ml.registry.specs import FOLD, MOMENT, Spec
from ml.training.refit import (
    N_REFIT_PARTS,
    N_REFITS,
    REFIT_RATE,
    Refitted,
    encode_all,
    newest_seen,
)

# A worker has at least so many rows: it needs some that teach and some that are held out, and the
# workers' communication costs more than fewer rows per worker save.
ROWS_PER_WORKER = 50_000
_PART, _WEIGHT = "cdp_part", "cdp_weight"
_ENCODED = "features array<float>, label double, weight double, part bigint"
# Shares of subjects are counted in so many parts, by a hash of the subject.
_BUCKETS = 1_000_000


@dataclass(frozen=True)
class Plan:
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


@dataclass(frozen=True)
class _Sampled:
    """A training table, of which about `max_rows` rows are read, of whole subjects."""

    relation: Any
    subject: str
    max_rows: int

    @cached_property
    def n_rows(self) -> int:
        return int(self.relation.count())

    @property
    def is_read_whole(self) -> bool:
        return self.n_rows <= self.max_rows

    def read(self) -> pd.DataFrame:
        share = self.max_rows / max(self.n_rows, 1)
        return frames.read(self.relation, where=_share_of(self.subject, share))


def plan(
    relations: Mapping[str, Any],
    readiness: pd.DataFrame,
    session: Any,  # noqa: ANN401
    settings: Settings,
    log: Callable[[str], None] = frames.say,
    log_warning: Callable[[str], None] = frames.warn,
) -> Plan:
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
        If `distributed` is set, the tables hold every row. Of each table a stable sample of whole
        subjects is read, about `max_training_rows` rows.
    log
        Takes the line that says why the whole table cannot be fitted.
    log_warning
        Takes the line that says that the workers failed; then the sample is fitted.

    Returns
    -------
    Plan
    """
    if not settings.distributed:
        whole = {name: lambda of=relation: frames.read(of) for name, relation in relations.items()}
        return Plan(whole)
    subjects = dict(
        zip(readiness["training_table"], readiness["subject_column"].astype(str), strict=True)
    )
    tables = {
        name: _Sampled(relation, subjects[name], settings.max_training_rows)
        for name, relation in relations.items()
        if name in subjects
    }
    readers = {name: table.read for name, table in tables.items()}
    why = why_not(session)
    if why:
        log(f"distributed_training: {why}; a sample is trained on")
        return Plan(readers)

    def fit(model: PropensityModel, sample: pd.DataFrame, spec: Spec) -> PropensityModel:
        table = tables[spec.training_table]
        if table.is_read_whole:
            return refit_on(model, sample, spec, settings)
        try:
            return refit_by_workers(
                model,
                table.relation,
                sample,
                target=spec.target,
                subject=spec.subject,
                max_rows=settings.max_training_rows,
                slots=slots_of(session),
                random_state=settings.random_state,
            )
        # Whatever it is - a lost worker, no memory -, other models and scores must go on.
        except Exception as error:
            line = str(error).partition("\n")[0]
            log_warning(
                f"{spec.model_name}: distributed_training failed ({type(error).__name__}: {line}); "
                "the model that scores is fitted on the sample. Give the job a cluster without "
                "autoscaling or spot workers and with more memory, or set distributed_training to "
                "false; force_training trains again before the model is due"
            )
            return refit_on(model, sample, spec, settings)

    return Plan(readers, fit)


def why_not(session: Any) -> str:  # noqa: ANN401
    """Say why this session cannot fit on its workers.

    Parameters
    ----------
    session
        The second argument of dbt's `model(dbt, session)`.

    Returns
    -------
    str
        Empty if it can.
    """
    if frames.engine_of(session) != "spark":
        return "it needs Spark"
    if ".connect." in type(session).__module__:
        return (
            "xgboost.spark needs a cluster of one's own, which serverless compute and shared "
            "clusters are not: +submission_method job_cluster, data_security_mode SINGLE_USER"
        )
    return ""


def slots_of(session: Any) -> int:  # noqa: ANN401
    """Count the tasks that run at once on a classic session's cluster, at least 1."""
    context = session.sparkContext
    cores_per_task = int(context.getConf().get("spark.task.cpus", "1"))
    return max(1, context.defaultParallelism // cores_per_task)


def refit_by_workers(
    model: PropensityModel,
    relation: Any,  # noqa: ANN401 - a Spark DataFrame
    sample: pd.DataFrame,
    *,
    target: str,
    subject: str,
    max_rows: int,
    slots: int,
    random_state: int = 0,
) -> PropensityModel:
    """Fit a model that the gate has judged anew, on every row of a table.

    As in `ml.training.refit`, N_REFITS boosters are fitted, each without another one of
    N_REFIT_PARTS parts of the subjects. The rows of that part say when to stop. They, or a sample
    if they are many, also decide on the calibration. The same rows on as many workers give the
    same model, in whatever order the table holds them: they go to workers by their subject and
    are sorted there.

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
        About how many held-out rows are read into this process at most.
    slots
        Tasks that run at once, which is the highest number of workers. There are fewer if each
        would have less than ROWS_PER_WORKER rows; `refit_workers` of `params` is their number.
    random_state
        Seed of the fit.

    Returns
    -------
    PropensityModel
    """
    schema = model.schema
    rows = _known_rows(relation, schema, target, subject)
    found = _count(rows, target, subject)
    n_rows = int(found["n"].sum())
    weights, happened = found[_WEIGHT], found["n_happened"]
    # Rounded exactly, so that the order in which Spark counts does not matter.
    rate = math.fsum(weights * happened) / math.fsum(weights * found["n"])
    rate = float(np.clip(rate, 1e-6, 1 - 1e-6))
    n_workers = max(1, min(slots, n_rows // ROWS_PER_WORKER))
    encoded = (
        rows.repartition(n_workers, subject)
        .sortWithinPartitions(subject, MOMENT, *_hash_of(rows))
        .mapInPandas(_encoder(schema, target), schema=_ENCODED)
        .persist()
    )
    settings = {name: model.params[name] for name in booster.BASE_PARAMS}
    try:
        boosters = [
            _fit(encoded, held, n_workers, schema, settings, rate, random_state)
            for held in range(N_REFITS)
        ]
    finally:
        encoded.unpersist()
    boosters = booster.bounded(boosters, schema.feature_types)
    held_out = rows.where(f"{_PART} < {N_REFITS}")
    n_held = n_rows * N_REFITS / N_REFIT_PARTS
    judging = frames.read(held_out, where=_share_of(subject, max_rows / n_held))
    held_rows = encode_all(judging, schema, target, MOMENT, subject, random_state)
    judging = judging.iloc[held_rows.at]
    margin = _held_out_margin(boosters, held_rows.x, judging[_PART].to_numpy(), schema)
    refitted = Refitted(
        boosters,
        held_rows.y,
        margin,
        judging[_WEIGHT].to_numpy(dtype=float),
        held_rows.groups,
        base_rate=rate,
        params={
            "refit_rows": n_rows,
            "refit_subjects": int(found["n_subjects"].sum()),
            "refit_converting_subjects": int(found["n_converting"].sum()),
            "refit_rounds": [fitted.num_boosted_rounds() for fitted in boosters],
            "refit_eta": REFIT_RATE,
            "refit_workers": n_workers,
            "refit_seen_until": pd.to_datetime(found["newest"]).max().isoformat(),
        },
        note=f"; fitted by {n_workers} Spark workers; folds are the sample's",
    )
    return refitted.instead_of(model, newest_seen(sample, target, MOMENT, FOLD), random_state)


def _known_rows(relation: Any, schema: Schema, target: str, subject: str) -> Any:  # noqa: ANN401
    """Rows with a known target, their weight, and the part that their subject is in."""
    columns = dict.fromkeys([*schema.names, schema.time or MOMENT, MOMENT, target, subject])
    part = f"pmod(xxhash64({subject}, 'part'), {N_REFIT_PARTS})"
    n_of_subject = f"count(*) over (partition by {subject})"
    weight = f"least(1d, {folds.MAX_ROWS_PER_GROUP}d / {n_of_subject})"
    return relation.where(f"{target} is not null").selectExpr(
        *columns, f"{part} as {_PART}", f"{weight} as {_WEIGHT}"
    )


def _held_out_margin(
    boosters: list[xgb.Booster], x: np.ndarray, parts: np.ndarray, schema: Schema
) -> np.ndarray:
    """Log-odds of each row by the booster that was fitted without its part."""
    margin = np.zeros(len(x))
    for held, fitted in enumerate(boosters):
        at = parts == held
        margin[at] = booster.predict_margin([fitted], x[at], schema.feature_types)
    return margin


def _count(rows: Any, target: str, subject: str) -> pd.DataFrame:  # noqa: ANN401
    """Count rows and subjects by weight: those of a subject have one weight."""
    from pyspark.sql.functions import expr

    happened = f"cast({target} as double) > 0"
    counted = {
        "n": "count(*)",
        "n_happened": f"count_if({happened})",
        "n_subjects": f"count(distinct {subject})",
        "n_converting": f"count(distinct case when {happened} then {subject} end)",
        "newest": f"max({MOMENT})",
    }
    parts = [expr(f"{sql} as {name}") for name, sql in counted.items()]
    return frames.read(rows.groupBy(_WEIGHT).agg(*parts))


def _hash_of(rows: Any) -> list[Any]:  # noqa: ANN401
    from pyspark.sql.functions import xxhash64

    return [xxhash64(*rows.columns)]


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
                    "features": list(schema.encode(lower, part=True)),
                    "label": to_target(lower[target]),
                    "weight": lower[_WEIGHT].to_numpy(dtype=float),
                    "part": lower[_PART],
                }
            )

    return encode


def _fit(
    encoded: Any,  # noqa: ANN401
    held: int,
    n_workers: int,
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
        num_workers=n_workers,
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
    marked = encoded.selectExpr("features", "label", "weight", f"part = {held} as is_held")
    fitted = estimator.fit(marked).get_booster()
    return fitted[: fitted.best_iteration + 1]
