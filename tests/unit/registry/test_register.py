from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pandas as pd
import pytest

import ml
from ml import package
from ml.errors import ArtefactError, NotTrainableError, WrongPackageError
from ml.model import artefact, packing
from ml.model.trained import PropensityModel
from ml.registry.due import is_due
from ml.registry.fit import refit_on
from ml.registry.gate import GateRules
from ml.registry.register import REGISTRY, not_registered_since, register_due
from ml.registry.settings import Settings
from ml.registry.specs import Spec
from ml.registry.tables import (
    curves_table,
    effects_table,
    evaluation_table,
    importance_table,
)
from tests.unit.frames import visitors, with_folds

AS_OF = pd.Timestamp("2026-03-10 12:00:00")
FRAME = with_folds(visitors(12_000, groups=1_500, days=60))
CATALOGUE = pd.DataFrame(
    {
        "feature_name": ["visits", "device", "minutes", "noise", "is_weekend"],
        "leak_reviewed": [False] * 5,
    }
)
QUICK = Settings(n_trials=1)
FEATURES = dict.fromkeys(CATALOGUE["feature_name"], "1")


def readiness(
    reason: str | None = None,
    definition_hash: str = "d1",
    outcome_hash: str = "o1",
    features: dict[str, str] = FEATURES,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model_name": ["daily"],
            "kind": ["conversion"],
            "training_table": ["trn_daily"],
            "target_column": ["target"],
            "subject_column": ["domain_userid"],
            "not_trained_code": pd.Series([reason and "few_subjects"], dtype=object),
            "not_trained_reason": pd.Series([reason], dtype=object),
            "definition_hash": [definition_hash],
            "outcome_hash": [outcome_hash],
            "feature_hashes": ["".join(f"|{name}:{h}|" for name, h in features.items())],
        }
    )


def register(frame: pd.DataFrame = FRAME, **options: Any) -> tuple[pd.DataFrame, list[str]]:
    lines: list[str] = []
    options = {
        "readiness": readiness(),
        "as_of": AS_OF,
        "catalogue": CATALOGUE,
        "settings": QUICK,
        "log": lines.append,
        "log_warning": lambda line: lines.append(f"warning: {line}"),
        **options,
    }
    return register_due({"trn_daily": lambda: frame}, **options), lines


@pytest.fixture(scope="module")
def first() -> pd.DataFrame:
    return register()[0]


def test_the_first_version_becomes_champion(first: pd.DataFrame) -> None:
    row = first.iloc[0]
    assert list(first.columns) == list(REGISTRY)
    assert row["decision"] == "champion"
    assert row["version"].startswith("20260310-")
    assert row["n_rows"] == len(FRAME)
    assert row["n_subjects"] == FRAME["domain_userid"].nunique()
    assert row["seen_until_tstamp"] == FRAME["as_of_tstamp"].max()
    model = artefact.from_bytes(row["artefact"], row["artefact_sha256"])
    assert model.schema.names == json.loads(row["feature_names"])


def test_a_version_says_which_code_made_it(first: pd.DataFrame) -> None:
    versions = json.loads(first["package_versions"].iloc[0])
    assert versions["ml"] == f"{ml.__version__}+{package.content_hash()[:12]}"
    assert set(versions) == {"python", "ml", "numpy", "pandas", "xgboost"}


def test_another_ml_than_the_projects_trains_nothing() -> None:
    asked = readiness().assign(ml_sha256="0" * 64)
    with pytest.raises(WrongPackageError, match="the project that dbt runs has 000000000000"):
        register(readiness=asked)
    reason = readiness("too few").assign(ml_sha256=package.content_hash())
    assert register(readiness=reason)[0].empty


def test_a_feature_for_other_models_only_is_not_learnt_from() -> None:
    only_for = pd.Series(["", "", "live", "live daily", None], dtype=object)
    catalogue = CATALOGUE.assign(only_for=only_for)
    new, _ = register(catalogue=catalogue)
    names = json.loads(new["feature_names"].iloc[0])
    assert "minutes" not in names
    assert {"visits", "device", "noise", "is_weekend"} <= set(names)


