"""The project reads the events that the stand-in took, as `make demo EVENTS=DIR/events` does."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from tests.signals.stand_in import stand_in
from tools.project import Project

PAYLOAD_DATA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
SCHEMA = "iglu:com.snowplowanalytics.snowplow/{}/jsonschema/1-0-0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) Mobile/15E148 Safari/604.1"


def test_dbt_reads_what_was_taken(tmp_path: Path) -> None:
    start = dt.datetime.now(dt.UTC).replace(microsecond=123_000) - dt.timedelta(hours=1)
    page = {"schema": SCHEMA.format("web_page"), "data": {"id": "p-1"}}
    form = {"data": {"schema": SCHEMA.format("submit_form"), "data": {"formId": "contact"}}}
    common = {
        "p": "web", "aid": "website", "duid": "d-1", "sid": "s-1", "vid": "2", "ttm": "",
        "url": "https://example.com/pricing/?utm_source=news", "page": "Pricing",
        "co": json.dumps({"data": [page]}), "refr": "https://www.google.com/",
    }  # fmt: skip
    payloads = [
        {"e": "pv"},
        {"e": "pp", "pp_mix": "0", "pp_max": "0", "pp_miy": "0", "pp_may": "900"},
        {"e": "se", "se_ca": "plan", "se_ac": "open", "se_va": "1.5"},
        {"e": "ue", "ue_pr": json.dumps(form)},
    ]
    for at, payload in enumerate(payloads):
        time = start + dt.timedelta(seconds=at)
        payload |= common | {"ttm": f"{time.timestamp() * 1000:.0f}"}
    with stand_in(tmp_path / "local") as running:
        answer = running.client.post(
            "/com.snowplowanalytics.snowplow/tp2",
            json={"schema": PAYLOAD_DATA, "data": payloads},
            headers={"User-Agent": PHONE},
        )
        assert answer.status_code == 200
    project = Project(tmp_path / "project")
    selected = ("--select", "+stg_snowplow__events")
    project.build(
        *selected, events=tmp_path / "local" / "events", conversion_events=["submit_form"]
    )
    columns = (
        "event_name, domain_userid, domain_sessionid, app_id, page_urlpath, mkt_source,"
        " refr_medium, page_view_id, device_class, se_value, pp_yoffset_max"
    )
    same = ("d-1", "s-1", "website", "/pricing/", "news", "search", "p-1", "Phone")
    rows = project.rows(f"select {columns} from stg_snowplow__events order by derived_tstamp")
    assert rows == [
        ("page_view", *same, None, None),
        ("page_ping", *same, None, 900),
        ("event", *same, 1.5, None),
        ("submit_form", *same, None, None),
    ]
    first = project.value("select min(derived_tstamp) from stg_snowplow__events")
    assert first == start.replace(tzinfo=None)
