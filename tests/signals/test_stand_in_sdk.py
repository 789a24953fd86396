"""The official SDK, unmodified, works against the stand-in with every aggregation."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.signals.stand_in import stand_in

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-signals" / "bin" / "python"
PAYLOAD_DATA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
FORM = "iglu:com.snowplowanalytics.snowplow/submit_form/jsonschema/1-0-0"
START = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) Mobile/15E148 Safari/604.1"


def events(visitor: str) -> list[dict[str, Any]]:
    """Four page views, two structured events, and a form, a second apart, half an hour ago."""
    common = {"p": "web", "aid": "web", "duid": visitor}
    made: list[dict[str, Any]] = [
        {"e": "pv", "url": f"https://example.com{path}"} for path in ("/", "/a", "/pricing/", "/a")
    ]
    made += [{"e": "se", "se_ca": "c", "se_ac": "a", "se_va": value} for value in ("2", "3.5")]
    form = {"data": {"schema": FORM, "data": {"formId": "contact", "elements": []}}}
    made.append({"e": "ue", "ue_pr": json.dumps(form)})
    start = START.timestamp() * 1000
    return [event | common | {"ttm": f"{start + at * 1000:.0f}"} for at, event in enumerate(made)]


def test_every_aggregation_through_the_sdk(tmp_path: Path) -> None:
    assert PYTHON.exists(), "run `make .venv-signals/.installed` first"
    visitor = str(uuid.uuid4())
    with stand_in(tmp_path) as running:
        script = Path(__file__).with_name("sdk_session.py")
        session = subprocess.Popen(
            [str(PYTHON), "-I", str(script), running.url, visitor],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert session.stdout
        assert session.stdout.readline() == "ready\n"
        while not running.stats()["subscriptions"]:
            time.sleep(0.05)
        answer = running.client.post(
            "/com.snowplowanalytics.snowplow/tp2",
            json={"schema": PAYLOAD_DATA, "data": events(visitor)},
            headers={"User-Agent": PHONE},
        )
        assert answer.status_code == 200
        said = json.loads(session.communicate("go\n", timeout=60)[0])
    assert session.returncode == 0
    unknown, service = said["unknown"], said["service"]
    nothing = {"domain_userid": "nobody", "counter": 0, "pricing": 0}
    assert unknown == dict.fromkeys(service) | nothing
    first, last = service.pop("time_since_first"), service.pop("time_since_last")
    assert first - last * 24 == pytest.approx(3 / 3600, abs=1e-6)
    assert service == {
        "domain_userid": visitor,
        "counter": 4, "most_frequent": "/a",
        "sum": 5.5, "min": 2.0, "max": 3.5, "mean": 2.75,
        "first": "/", "last": "/a", "unique_list": ["/", "/pricing/", "/a"],
        "least_frequent": "/", "category_count": {"/a": 2, "/pricing/": 1, "/": 1},
        "approx_count_distinct": 3, "form": "contact", "device": "Phone", "day": START.isoweekday(),
        "joined": "web|/a", "pricing": 1,
    }  # fmt: skip
    target = {"target_attribute_key": {"name": "domain_userid", "id": visitor}}
    offer = {"name": "offer", "version": 1, "attributes": {"pricing": "1"}}
    assert said["offer"] == offer | target
    assert said["hello"] == {"name": "hello", "version": 1, "attributes": {"a": "b"}} | target
    assert said["push"] == "success"
    assert (said["published"], said["again"]) == (4, 4)
    assert said["group"] == {k: service[k] for k in ("domain_userid", "counter", "sum", "min")}
    assert said["latest"] == "shop_v1"
    assert said["interventions"] == ["offer"]
    assert said["left"] == []
