"""The official SDK and `cdp signals` ask the same of Signals, request by request."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml.signals.client import Client, Connection
from ml.signals.definitions import Feature
from ml.signals.payloads import group_of, service_of
from ml.signals.registry import Step, carry_out
from tests.signals.recorder import Recorder, recording
from tools.project import ROOT
from tools.rendering import Macros

PYTHON = ROOT / ".venv-signals" / "bin" / "python"
NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
TOKEN = "not-a-secret"
PRICING = {"all": [{"property": "page_url", "operator": "like", "value": "%pricing%"}]}
# A feature of each aggregation, each kind of property and period, and criteria of each kind.
DEFINITIONS: dict[str, Any] = {
    "counter": {"aggregation": "counter", "events": ["page_view"], "period": "PT36H"},
    "any": {
        "aggregation": "any",
        "criteria": {
            **PRICING,
            "any": [
                {"property": "app_id", "operator": "in", "value": ["a", "b"]},
                {"property": "se_value", "operator": ">=", "value": 2.5},
                {"property": "has_media_player", "operator": "=", "value": True},
            ],
        },
        "period": "P400D",
    },
    "sum": {"aggregation": "sum", "property": "tr_total", "period": "P2W"},
    "mean": {"aggregation": "mean", "property": "se_value", "period": "P30D"},
    "min": {"aggregation": "min", "property": "doc_height", "period": "PT1H"},
    "max": {"aggregation": "max", "property": "doc_width", "period": "PT90M"},
    "unique_count": {
        "aggregation": "unique_count",
        "property": "domain_sessionid",
        "criteria": {"all": [{"property": "app_id", "operator": "!=", "value": "x"}]},
        "period": "P7D",
    },
    "first": {"aggregation": "first", "property": "yauaa.deviceBrand", "period": "P30D"},
    "last": {"aggregation": "last", "property": "submit_form.formId"},
    "most_frequent": {
        "aggregation": "most_frequent",
        "property": "geo_country",
        "values": ["DE", "FR"],
        "period": "P1DT1H",
    },
    "time_since_first": {"aggregation": "time_since_first", "unit": "days", "period": "P30D"},
    "time_since_last": {"aggregation": "time_since_last", "unit": "minutes", "period": "P30D"},
}


@pytest.fixture(scope="module")
def group() -> dict[str, Any]:
    macros = Macros(
        "duckdb",
        entity_fields=["yauaa.deviceBrand"],
        event_fields=["submit_form.formId"],
        excluded_events=["internal"],
        app_ids=["web", "shop"],
    )
    features = {}
    for name, definition in DEFINITIONS.items():
        online = macros.online_definition(definition)["definition"]
        assert online, name
        features[name] = Feature(name, f"hash_of_{name}", online, description=f"The {name}.")
    return group_of("live", features, version=3, owner="team@example.com", now=NOW)


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    return service_of("live", 3, "team@example.com")


@pytest.fixture
def theirs(group: dict[str, Any], service: dict[str, Any]) -> Any:
    """Let the SDK make calls, and return what it asked."""
    assert PYTHON.exists(), "run `make .venv-signals/.installed` first"

    def asked(*calls: str, exists: bool = False, **more: Any) -> Recorder:
        with recording() as recorder:
            recorder.everything_exists = exists
            given = {"url": recorder.url, "token": TOKEN, "calls": calls, "group": group}
            subprocess.run(
                [PYTHON, ROOT / "tests/signals/sdk_calls.py"],
                input=json.dumps({**given, "service": service, **more}),
                text=True,
                check=True,
            )
        return recorder

    return asked


def ours(steps: list[Step], exists: bool = False) -> Recorder:
    with recording() as recorder, Client(Connection(recorder.url, token=TOKEN)) as client:
        recorder.everything_exists = exists
        assert list(carry_out(client, steps)) == steps
    return recorder


@pytest.mark.parametrize("exists", [False, True], ids=["created", "updated"])
def test_publishing_asks_the_same(
    exists: bool, theirs: Any, group: dict[str, Any], service: dict[str, Any]
) -> None:
    by_sdk = theirs("publish", exists=exists)
    steps = [
        Step("publish", "attribute_groups", group, ""),
        Step("publish", "services", service, ""),
    ]
    by_us = ours(steps, exists)
    assert by_us.requests == by_sdk.requests
    assert by_us.tokens == by_sdk.tokens
    methods = [method for method, _, _ in by_us.requests]
    assert methods == (["POST", "PUT"] * 2 if exists else ["POST"] * 2)


def test_a_new_version_with_older_events_asks_the_same(
    theirs: Any, group: dict[str, Any], service: dict[str, Any]
) -> None:
    since = NOW - timedelta(days=30)
    filled = group | {"backfill_since_tstamp": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    by_sdk = theirs("publish", group=filled)
    assert ours([Step("publish", "attribute_groups", filled, "")]).requests == by_sdk.requests[:1]


def test_removing_asks_the_same(
    theirs: Any, group: dict[str, Any], service: dict[str, Any]
) -> None:
    by_sdk = theirs("unpublish", "delete", exists=True)
    steps = [
        Step("remove", "services", service, ""),
        Step("remove", "attribute_groups", group, ""),
    ]
    by_us = ours(steps, exists=True)
    # The SDK unpublishes all and then deletes all; we finish one object first.
    assert sorted(by_us.requests, key=repr) == sorted(by_sdk.requests, key=repr)
    deleted = [path for method, path, _ in by_us.requests if method == "DELETE"]
    assert deleted == [path for method, path, _ in by_sdk.requests if method == "DELETE"]


def test_reading_asks_the_same(theirs: Any) -> None:
    read = {"name": "live_features", "version": 3, "attributes": ["counter", "last"]}
    by_sdk = theirs("read", read={**read, "attribute_key": "domain_userid", "identifier": "v"})
    body = {
        "attribute_keys": {"domain_userid": ["v"]},
        "attributes": ["live_features_v3:counter", "live_features_v3:last"],
        "full_attribute_names": False,
    }
    assert by_sdk.requests == [("POST", "/api/v1/get-online-attributes", body)]