def test_the_same_training_has_the_same_version_and_is_refused_twice(first: pd.DataFrame) -> None:
    again, lines = register(
        FRAME.sample(frac=1, random_state=2),
        catalogue=CATALOGUE.iloc[::-1],
        known=first,
        fetch_artefact=lambda *_: first["artefact"].iloc[0],
        settings=Settings(n_trials=1, force=True),
    )
    assert again.empty
    assert lines[-1].endswith(
        f"{first['version'].iloc[0]} is registered already; nothing is added."
    )


def test_nothing_is_trained_or_read_when_nothing_is_due(first: pd.DataFrame) -> None:
    def never() -> pd.DataFrame:
        raise AssertionError

    new = register_due(
        {"trn_daily": never},
        readiness=readiness(),
        as_of=AS_OF + pd.Timedelta(days=6),
        catalogue=CATALOGUE,
        known=first,
        settings=QUICK,
        log=lambda _: None,
    )
    assert new.empty
    assert list(new.columns) == list(REGISTRY)


@pytest.mark.parametrize(
    ("days", "definition_hash", "force", "due", "why"),
    [
        (6.9, "d1", False, False, "is 6.9 days old, due after 7"),
        (7.0, "d1", False, True, "is 7.0 days old, due after 7"),
        (1.0, "d2", False, True, "definitions changed"),
        (1.0, "d1", True, True, "forced by var force_training"),
    ],
)
def test_when_a_model_is_due(
    first: pd.DataFrame, days: float, definition_hash: str, force: bool, due: bool, why: str
) -> None:
    now = AS_OF + pd.Timedelta(days=days)
    got, reason = is_due(first, now, definition_hash, Settings(force=force))
    assert got is due
    assert why in reason


def test_a_rejected_attempt_is_an_attempt(first: pd.DataFrame) -> None:
    rejected = first.assign(decision="rejected")
    assert not is_due(rejected, AS_OF, "d1", Settings())[0]


def test_what_another_job_registered_meanwhile_is_not_registered_twice(
    first: pd.DataFrame,
) -> None:
    lines: list[str] = []
    known = first.iloc[:0]
    assert not_registered_since(known, known, first, lines.append).equals(first)
    assert lines == []
    other = first.assign(version="20260310-11111111")
    assert not_registered_since(known, other, first, lines.append).empty
    assert lines == [
        "daily: another job registered 20260310-11111111 while this one trained; nothing is added."
    ]
    assert not_registered_since(other, other, first, lines.append).equals(first)


def test_a_version_put_back_is_no_attempt(first: pd.DataFrame) -> None:
    old = first.assign(version="20260301-00000000", definition_hash="d0")
    old["as_of_tstamp"] = AS_OF - pd.Timedelta(days=9)
    restored = old.assign(version="20260301-00000000-r1")
    restored["trained_at"] = first["trained_at"] + pd.Timedelta(hours=1)
    known = pd.concat([old, first, restored])
    due, why = is_due(known, AS_OF + pd.Timedelta(days=1), "d1", Settings())
    assert not due
    assert f"the latest version ({first['version'].iloc[0]}, champion) is 1.0 days old" in why
    assert is_due(known, AS_OF + pd.Timedelta(days=7), "d1", Settings())[0]


def test_a_challenger_is_judged_against_the_version_put_back(first: pd.DataFrame) -> None:
    restored = first.assign(version="20260301-00000000-r1")
    asked = []

    def fetch(name: str, version: str) -> bytes:
        asked.append((name, version))
        return first["artefact"].iloc[0]

    known = pd.concat([first.assign(trained_at=pd.Timestamp("2026-01-01")), restored])
    known.loc[known["version"] != restored["version"].iloc[0], "version"] = "20260301-11111111"
    register(known=known, fetch_artefact=fetch, settings=Settings(n_trials=1, force=True))
    assert asked == [("daily", "20260301-00000000-r1")]


