"""Interventions over HTTP: sent once, to those who listen; and what may not be listened to."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml.signals.local.attributes import Plan
from ml.signals.local.interventions import rules_of
from tests.signals.stand_in import OWNER, Running, stand_in
from tests.signals.test_aggregations import Computed, attribute

PAYLOAD_DATA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"


def view(running: Running, visitor: str, times: int) -> None:
    payloads = [{"e": "pv", "duid": visitor, "aid": "web"}] * times
    answer = running.client.post(
        "/com.snowplowanalytics.snowplow/tp2", json={"schema": PAYLOAD_DATA, "data": payloads}
    )
    assert answer.status_code == 200


def test_it_is_sent_once_and_an_open_subscription_ends_with_the_server(tmp_path: Path) -> None:
    visitor, other = str(uuid.uuid4()), str(uuid.uuid4())
    with stand_in(tmp_path) as running:
        views = {"name": "views", "type": "int32", "events": [], "aggregation": "counter"}
        running.publish([views])
        offer = {
            "name": "offer", "owner": OWNER, "is_published": True,
            "criteria": {"attribute": "g:views", "operator": ">=", "value": 2},
        }  # fmt: skip
        answer = running.client.post("/api/v1/registry/interventions/", json=offer)
        assert answer.status_code == 200
        # Anybody may listen: without a token, from a page of another origin.
        origin = {"Origin": "https://shop.example.com"}
        url = f"{running.url}/api/v1/interventions?domain_userid={visitor}"
        with httpx.stream("GET", url, headers=origin, timeout=20) as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            assert stream.headers["access-control-allow-origin"] == origin["Origin"]
            lines = stream.iter_lines()
            assert next(lines) == ": listening"
            view(running, other, 2)
            for _ in range(3):
                view(running, visitor, 1)
            target = {"name": "last", "version": 1}
            pushed = running.client.post(
                "/api/v1/interventions", params={"domain_userid": visitor}, json=target
            )
            assert pushed.json() == {"status": "success"}
            found = [json.loads(next_data(lines)), json.loads(next_data(lines))]
            assert [f["name"] for f in found] == ["offer", "last"]
            assert found[0]["attributes"] == {"views": "2"}
            assert found[0]["target_attribute_key"] == {"name": "domain_userid", "id": visitor}
            running.process.terminate()
            assert [line for line in lines if line] == []
        running.process.wait(20)
        assert running.process.returncode == 0
    with stand_in(tmp_path) as running:
        # What was sent is remembered.
        view(running, visitor, 1)
        assert running.stats()["interventions"] == 0
        nobody = running.client.post(
            "/api/v1/interventions", params={"domain_userid": visitor}, json=target
        )
        assert nobody.json() == {"status": "undelivered"}
        for query in (
            "", "?domain_userid=1", f"?user_id={visitor}",
            f"?domain_userid={visitor}&domain_userid={other}",
            "?" + "&".join(f"k{at}={visitor}" for at in range(6)),
        ):  # fmt: skip
            assert running.client.get(f"/api/v1/interventions{query}").status_code == 422


def next_data(lines: Any) -> str:
    return next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))


@pytest.mark.parametrize(
    ("criteria", "is_met"),
    [
        ({"attribute": "g:counter", "operator": "=", "value": 2}, True),
        ({"attribute": "g:counter", "operator": "not in", "value": [1, 2]}, False),
        ({"attribute": "g:last", "operator": "like", "value": "%b"}, True),
        ({"attribute": "g:last", "operator": "not like", "value": "%b"}, False),
        ({"attribute": "g:last", "operator": "rlike", "value": "^a"}, True),
        ({"attribute": "g:last", "operator": "not rlike", "value": "^a"}, False),
        ({"attribute": "g:sum", "operator": "is null"}, True),
        ({"attribute": "g:nothing", "operator": "is null"}, False),
        ({"none": [{"attribute": "g:sum", "operator": "is not null"}]}, True),
        ({"all": [{"attribute": "g:counter", "operator": ">", "value": 1},
                  {"any": [{"attribute": "g:counter", "operator": "<", "value": 1},
                           {"attribute": "g:last", "operator": "is not null"}]}]}, True),
    ],
)  # fmt: skip
def test_criteria_over_attributes(criteria: dict[str, Any], is_met: bool) -> None:
    computed = Computed(attribute("counter"), attribute("last"), attribute("sum"))
    computed.take((0, "x"), (1, "ab"))
    plan: Plan = computed.profiles.plan
    values = computed.read(2)
    rules = rules_of([{"name": "i", "version": 1, "criteria": criteria}], plan)
    assert any(rule.is_met(lambda _key, a: values[a.name]) for rule in rules) is is_met
