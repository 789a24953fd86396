"""Each way of judging a version gives the folds it promises, and is written beside the verdict."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from ml.data.splits import JUDGED, PEOPLE, PEOPLE_AND_TIME, TIME
from ml.model import artefact
from ml.registry import tables
from ml.registry.gate import hold_back
from ml.registry.register import register_due
from ml.registry.settings import Settings
from ml.registry.specs import Spec, with_folds_of
from ml.report.reader import Version
from ml.report.words import caution_of, judged_of
from tests.unit.frames import visitors, with_folds

AS_OF = pd.Timestamp("2026-03-10")
FEATURES = ["visits", "device", "minutes", "noise", "is_weekend"]
CATALOGUE = pd.DataFrame({"feature_name": FEATURES, "leak_reviewed": False})


def rows(n: int = 5_000, seed: int = 0) -> pd.DataFrame:
    """Rows of a training table: those that no fold of the strictest split takes have none."""
    frame = visitors(n, seed, groups=n // 8, days=60)
    frame["at"] = np.arange(n)
    kept = with_folds(frame).set_index("at")["fold"]
    names = {"visitor": "domain_userid", "moment": "as_of_tstamp", "bought": "target"}
    frame = frame.rename(columns=names).drop(columns="chance")
    part = frame["domain_userid"].str[1:].astype(int) % 10
    frame["subject_fold"] = np.select([part < 6, part < 8], ["train", "calibrate"], "test")
    return frame.assign(fold=frame["at"].map(kept).astype(object)).drop(columns="at")


FRAME = rows()
CUT = cast(pd.Timestamp, FRAME["as_of_tstamp"].quantile(0.8))
UNTIL = CUT - pd.Timedelta(days=7)


def readiness(split: str | None, **columns: Any) -> pd.DataFrame:
    row = {
        "model_name": "daily",
        "kind": "conversion",
        "training_table": "trn_daily",
        "target_column": "target",
        "subject_column": "domain_userid",
        "not_trained_code": None,
        "not_trained_reason": None,
        "definition_hash": "d1",
        "outcome_hash": "o1",
        "feature_hashes": "".join(f"|{name}:1|" for name in FEATURES),
        "split": split,
        "split_reason": f"Judged so: {split}.",
        "train_until_tstamp": UNTIL if split == TIME else pd.NaT,
        "test_from_tstamp": CUT if split == TIME else pd.NaT,
    }
    return pd.DataFrame([row | columns])


def trained(
    split: str, known: pd.DataFrame | None = None, as_of: pd.Timestamp = AS_OF, **columns: Any
) -> tuple[dict[Any, Any], list[str]]:
    lines: list[str] = []
    new = register_due(
        {"trn_daily": lambda: FRAME},
        readiness=readiness(split, **columns),
        as_of=as_of,
        catalogue=CATALOGUE,
        known=known,
        fetch_artefact=None if known is None else lambda *_: known["artefact"].iloc[-1],
        settings=Settings(n_trials=1, force=True),
        log=lines.append,
    )
    return new.to_dict("records")[0], lines


@pytest.fixture(scope="module")
def made() -> dict[str, tuple[dict[Any, Any], list[str]]]:
    return {split: trained(split) for split in JUDGED}


def test_folds_share_what_the_split_says_and_nothing_else() -> None:
    def folds_of(split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        spec = Spec("daily", split=split, train_until=UNTIL, test_from=CUT)
        judged = with_folds_of(FRAME, spec)
        assert judged.drop(columns="fold").equals(FRAME.drop(columns="fold"))
        return judged[judged["fold"] == "train"], judged[judged["fold"] == "test"]

    train, test = folds_of(TIME)
    assert train["as_of_tstamp"].max() + pd.Timedelta(days=7) < test["as_of_tstamp"].min()
    assert set(train["domain_userid"]) & set(test["domain_userid"])
    assert len(test) == pytest.approx(len(FRAME) / 5, abs=2)
    train, test = folds_of(PEOPLE)
    assert not set(train["domain_userid"]) & set(test["domain_userid"])
    assert len(train) + len(test) == len(FRAME)
    assert with_folds_of(FRAME, Spec("daily")) is FRAME


def test_how_a_version_was_judged_is_written_beside_it(
    made: dict[str, tuple[dict[Any, Any], list[str]]],
) -> None:
    for split, (row, lines) in made.items():
        assert (row["split"], row["decision"]) == (split, "champion")
        assert f"daily: Judged so: {split}." in lines
        evaluation = tables.evaluation_table(pd.DataFrame([row]), readiness(split))
        assert set(evaluation["split"]) == {split}
        datasets = ["train", "test"] if split != PEOPLE_AND_TIME else ["train", "calibrate", "test"]
        assert list(dict.fromkeys(evaluation["dataset"])) == datasets
        assert ("optimistic" in row["decision_reason"]) == (split == PEOPLE)
        version = Version(row, True, pd.DataFrame())
        assert ("optimistic" in caution_of(version)) == (split == PEOPLE)
        assert ("other visitors" in judged_of(version)) == (split != TIME)
    before = pd.DataFrame([made[PEOPLE_AND_TIME][0]]).drop(columns="split")
    table = tables.evaluation_table(before, readiness(PEOPLE_AND_TIME))
    assert set(table["split"]) == {PEOPLE_AND_TIME}


def test_with_enough_for_the_strictest_split_nothing_changes(
    made: dict[str, tuple[dict[Any, Any], list[str]]],
) -> None:
    columns = ["split", "split_reason", "train_until_tstamp", "test_from_tstamp"]
    new = register_due(
        {"trn_daily": lambda: FRAME.drop(columns="subject_fold")},
        readiness=readiness(None).drop(columns=columns),
        as_of=AS_OF,
        catalogue=CATALOGUE,
        settings=Settings(n_trials=1),
        log=lambda _: None,
    )
    same = ["version", "artefact_sha256", "folds", "metrics", "params", "notes"]
    row = made[PEOPLE_AND_TIME][0]
    assert new[same].to_dict("records")[0] == {name: row[name] for name in same}


def test_calibration_is_cross_fitted_by_person_where_there_is_no_calibrate_fold(
    made: dict[str, tuple[dict[Any, Any], list[str]]],
) -> None:
    for split in (TIME, PEOPLE):
        row = made[split][0]
        model = artefact.from_bytes(row["artefact"], row["artefact_sha256"])
        assert JUDGED[split] in model.notes
        assert any(note.startswith("calibration: ") for note in model.notes)
        assert model.metric("ece") < 0.05
        assert abs(model.predict_proba(FRAME).mean() - FRAME["target"].mean()) < 0.02


def test_an_optimistic_verdict_replaces_no_champion_judged_on_later_time(
    made: dict[str, tuple[dict[Any, Any], list[str]]],
) -> None:
    for split, champion_split in ((PEOPLE, PEOPLE), (TIME, PEOPLE), (TIME, TIME)):
        assert hold_back(split, champion_split) is None
    later = AS_OF + pd.Timedelta(days=60)
    for split in (PEOPLE_AND_TIME, TIME):
        known = pd.DataFrame([made[split][0]])
        row, lines = trained(PEOPLE, known, later)
        assert row["decision"] == "challenger"
        assert row["decision_code"] == "judged_less_strictly"
        assert row["decision_reason"] in lines[-1]