def test_without_a_champion_a_rejected_one_is_not_compared_with() -> None:
    known = register()[0].assign(decision="rejected", version="20260301-00000000")
    new, _ = register(known=known, settings=Settings(n_trials=1, force=True))
    assert new["decision"].tolist() == ["champion"]


def test_a_challenger_is_judged_on_rows_newer_than_the_champion_saw(first: pd.DataFrame) -> None:
    data = with_gated(first, seen_until="2027-01-01T00:00:00")
    known = first.assign(version="20260301-00000000", artefact_sha256=packing.checksum(data))
    new, lines = register(
        known=known,
        fetch_artefact=lambda *_: data,
        settings=Settings(n_trials=1, force=True),
    )
    assert new["decision"].tolist() == ["challenger"]
    assert "no test row is newer than the champion saw" in lines[-1]


def with_gated(row: pd.DataFrame, **changes: Any) -> bytes:
    model = load(row)
    assert model.gated
    return packing.to_bytes(replace(model, gated=replace(model.gated, **changes)))


def load(row: pd.DataFrame) -> PropensityModel:
    return artefact.from_bytes(row["artefact"].iloc[0], row["artefact_sha256"].iloc[0])


def test_a_version_is_refitted_on_all_rows_only_when_the_gate_lets_it_score(
    first: pd.DataFrame,
) -> None:
    rest = FRAME.assign(fold=FRAME["fold"].where(FRAME.index % 8 > 0, None))
    row = register(rest)[0].iloc[0]
    assert row["decision"] == "champion"
    assert (row["n_rows"], row["n_subjects"]) == (len(FRAME), FRAME["domain_userid"].nunique())
    params = json.loads(row["params"])
    assert params["refit_rows"] == len(FRAME)
    assert any("refitted on" in note for note in json.loads(row["notes"]))
    positive, rows = FRAME["target"].mean(), len(FRAME)
    assert row["base_rate"] == pytest.approx(positive, abs=2 / rows**0.5)
    rejected = register(leaking())[0].iloc[0]
    assert rejected["decision"] == "rejected"
    assert "refit_rows" not in json.loads(rejected["params"])
    before_test = FRAME.loc[FRAME["fold"] != "test", "as_of_tstamp"].max()
    assert rejected["seen_until_tstamp"] == before_test
    gated = load(first).gated
    assert gated
    assert pd.Timestamp(gated.seen_until) == before_test


def test_like_is_compared_with_like(first: pd.DataFrame) -> None:
    """A champion that learnt from the very rows that judge has no advantage from it."""
    model = load(first)
    assert model.gated
    knowing = replace(model, boosters=load(register(leaking())[0]).boosters)
    data = packing.to_bytes(knowing)
    known = first.assign(version="20260301-00000000", artefact_sha256=packing.checksum(data))
    settings = Settings(n_trials=1, force=True)
    new, _ = register(known=known, fetch_artefact=lambda *_: data, settings=settings)
    expected, _ = register(
        known=first.assign(version="20260301-00000000"),
        fetch_artefact=lambda *_: first["artefact"].iloc[0],
        settings=settings,
    )
    assert new["decision_reason"].tolist() == expected["decision_reason"].tolist()


def leaking() -> pd.DataFrame:
    return FRAME.assign(noise=FRAME["target"] * 1.0)


def test_the_same_model_again_is_no_better(first: pd.DataFrame) -> None:
    known = first.assign(version="20260301-00000000")
    new, _ = register(
        known=known,
        fetch_artefact=lambda *_: first["artefact"].iloc[0],
        settings=Settings(n_trials=1, force=True),
    )
    assert new["decision"].tolist() == ["challenger"]
    assert new["decision_code"].tolist() == ["not_better"]


def test_a_version_says_what_it_predicts_and_reads(first: pd.DataFrame) -> None:
    assert first["outcome_hash"].tolist() == ["o1"]
    assert first["feature_hashes"].tolist() == [
        "|device:1||is_weekend:1||minutes:1||noise:1||visits:1|"
    ]


def never(*_: object) -> bytes:
    raise AssertionError


