"""What is served of a version, read from a warehouse or from the card of an export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import ml
from ml.engines.connections import open_duckdb
from ml.model import packing
from ml.model.trained import PropensityModel
from ml.signals.champion import Champion, read_champion
from ml.signals.definitions import SignalsError, of_model, read_features
from tests.unit.frames import visitors

FEATURES = ["visits", "device", "minutes", "is_weekend"]
MOMENT = {"moment": "day_of_week"}


def counter(period: str) -> dict[str, Any]:
    attribute = {"aggregation": "counter", "type": "int64", "default_value": 0, "events": []}
    return {"attribute": {**attribute, "period": period}, "read_as": "value"}


ONLINE: dict[str, dict[str, Any] | None] = {
    "visits": counter("P7D"),
    "device": {
        "attribute": {
            "aggregation": "last",
            "type": "string",
            "property": {"type": "atomic", "name": "dvce_type"},
            "events": [],
            "ttl": "P1Y",
        },
        "read_as": "empty_text_if_null",
        "includes_own_event": True,
    },
    "minutes": counter("PT1H"),
    "is_weekend": MOMENT,
    "new": counter("P30D"),
    "secret": None,
    "of_daily": counter("P60D"),
}


def catalogue(**changed: Any) -> pd.DataFrame:
    online = ONLINE | changed
    return pd.DataFrame(
        {
            "feature_name": list(online),
            "label": list(online),
            "behaviour": list(online),
            "period_label": None,
            "unit": None,
            "description": "It says.",
            "definition": [json.dumps(MOMENT if name == "is_weekend" else {}) for name in online],
            "only_for": ["daily" if name in ("of_daily", "secret") else "" for name in online],
            "feature_hash": [f"{name}1" for name in online],
            "online_definition": [
                None if one is None else json.dumps(one) for one in online.values()
            ],
            "not_online_reason": ["Why not." if one is None else None for one in online.values()],
        }
    )


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    frame = visitors(600).drop(columns="chance")
    return ml.train_propensity(frame, target="bought", features=FEATURES, n_trials=1)


class Warehouse:
    """What dbt leaves of one version of live."""

    def __init__(self, path: Path, model: PropensityModel) -> None:
        self.path = path
        data = packing.to_bytes(model)
        self.row: dict[str, Any] = {
            "model_name": "live",
            "version": "v1",
            "trained_at": "2026-01-01",
            "decision": "champion",
            "decision_reason": "first version.",
            "artefact": data,
            "artefact_sha256": packing.checksum(data),
            "kind": "conversion",
            "curves": json.dumps(packing.frame_to_json(model.curves)),
            "feature_hashes": "".join(f"|{name}:{name}1|" for name in FEATURES),
            "online_definitions": json.dumps({name: ONLINE[name] for name in FEATURES}),
        }
        self.version = {
            "model_name": "live",
            "version": "v1",
            "standing": "champion",
            "standing_reason": None,
            "high_from_score": 0.6,
            "medium_from_score": 0.2,
        }
        self.catalogue = catalogue()

    def read(self, model_name: str = "live") -> Champion:
        version = pd.DataFrame([self.version])
        tables = {
            "propensity_models": pd.DataFrame([self.row]),
            "propensity_versions": version,
            "propensity_champions": version[version["standing"] == "champion"],
            "feature_catalogue": self.catalogue,
        }
        with duckdb.connect(str(self.path)) as session:
            for name, frame in tables.items():
                session.register("given", frame)
                session.execute(f"create or replace table {name} as select * from given")
        with open_duckdb(self.path) as reader:
            return read_champion(reader, model_name)


@pytest.fixture
def warehouse(tmp_path: Path, model: PropensityModel) -> Warehouse:
    return Warehouse(tmp_path / "w.duckdb", model)


def test_a_champion_is_what_the_registry_and_the_catalogue_say(
    warehouse: Warehouse, model: PropensityModel
) -> None:
    champion = warehouse.read()
    assert (champion.model_name, champion.version, champion.kind) == ("live", "v1", "conversion")
    assert champion.artefact == warehouse.row["artefact"]
    assert champion.base_rate == model.base_rate
    assert champion.label_from == {"High": 0.6, "Medium": 0.2}
    assert champion.features == {name: ONLINE[name] for name in FEATURES}
    assert sorted(champion.attributes) == ["device", "minutes", "visits"]
    # The newest event alone decides the device.
    assert champion.warm_after_s == {
        "visits": 604_800, "device": 0, "minutes": 3_600, "is_weekend": 0,
    }  # fmt: skip
    assert champion.longest_period_s == 604_800
    assert champion.words["is_weekend"].is_weekday
    deciles = model.curves.query("dataset == 'test' and curve == 'decile'").sort_values("point")
    assert champion.decile_from == deciles["threshold"].tolist()[:9]
    assert champion.decile_from == sorted(champion.decile_from, reverse=True)


def test_its_group_is_of_all_that_the_model_may_learn_from(warehouse: Warehouse) -> None:
    champion = warehouse.read()
    with open_duckdb(warehouse.path) as reader:
        features = of_model(read_features(reader), "live")
    assert sorted(features) == ["device", "is_weekend", "minutes", "new", "visits"]
    # Another feature to learn from is another group; one that only daily learns from is none.
    for name, is_other in (("new", True), ("of_daily", False)):
        warehouse.catalogue = catalogue(**{name: counter("P1D")})
        assert (warehouse.read().group["digest"] != champion.group["digest"]) is is_other


def test_json_and_back_is_the_same_and_another_artefact_is_refused(warehouse: Warehouse) -> None:
    champion = warehouse.read()
    about = json.loads(json.dumps(champion.to_json()))
    assert about["longest_period_s"] == 604_800
    assert Champion.from_json(about, champion.artefact) == champion
    with pytest.raises(SignalsError, match="was altered, or belongs to another version"):
        Champion.from_json(about, champion.artefact + b" ")
    with pytest.raises(SignalsError, match="format 2 is not 1"):
        Champion.from_json({**about, "format": 2}, champion.artefact)
    del about["words"]
    with pytest.raises(SignalsError, match="words missing: export the model again"):
        Champion.from_json(about, champion.artefact)


def test_a_redefined_feature_is_served_as_it_was_trained_on(warehouse: Warehouse) -> None:
    """The version is kept: no other one has passed the gate yet."""
    before = warehouse.read()
    changed = catalogue(visits=counter("P14D"))
    changed.loc[changed["feature_name"] == "visits", "feature_hash"] = "visits2"
    warehouse.catalogue = changed
    warehouse.version |= {"standing": "kept", "standing_reason": "visits was redefined."}
    kept = warehouse.read()
    assert kept.features == before.features
    assert kept.digests == before.digests
    warehouse.row["online_definitions"] = None
    with pytest.raises(SignalsError, match=r"other definitions of visits than .* Run `dbt build`"):
        warehouse.read()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: w.row.update(artefact=b"x"), "SHA-256 is"),
        (lambda w: w.version.update(standing="retired", standing_reason="It is old."),
         "live has no champion.* v1, is retired: It is old."),
        (lambda w: (w.row.update(model_name="daily"), w.version.update(model_name="daily")),
         "no model 'live'; it has: daily"),
        (lambda w: w.version.pop("high_from_score"), "does not say where labels start: build it"),
        (lambda w: w.catalogue.pop("online_definition"),
         "feature_catalogue has no column online_definition in .*: build it, by `dbt build"),
        (lambda w: setattr(w, "catalogue", catalogue(visits=None)),
         r"live v1 reads what is not computed online: visits \(Why not.\) Run `dbt build`"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_told(warehouse: Warehouse, spoil: Any, message: str) -> None:
    spoil(warehouse)
    with pytest.raises(SignalsError, match=message):
        warehouse.read()


def test_a_model_of_midnights_is_not_served(warehouse: Warehouse) -> None:
    warehouse.row["model_name"] = warehouse.version["model_name"] = "daily"
    with pytest.raises(SignalsError, match="daily is not asked at each event"):
        warehouse.read("daily")


def test_a_card_is_read_by_its_file_or_by_itself(warehouse: Warehouse, tmp_path: Path) -> None:
    champion = warehouse.read()
    file, card = tmp_path / "live.zip", tmp_path / "live.zip.json"
    with pytest.raises(SignalsError, match=r"live\.zip: no such file"):
        Champion.from_card(file)
    file.write_bytes(champion.artefact)
    card.write_text(json.dumps({"serving": champion.to_json()}))
    assert Champion.from_card(file) == Champion.from_card(card) == champion
    other = replace(champion, artefact_sha256="0" * 64)
    card.write_text(json.dumps({"serving": other.to_json()}))
    with pytest.raises(SignalsError, match=r"live\.zip\.json: the artefact's SHA-256 is"):
        Champion.from_card(file)
    card.write_text(json.dumps({"not_served": "daily is not served."}))
    with pytest.raises(SignalsError, match="how its model is served: daily is not served"):
        Champion.from_card(file)
    card.write_text("{")
    with pytest.raises(SignalsError, match="is no card of `cdp export-model`"):
        Champion.from_card(file)
