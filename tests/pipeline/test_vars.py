"""Every var is checked on run start: one error that names it and says what it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tools.project import ROOT, Project, own_environment

DEALS = {"name": "won", "table": "crm.deals", "user_id_column": "who", "tstamp_column": "at"}
ENGAGED = {"all": [{"property": "engaged_time_in_s", "operator": ">=", "value": 30}]}


def when(name: str, operator: str, value: Any) -> dict[str, Any]:
    """Criteria of one comparison."""
    return {"all": [{"property": name, "operator": operator, "value": value}]}


def conversion(name: str, operator: str, value: Any) -> dict[str, Any]:
    """Vars of one conversion, made of such events."""
    return {"conversions": [{"name": "x", "criteria": when(name, operator, value)}]}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"live_horizon": "1 hour"}, "var live_horizon: '1 hour' is not a duration"),
    ({"lookback": 30}, "var lookback: '30' is not a duration"),
    ({"training_window": [30, 60]}, "var training_window: [30, 60] is not accepted"),
    ({"training_window": 60}, "var training_window: 60 is not accepted"),
    ({"fold_shares": [0.5, 0.5, 0.5]}, "var fold_shares: [0.5, 0.5, 0.5] is not accepted"),
    ({"app_idz": ["web"]}, "There is no var app_idz (given by --vars). Near it are app_ids."),
    ({"as_of": "tomorrow"}, 'var as_of: "tomorrow" is not accepted'),
    (
        {"events_from": "P400D"},
        'var events_from: "P400D" is not accepted; it takes a UTC timestamp',
    ),
    ({"app_ids": "site"}, 'var app_ids: "site" is not accepted'),
    ({"entity_fields": ["cart.total"]}, 'var entity_fields: ["cart.total"] is not accepted'),
    ({"event_fields": ["form_id"]}, 'var event_fields: ["form_id"] is not accepted'),
    ({"signals_schemas": ["product"]}, 'var signals_schemas: ["product"] is not accepted'),
    ({"signals_schemas": {"product": "product/1"}}, "var signals_schemas: "),
    ({"event_fields": ["web_page.id"]}, 'var event_fields: ["web_page.id"] is not accepted'),
    ({"audience_schema": "a b"}, 'var audience_schema: "a b" is not accepted'),
    ({"max_event_age": "P1DT12H"}, 'var max_event_age: "P1DT12H" is not accepted'),
    ({"warn_event_age": 24}, "var warn_event_age: 24 is not accepted"),
    ({"stale_events": "warn"}, 'var stale_events: "warn" is not accepted'),
    ({"audience_readers": "census"}, 'var audience_readers: "census" is not accepted'),
    ({"exclude_bots": "no"}, 'var exclude_bots: "no" is not accepted'),
    ({"retrain_after_days": -1}, "var retrain_after_days: -1 is not accepted"),
    (
        {"max_training_rows": 0},
        "var max_training_rows: 0 is not accepted; it takes a whole number, 1",
    ),
    ({"events_per_part": 0}, "var events_per_part: 0 is not accepted; it takes a whole number, 1"),
    ({"conversion_events": "submit_form"}, 'var conversion_events: "submit_form" is not accepted'),
    ({"conversions": [{"name": "x"}]}, "needs `events` or `criteria`"),
    ({"conversions": [{"name": "X y", "events": ["a"]}]}, "lower-case letters"),
    ({"conversions": [{"name": "x", "events": ["a"], "every": 1}]}, "unknown key every"),
    ({"conversions": [{"name": "x", "events": ["a"], "min_count": 0}]}, "`min_count` takes"),
    ({"conversions": [{"name": "x", "events": ["a"]}] * 2}, "the name is used twice"),
    ({"challenger_share": 10}, "var challenger_share: 10 is not accepted"),
    ({"score_history_share": -1}, "var score_history_share: -1 is not accepted"),
    ({"treated_audiences": "aud_high"}, 'var treated_audiences: "aud_high" is not accepted'),
    ({"leak_severity": "off"}, 'var leak_severity: "off" is not accepted'),
    ({"deploy_ml": "never"}, 'var deploy_ml: "never" is not accepted'),
    ({"ml_package": ""}, 'var ml_package: "" is not accepted'),
    ({"distributed_training": "yes"}, 'var distributed_training: "yes" is not accepted'),
    ({"distributed_training": True}, "var distributed_training: only Spark fits on its workers"),
    ({"conversions": [{"name": "x", "table": "crm.deals"}]}, "a table needs `tstamp_column`"),
    ({"conversions": [DEALS | {"domain_userid_column": "c"}]}, "the one that says who converted"),
    ({"conversions": [DEALS | {"events": ["a"]}]}, "unknown key events; accepted are name"),
    ({"conversions": [DEALS | {"tstamp_column": 1}]}, "`tstamp_column` takes the name of a column"),
    (
        {"conversions": [DEALS]},
        '`table` is "crm.deals"; accepted: [database.]schema.table; it is not there',
    ),
    (
        {"conversions": [DEALS | {"table": "deals.csv"}]},
        'conversion won: `table` is "deals.csv"; accepted: a file that exists',
    ),
    (
        {"conversions": [{"name": "x", "events": ["a"], "criteria": ENGAGED}]},
        "`events` takes [page_view] with it",
    ),
    ({"first_touch_horizon": "1 month"}, "var first_touch_horizon: '1 month' is not a duration"),
    ({"session_timeout": 30}, "var session_timeout: '30' is not a duration"),
    ({"email_property": "mail"}, 'var email_property: `property` is "mail"; accepted:'),
    (
        {"rule_based_audience": {"all": [{"property": "x", "operator": "=", "value": 1}]}},
        'var rule_based_audience: `property` is "x"; accepted: audience_key',
    ),
    (
        {"audience_exposures": {"aud_everyone": {"url": "x"}}},
        "it takes a mapping of audiences: aud_prospects, aud_high_propensity, aud_rule_based",
    ),
    (
        {"audience_exposures": {"aud_prospects": {"link": "x"}}},
        "it takes for each audience any of owner_name, owner_email, url, description, as texts, "
        "and census_sync_ids",
    ),
    (
        {"audience_exposures": {"aud_prospects": {"url": 5}}},
        "it takes for each audience any of owner_name, owner_email, url, description, as texts",
    ),
    (
        {"audience_exposures": {"aud_prospects": {"census_sync_ids": ["x"]}}},
        "it takes as census_sync_ids the ids of Census's syncs, e.g. [123]",
    ),
    (
        {"audience_exposures": {"aud_prospects": {"census_sync_ids": 123}}},
        "it takes as census_sync_ids the ids of Census's syncs, e.g. [123]",
    ),
    ({"web_tables": "files"}, 'var web_tables: "files" is not accepted'),
    ({"heartbeat": 0}, "var heartbeat: 0 is not accepted"),
    ({"min_visit_length": 2.5}, "var min_visit_length: 2.5 is not accepted"),
    ({"max_session_days": "P3D"}, 'var max_session_days: "P3D" is not accepted'),
    ({"conversions": [{"name": "churn", "events": ["a"]}]}, "that of another kind of model"),
    ({"churn_horizon": "14 days"}, "var churn_horizon: '14 days' is not a duration"),
    ({"value": ["transaction"]}, "var value: `value` is"),
    ({"value": {"events": ["a"], "currency": "EUR"}}, "var value: `currency` is"),
    ({"value": {"property": "tr_total"}}, "var value: `events` is"),
    ({"value": {"events": ["a"], "property": "page_url"}}, "a property that is a number"),
    ({"value": {"events": ["a"], "horizon": "1 month"}}, "var value, horizon: '1 month' is not"),
    ({"label_medium_lift": 5}, "var label_medium_lift: 5 is not accepted"),
    ({"label_leave_threshold": 1.5}, "var label_leave_threshold: 1.5 is not accepted"),
    (
        conversion("tr_total", ">", "5"),
        'conversion x: `value` is "5"; accepted: a number, and no like (the property is tr_total)',
    ),
    (conversion("tr_total", ">", float("nan")), "accepted: a finite number"),
    (conversion("mkt_campaign", ">=", 5), "`value` is 5; accepted: a text, in quotes"),
    (
        conversion("shop.total", ">", "5") | {"event_fields": ["shop.total"]},
        'conversion x: `value` is "5"; accepted: a number without quotes',
    ),
    (conversion("event_tstamp", ">", 5), "accepted: a moment such as 2026-07-01 12:00:00"),
    (conversion("engaged_time_in_s", ">", "long"), 'conversion x: `value` is "long"'),
    (
        {"rule_based_audience": when("propensity_score", ">", "high")},
        'var rule_based_audience: `value` is "high"; accepted: a number',
    ),
    (
        {"rule_based_audience": when("propensity_label", ">", 2)},
        "var rule_based_audience: `value` is 2; accepted: a text, in quotes",
    ),
    ({"test_traffic": when("user_id", "<", 1000)}, "var test_traffic: `value` is 1000"),
    (
        {"test_traffic": {"any": [{"property": "host", "operator": "=", "value": 1}]}},
        'var test_traffic: `property` is "host"',
    ),
]


@pytest.fixture(scope="module")
def errors(module_project: Project) -> list[str]:
    """What each mapping of BAD is answered with, and last, what the defaults are."""
    folder = module_project.folder
    options = ["--project-dir", str(ROOT), "--profiles-dir", str(folder), "--quiet"]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "pipeline" / "check_vars.py"), *options],
        input=json.dumps([*(variables for variables, _ in BAD), {}]),
        env=own_environment() | {"CDP_DUCKDB": str(module_project.database)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [" ".join(error.split()) for error in json.loads(done.stdout.splitlines()[-1])]


def test_the_defaults_are_accepted(errors: list[str]) -> None:
    assert errors[-1] == ""


@pytest.mark.parametrize("number", range(len(BAD)), ids=[str(bad) for bad, _ in BAD])
def test_a_bad_value_is_one_clear_error(errors: list[str], number: int) -> None:
    assert BAD[number][1] in errors[number]