@pytest.mark.parametrize(
    ("frame", "asked", "told"),
    [
        (FRAME, {"outcome_hash": "o2"}, "is retired: what daily predicts was redefined."),
        (
            FRAME.drop(columns="noise"),
            {"features": {name: "1" for name in FEATURES if name != "noise"}},
            "does not score on, as features that it reads are defined otherwise now, or gone "
            "(noise). Its last published scores stay until a version passes.",
        ),
        (
            FRAME.assign(minutes=FRAME["minutes"] / 60),
            {"features": FEATURES | {"minutes": "2", "visits": "2"}},
            "or gone (minutes, visits). Its last",
        ),
    ],
)
def test_a_version_of_another_definition_is_not_compared_with(
    first: pd.DataFrame, frame: pd.DataFrame, asked: dict[str, Any], told: str
) -> None:
    new, lines = register(
        frame,
        known=first,
        readiness=readiness(definition_hash="d2", **asked),
        fetch_artefact=never,
    )
    assert new["decision"].tolist() == ["champion"]
    assert new["decision_code"].tolist() == ["first_of_definition"]
    assert lines[0].startswith(f"daily: champion {first['version'].iloc[0]} ")
    assert told in lines[0]


def test_a_version_of_before_definitions_were_registered_is_not_compared_with(
    first: pd.DataFrame,
) -> None:
    known = first.assign(outcome_hash=None, feature_hashes=None, definition_hash="d0")
    known["version"] = "20260310-00000000"
    new, lines = register(known=known, fetch_artefact=never)
    assert new["decision"].tolist() == ["champion"]
    assert "is retired: it was registered before definitions were" in lines[0]


def test_an_added_feature_retires_nothing(first: pd.DataFrame) -> None:
    new, lines = register(
        FRAME.assign(added=1.0),
        known=first.assign(version="20260301-00000000"),
        readiness=readiness(definition_hash="d2", features=FEATURES | {"added": "1"}),
        fetch_artefact=lambda *_: first["artefact"].iloc[0],
    )
    assert new["decision"].tolist() == ["challenger"]
    assert lines[0] == "daily: training, definitions changed since the latest version"


def test_a_definition_that_comes_back_is_not_trained_on_every_build(first: pd.DataFrame) -> None:
    """A, B, A, A: the version of A, still young, is champion again."""
    other = first.assign(version="20260311-00000000", definition_hash="d2", outcome_hash="o2")
    other["trained_at"] = first["trained_at"] + pd.Timedelta(hours=1)
    known = pd.concat([first, other])
    for days, due in ((1, False), (2, False), (7, True)):
        assert is_due(known, AS_OF + pd.Timedelta(days=days), "d1", Settings())[0] is due
    new, lines = register(known=known, fetch_artefact=never)
    assert new.empty
    assert len(lines) == 1
    assert f"the latest version ({first['version'].iloc[0]}, champion)" in lines[0]


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("visits", FRAME["visits"].map("{} or so".format), "is given texts"),
        ("is_weekend", FRAME["as_of_tstamp"].dt.day_name(), "on booleans, and is given texts"),
    ],
)
def test_a_champion_that_cannot_read_a_columns_new_type_is_replaced(
    first: pd.DataFrame, column: str, values: pd.Series, told: str
) -> None:
    new, _ = register(
        FRAME.assign(**{column: values}),
        known=first,
        readiness=readiness(definition_hash="d2"),
        fetch_artefact=lambda *_: first["artefact"].iloc[0],
    )
    assert new["decision"].tolist() == ["champion"]
    assert new["decision_code"].tolist() == ["champion_reads_other_columns"]
    error = json.loads(new["decision_figures"].iloc[0])["error"]
    assert repr(column) in error
    assert told in error


