"""`cdp signals publish`, `diff` and `delete` against the stand-in, as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import ml
from ml.cli import main
from tests.signals.stand_in import stand_in
from tests.unit.frames import visitors
from tests.unit.signals.test_champion import FEATURES, Warehouse, catalogue, counter


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    frame = visitors(600).drop(columns="chance")
    model = ml.train_propensity(frame, target="bought", features=FEATURES, n_trials=1)
    return Warehouse(tmp_path_factory.mktemp("warehouse") / "w.duckdb", model)


def test_from_nothing_published_over_a_changed_definition_to_nothing(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with stand_in(tmp_path) as signals:
        environment = {"SP_SANDBOX_URL": signals.url, "SP_SANDBOX_TOKEN": "any"}

        def cdp(*words: str, **more: Any) -> Result:
            where = [] if words[0] == "delete" else ["--warehouse", str(warehouse.path)]
            return CliRunner().invoke(main, ["signals", *words, *where], env=environment, **more)

        warehouse.read()
        dry = cdp("publish", "--dry-run", "--json", "--owner", "team@example.com")
        steps = json.loads(dry.output)["steps"]
        assert [one["step"] for one in steps] == [
            "publish attribute group live_features version 1", "publish service live",
        ]  # fmt: skip
        assert cdp("diff").exit_code == 1
        assert "owner: it is missing" in cdp("publish").output
        environment["SP_OWNER"] = "team@example.com"
        assert "publish service live: " in cdp("publish").output
        done = cdp("publish")
        assert "Nothing to publish: Signals has what live v1 reads." in done.output
        # It says what is left out, and why.
        assert "secret: Why not." in done.output
        assert cdp("diff").exit_code == 0

        changed = catalogue(visits=counter("P14D"))
        changed.loc[changed["feature_name"] == "visits", "feature_hash"] = "visits2"
        warehouse.catalogue = changed
        warehouse.version |= {"standing": "kept", "standing_reason": "visits was redefined."}
        warehouse.read()
        told = cdp("diff")
        assert told.exit_code == 1
        assert "visits: period is P7D, needed P14D" in told.output
        assert "publish attribute group live_features version 2" in cdp("publish").output
        about = json.loads(cdp("diff", "--json").output)
        assert about["differences"] == []
        # The kept champion reads visits as it was; the newest event alone decides the device.
        assert (about["read_from"]["visits"], about["read_from"]["device"]) == (1, 2)

        assert "Deleted." in cdp("delete", input="y\n").output
        assert "Signals has nothing of live." in cdp("delete", "--yes").output
