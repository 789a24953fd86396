"""The official SDK and `cdp signals` ask the same of Signals, request by request."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
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
    "first": {
        "aggregation": "first",
        "property": "yauaa.deviceBrand",
        "criteria": {"all": [{"property": "yauaa.deviceBrand", "operator": "is not null"}]},
        "period": "P30D",
    },
    "last": {
        "aggregation": "last",
        "property": "submit_form.formId",
        "criteria": {"all": [{"property": "submit_form.formId", "operator": "is not null"}]},
    },
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


@pytest.fixture(scope="module")
def filled(group: dict[str, Any]) -> dict[str, Any]:
    """The group, filled with older events of Signals' warehouse."""
    since = NOW - timedelta(days=30)
    return group | {"backfill_since_tstamp": f"{since:%Y-%m-%dT%H:%M:%SZ}"}


@pytest.fixture(scope="module")
def theirs(
    group: dict[str, Any], filled: dict[str, Any], service: dict[str, Any]
) -> dict[str, Recorder]:
    """What the SDK asks: it is started once, since it takes long to import."""
    assert PYTHON.exists(), "run `make .venv-signals/.installed` first"
    cases: dict[str, Any] = {
        "created": {"calls": ["publish"]},
        "updated": {"calls": ["publish"]},
        "filled": {"calls": ["publish"], "group": filled},
        "removed": {"calls": ["unpublish", "delete"]},
        "read": {
            "calls": ["read"],
            "read": {
                "name": "live_features",
                "version": 3,
                "attributes": ["counter", "last"],
                "attribute_key": "domain_userid",
                "identifier": "v",
            },
        },
    }
    with ExitStack() as stack:
        recorders = {name: stack.enter_context(recording()) for name in cases}
        for name in ("updated", "removed"):
            recorders[name].everything_exists = True
        given = {"token": TOKEN, "group": group, "service": service}
        asked = [{**given, **case, "url": recorders[name].url} for name, case in cases.items()]
        subprocess.run(
            [PYTHON, ROOT / "tests/signals/sdk_calls.py"],
            input=json.dumps(asked),
            text=True,
            check=True,
        )
    return recorders


def ours(steps: list[Step], exists: bool = False) -> Recorder:
    with recording() as recorder, Client(Connection(recorder.url, token=TOKEN)) as client:
        recorder.everything_exists = exists
        assert list(carry_out(client, steps)) == steps
    return recorder


@pytest.mark.parametrize("case", ["created", "updated"])
def test_publishing_asks_the_same(
    case: str, theirs: dict[str, Recorder], group: dict[str, Any], service: dict[str, Any]
) -> None:
    steps = [
        Step("publish", "attribute_groups", group, ""),
        Step("publish", "services", service, ""),
    ]
    by_us = ours(steps, exists=case == "updated")
    assert by_us.requests == theirs[case].requests
    assert by_us.tokens == theirs[case].tokens
    methods = [method for method, _, _ in by_us.requests]
    assert methods == (["POST", "PUT"] * 2 if case == "updated" else ["POST"] * 2)


def test_a_new_version_with_older_events_asks_the_same(
    theirs: dict[str, Recorder], filled: dict[str, Any]
) -> None:
    by_us = ours([Step("publish", "attribute_groups", filled, "")])
    assert by_us.requests == theirs["filled"].requests[:1]


def test_removing_asks_the_same(
    theirs: dict[str, Recorder], group: dict[str, Any], service: dict[str, Any]
) -> None:
    steps = [
        Step("remove", "services", service, ""),
        Step("remove", "attribute_groups", group, ""),
    ]
    by_us, by_sdk = ours(steps, exists=True).requests, theirs["removed"].requests
    # The SDK unpublishes everything and then deletes it; we finish one object first.
    assert sorted(by_us, key=repr) == sorted(by_sdk, key=repr)
    assert [path for method, path, _ in by_us if method == "DELETE"] == [
        path for method, path, _ in by_sdk if method == "DELETE"
    ]


def test_attributes_are_read_by_name_of_a_version(
    theirs: dict[str, Recorder],
) -> None:
    body = {
        "attribute_keys": {"domain_userid": ["v"]},
        "attributes": ["live_features_v3:counter", "live_features_v3:last"],
        "full_attribute_names": False,
    }
    assert theirs["read"].requests == [("POST", "/api/v1/get-online-attributes", body)]