@pytest.mark.parametrize("stored", [b"PK damaged", None])
def test_a_champion_that_cannot_be_read_gives_way_to_the_same_training_again(
    first: pd.DataFrame, stored: bytes | None
) -> None:
    def fetch(model_name: str, version: str) -> bytes:
        if stored is None:
            raise ArtefactError(f"propensity_models has no artefact of {model_name} {version}.")
        return stored

    version = first["version"].iloc[0]
    force = Settings(n_trials=1, force=True)
    new, _ = register(known=first, fetch_artefact=fetch, settings=force)
    row = new.iloc[0]
    assert (row["version"], row["decision"]) == (f"{version}-r1", "champion")
    assert row["decision_code"] == "champion_damaged"
    assert json.loads(row["decision_figures"])["champion"] == version
    assert "rollback_model" not in row["decision_reason"]
    assert row["artefact"] == first["artefact"].iloc[0]
    # What does not stand alone takes nobody's place.
    new, _ = register(leaking(), known=first, fetch_artefact=fetch, settings=force)
    assert new["decision"].tolist() == ["rejected"]


def test_a_verdict_is_taken_again_once_when_the_rules_changed() -> None:
    strict = Settings(n_trials=1, rules=GateRules(min_converting_subjects=100_000))
    rejected, lines = register(settings=strict)
    assert rejected["decision"].tolist() == ["rejected"]
    assert rejected["decision_code"].tolist() == ["few_subjects"]
    assert json.loads(rejected["decision_figures"].iloc[0])["n_asked"] == 100_000
    assert rejected["decision_reason"].iloc[0] in lines[-1]
    assert register(settings=strict, known=rejected)[0].empty
    again, lines = register(known=rejected)
    version = rejected["version"].iloc[0]
    assert lines[0] == (f"daily: training, the gate's rules changed since {version} was rejected")
    assert again["decision"].tolist() == ["champion"]
    assert again["version"].iloc[0] != version
    # A champion stays, and so do rules that were changed back.
    known = pd.concat([rejected, again])
    assert register(settings=strict, known=known)[0].empty
    older = known.assign(trained_at=known["trained_at"].iloc[::-1].to_numpy())
    assert register(known=older)[0].empty
    unknown = rejected.assign(gate_rules=None)
    assert register(known=unknown)[0].empty


def test_without_a_feature_in_the_catalogue_nothing_is_learnt_from_identifiers() -> None:
    for catalogue in (CATALOGUE.iloc[:0], CATALOGUE.assign(only_for="live")):
        new, lines = register(catalogue=catalogue)
        assert new.empty
        assert lines[-1].startswith(
            "daily: not trained. trn_daily has no column that feature_catalogue names for daily: "
            "define features"
        )


def test_a_leaking_version_is_rejected_until_the_column_is_reviewed() -> None:
    new, lines = register(leaking())
    assert any(line.startswith("warning: daily: suspected leak in noise (alone)") for line in lines)
    assert new["decision"].tolist() == ["rejected"]
    assert new["decision_code"].tolist() == ["suspected_leak"]
    assert json.loads(new["decision_figures"].iloc[0])["feature"] == "noise"
    reviewed = CATALOGUE.assign(leak_reviewed=CATALOGUE["feature_name"] == "noise")
    new, _ = register(leaking(), catalogue=reviewed)
    assert new["decision"].tolist() == ["champion"]


def test_a_model_that_is_not_ready_is_named_with_its_reason() -> None:
    new, lines = register(readiness=readiness("No conversion. Set var conversions."))
    assert new.empty
    assert lines == ["daily: not trained. No conversion. Set var conversions."]


def test_data_that_cannot_train_end_in_a_line_not_an_error() -> None:
    new, lines = register(FRAME.assign(target=False))
    assert new.empty
    assert "target 'target' is true in 0" in lines[-1]


def test_above_the_limit_a_stable_sample_of_subjects_is_trained_on() -> None:
    new, lines = register(settings=Settings(n_trials=1, max_training_rows=3_000))
    assert any("a stable" in line for line in lines)
    assert new["n_rows"].iloc[0] == pytest.approx(3_000, rel=0.2)


def test_what_the_workers_learnt_from_is_what_the_row_says() -> None:
    newest = FRAME["as_of_tstamp"].max() + pd.Timedelta(days=1)
    whole = {"refit_rows": 10**7, "refit_subjects": 10**6, "refit_converting_subjects": 10**5}
    whole["refit_seen_until"] = newest.isoformat()

    def refit(model: PropensityModel, frame: pd.DataFrame, spec: Spec) -> PropensityModel:
        fitted = refit_on(model, frame, spec, QUICK)
        assert fitted.params["refit_eta"] == 0.05
        return replace(fitted, params={**fitted.params, **whole})

    row = register(refit_whole=refit)[0].iloc[0]
    assert row["seen_until_tstamp"] == newest
    assert (row["n_rows"], row["n_subjects"]) == (10**7, 10**6)
    assert row["n_converting_subjects"] == 10**5


def test_one_table_is_let_go_of_before_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[weakref.ref[pd.DataFrame]] = []

    def no_training(frame: pd.DataFrame, *_: object) -> PropensityModel:
        held.append(weakref.ref(frame))
        raise NotTrainableError

    monkeypatch.setattr("ml.registry.register.train_version", no_training)

    def read(unknown: int) -> pd.DataFrame:
        gc.collect()
        assert [ref() for ref in held] == [None] * len(held)
        frame = FRAME.astype({"target": object})
        frame.loc[: unknown - 1, "target"] = None
        held.append(weakref.ref(frame))
        return frame

    tables = ["trn_daily", "trn_first_touch", "trn_live"]
    asked = pd.concat([readiness().assign(training_table=table) for table in tables])
    register_due(
        {table: partial(read, unknown) for table, unknown in zip(tables, (2, 0, 2), strict=True)},
        readiness=asked.assign(model_name=tables),
        as_of=AS_OF,
        catalogue=CATALOGUE,
        log=lambda _: None,
    )
    # Where every target is known, what is trained on is the table itself.
    assert len(held) == 6


def test_tables_are_the_registrys_json(first: pd.DataFrame) -> None:
    evaluation = evaluation_table(first, readiness())
    key = ["model_name", "version", "dataset", "metric"]
    assert not evaluation.duplicated(key).any()
    assert set(evaluation["dataset"]) == {"train", "calibrate", "test"}
    model = artefact.from_bytes(first["artefact"].iloc[0], first["artefact_sha256"].iloc[0])
    auc = evaluation.query("dataset == 'test' and metric == 'roc_auc'")["value"].iloc[0]
    assert auc == model.metric("roc_auc")
    assert set(curves_table(first)["curve"]) == set(model.curves["curve"])
    assert len(curves_table(first)) == len(model.curves)
    assert set(importance_table(first)["feature_name"]) == set(CATALOGUE["feature_name"])
    effect = effects_table(first)
    assert effect["share"].sum() == pytest.approx(len(CATALOGUE))
    assert set(effect.query("feature_name == 'device'")["label"]) == {"phone", "desktop", "tablet"}


def test_a_version_of_before_a_column_was_recorded_has_no_rows_of_it(first: pd.DataFrame) -> None:
    assert effects_table(first.assign(effects=None)).empty


def test_folds_are_described(first: pd.DataFrame) -> None:
    found = artefact.frame_from_json(json.loads(first["folds"].iloc[0])).set_index("dataset")
    assert found.index.tolist() == ["train", "calibrate", "test"]
    test = cast(pd.DataFrame, FRAME[FRAME["fold"] == "test"])
    assert list(found.loc["test"]) == [
        test["as_of_tstamp"].min().isoformat(),
        test["as_of_tstamp"].max().isoformat(),
        len(test),
        test["domain_userid"].nunique(),
        test.loc[test["target"], "domain_userid"].nunique(),
    ]
    assert found["n_rows"].sum() == first["n_rows"].iloc[0]


def test_why_a_model_was_not_trained_is_a_row_of_the_evaluation(first: pd.DataFrame) -> None:
    none = first.iloc[:0]
    table = evaluation_table(none, readiness("Too few subjects."))
    assert table[["model_name", "version", "dataset", "metric", "reason"]].to_numpy().tolist() == [
        ["daily", "", "", "not_trained", "Too few subjects."]
    ]
    table = evaluation_table(none, readiness())
    assert table["reason"].iloc[0].startswith("No version is registered")
    assert curves_table(none).empty
