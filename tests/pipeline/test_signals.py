"""What each feature definition is in Snowplow Signals, or why it is nothing there."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tools.project import Project, copy_of_root
from tools.rendering import CompilationError, Macros, visitor_columns

PERIOD = "P7D"
PAGE_URL = {"type": "atomic", "name": "page_url"}


def not_null(name: str) -> dict[str, Any]:
    return {"property": {"type": "atomic", "name": name}, "operator": "is not null"}


def given_not_null(name: str) -> dict[str, Any]:
    return {"all": [{"property": name, "operator": "is not null"}]}


@cache
def shared() -> tuple[Macros, dict[str, Any]]:
    """One for all tests, since reading the macros takes longest, and its own vars."""
    macros = Macros("duckdb")
    return macros, dict(macros.vars)


def with_vars(**variables: Any) -> Macros:
    macros, own = shared()
    macros.vars.clear()
    macros.vars.update(own | variables)
    return macros


def online(definition: dict[str, Any], **variables: Any) -> Any:
    """The online definition, or the reason why there is none; the warehouse takes it, too."""
    macros = with_vars(**variables)
    macros.feature_definition("f", definition)
    found = macros.online_definition(definition)
    assert (found["definition"] is None) is (found["reason"] is not None)
    return found["definition"] or found["reason"]


COUNT = {
    "aggregation": "counter",
    "type": "int64",
    "default_value": 0,
    "events": [],
    "period": PERIOD,
}
TEXT = {"type": "string", "default_value": "", "events": [], "period": PERIOD}
NUMBER = {"type": "double", "default_value": -1e300, "events": [], "period": PERIOD}
APP_ID = {"type": "atomic", "name": "app_id"}
TR_TOTAL = {"type": "atomic", "name": "tr_total"}
SESSION = {"type": "atomic", "name": "domain_sessionid"}


@pytest.mark.parametrize(
    ("definition", "attribute", "read_as"),
    [
        ({"aggregation": "counter"}, COUNT, "value"),
        ({"aggregation": "any"}, COUNT, "is_positive"),
        (
            {"aggregation": "sum", "property": "tr_total"},
            NUMBER | {"aggregation": "sum", "default_value": 0.0, "property": TR_TOTAL},
            "value",
        ),
        *(
            (
                {"aggregation": name, "property": "tr_total"},
                NUMBER | {"aggregation": name, "property": TR_TOTAL},
                "null_if_default",
            )
            for name in ("mean", "min", "max")
        ),
        (
            {"aggregation": "unique_count", "property": "domain_sessionid"},
            COUNT | {"aggregation": "approx_count_distinct", "property": SESSION},
            "value",
        ),
        *(
            (
                {"aggregation": name, "property": "page_url",
                 "criteria": given_not_null("page_url")},
                TEXT | {"aggregation": name, "property": PAGE_URL,
                        "criteria": {"all": [not_null("page_url")]}},
                "empty_text_if_null",
            )
            for name in ("first", "last")
        ),
        (
            {"aggregation": "most_frequent", "property": "app_id", "values": ["b", "a"]},
            TEXT | {
                "aggregation": "most_frequent",
                "property": {"type": "atomic", "name": "app_id"},
                "criteria": {"all": [{"property": {"type": "atomic", "name": "app_id"},
                                      "operator": "in", "value": ["b", "a"]}]},
            },
            "empty_text_if_null",
        ),
        *(
            (
                {"aggregation": name, "unit": unit},
                {"aggregation": name, "type": "float", "time_unit": short, "default_value": -1.0,
                 "events": [], "period": PERIOD},
                "null_if_default",
            )
            for name, unit, short in (
                ("time_since_first", "days", "d"), ("time_since_last", "hours", "h"),
                ("time_since_last", "minutes", "min"), ("time_since_last", "seconds", "s"),
            )
        ),
    ],
)  # fmt: skip
def test_each_aggregation_is_an_attribute(
    definition: dict[str, Any], attribute: dict[str, Any], read_as: str
) -> None:
    assert online({**definition, "period": PERIOD}) == {"attribute": attribute, "read_as": read_as}


def test_every_aggregation_of_definitions_has_one_of_signals() -> None:
    macros = with_vars()
    assert macros.signals_aggregations().keys() == macros.aggregations().keys()


def test_an_aggregation_that_nobody_has_translated_has_a_reason() -> None:
    found = with_vars().online_definition({"aggregation": "num_days"})
    assert found == {
        "definition": None,
        "reason": "signals_aggregations() does not say what num_days is in Signals.",
    }


def test_moments_are_the_readers_own() -> None:
    assert online({"moment": "hour_of_day"}) == {"moment": "hour_of_day"}


def test_without_a_period_a_value_is_kept_for_a_year() -> None:
    found = online({"aggregation": "counter"})["attribute"]
    assert found["ttl"] == "P1Y"
    assert "period" not in found


def test_what_the_newest_event_decides_needs_no_history() -> None:
    found = online({
        "aggregation": "last", "property": "app_id", "includes_own_event": True,
        "criteria": given_not_null("app_id"),
    })  # fmt: skip
    assert found["includes_own_event"] is True


@pytest.mark.parametrize(
    ("period", "written"),
    [("P2W", "P14D"), ("PT36H", "P1DT12H"), ("PT90M", "PT1H30M"), ("P400D", "P1Y35D"),
     ("P365D", "P1Y"), ("PT61S", "PT1M1S"), ("PT24H", "P1D")],
)  # fmt: skip
def test_periods_are_written_as_the_sdk_writes_them(period: str, written: str) -> None:
    assert online({"aggregation": "counter", "period": period})["attribute"]["period"] == written


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"property": "page_url", "operator": "like", "value": "%a%"},
         [{"property": PAGE_URL, "operator": "like", "value": "%a%"}]),
        ({"property": "app_id", "operator": "in", "value": ["a", "b"]},
         [{"property": APP_ID, "operator": "in", "value": ["a", "b"]}]),
        ({"property": "app_id", "operator": "in", "value": ["a"]},
         [{"property": APP_ID, "operator": "=", "value": "a"}]),
        # A comparison with a null is never true.
        ({"property": "page_url", "operator": "!=", "value": "a"},
         [{"property": PAGE_URL, "operator": "!=", "value": "a"}, not_null("page_url")]),
        ({"property": "se_value", "operator": ">=", "value": 2.5},
         [{"property": {"type": "atomic", "name": "se_value"}, "operator": ">=", "value": 2.5}]),
        # A text is compared with a text.
        ({"property": "app_id", "operator": "=", "value": 7},
         [{"property": APP_ID, "operator": "=", "value": "7"}]),
        ({"property": "has_media_player", "operator": "!=", "value": True},
         [{"property": {"type": "entity", "vendor": "com.snowplowanalytics.snowplow",
                        "name": "media_player", "major_version": 2, "path": "currentTime",
                        "index": 0}, "operator": "is null"}]),
        ({"property": "device_class", "operator": "=", "value": "Phone"},
         [{"property": {"type": "entity", "vendor": "nl.basjes", "name": "yauaa_context",
                        "major_version": 1, "path": "deviceClass", "index": 0},
           "operator": "=", "value": "Phone"}]),
        ({"property": "submit_form.formId", "operator": "=", "value": "demo"},
         [{"property": {"type": "event", "vendor": "com.snowplowanalytics.snowplow",
                        "name": "submit_form", "major_version": 1, "path": "formId"},
           "operator": "=", "value": "demo"}]),
        ({"property": "product.inStock", "operator": "=", "value": True},
         [{"property": {"type": "entity", "vendor": "com.acme", "name": "thing",
                        "major_version": 3, "path": "inStock", "index": 0},
           "operator": "=", "value": True}]),
    ],
)  # fmt: skip
def test_criteria(criterion: dict[str, Any], expected: list[Any]) -> None:
    variables: dict[str, Any] = {
        "entities": with_vars().vars["entities"] | {"product": "contexts_com_acme_thing_3"},
        "entity_fields": ["product.inStock"],
        "event_fields": ["submit_form.formId"],
        "signals_schemas": {"product": "com.acme/thing/3"},
    }
    definition = {"aggregation": "counter", "criteria": {"all": [criterion]}}
    assert online(definition, **variables)["attribute"]["criteria"] == {"all": expected}


def test_all_and_any_stand_beside_each_other_and_a_lone_any_must_hold() -> None:
    one = {"property": "page_url", "operator": "!=", "value": "a"}
    two = {"property": "app_id", "operator": "=", "value": "b"}
    both = online({"aggregation": "counter", "criteria": {"all": [two], "any": [one, two]}})
    criteria = both["attribute"]["criteria"]
    assert [c["operator"] for c in criteria["all"]] == ["="]
    assert [c["operator"] for c in criteria["any"]] == ["!=", "="]
    lone = online({"aggregation": "counter", "criteria": {"any": [one]}})["attribute"]["criteria"]
    assert [c["operator"] for c in lone["all"]] == ["!=", "is not null"]
    assert "any" not in lone


def test_the_vars_that_say_which_events_count_are_criteria() -> None:
    variables = {"app_ids": ["web", "shop"], "excluded_events": ["page_ping", "internal"]}
    app = {"property": {"type": "atomic", "name": "app_id"}, "operator": "in",
           "value": ["web", "shop"]}  # fmt: skip
    of_all = online({"aggregation": "counter"}, **variables)["attribute"]
    assert of_all["criteria"] == {"all": [app, *(
        {"property": {"type": "atomic", "name": "event_name"}, "operator": "!=", "value": name}
        for name in variables["excluded_events"]
    )]}  # fmt: skip
    named = {"aggregation": "counter", "events": ["page_view", "page_ping"]}
    of_some = online(named, **variables)["attribute"]
    assert (of_some["events"], of_some["criteria"]) == ([{"name": "page_view"}], {"all": [app]})


def conversions(*given: dict[str, Any]) -> dict[str, Any]:
    return {"conversions": [{"name": f"c{at}", **one} for at, one in enumerate(given)]}


BY_URL = {"criteria": {"all": [{"property": "page_url", "operator": "like", "value": "%/thanks"}]}}
TABLE = {"table": "crm.deals", "tstamp_column": "at", "domain_userid_column": "id"}


@pytest.mark.parametrize(
    ("given", "aggregation", "events"),
    [
        ([{"events": ["submit_form"]}], "any", ["submit_form"]),
        ([BY_URL], "any", []),
        ([{"events": ["b", "a"]}, {"events": ["a", "c"]}], "any", ["a", "b", "c"]),
        ([{"events": ["a"], "min_count": 3}], "counter", ["a"]),
        # As in the warehouse, a table's conversions are in no feature.
        ([{"events": ["a"]}, TABLE], "any", ["a"]),
    ],
)
def test_conversions_are_counted_by_their_own_events_and_criteria(
    given: list[dict[str, Any]], aggregation: str, events: list[str]
) -> None:
    definition = {"aggregation": aggregation, "conversion": "any", "period": PERIOD}
    attribute = online(definition, **conversions(*given))["attribute"]
    assert attribute["events"] == [{"name": name} for name in events]
    assert ("criteria" in attribute) is (given == [BY_URL])


@pytest.mark.parametrize(
    ("definition", "reason", "variables"),
    [
        ({"aggregation": "counter", "online": False}, "Its definition says online: false.", {}),
        ({"moment": "day_of_week", "online": False}, "Its definition says online: false.", {}),
        ({"aggregation": "first", "property": "page_url"},
         "An event without page_url counts here", {}),
        ({"aggregation": "last", "property": "domain_sessionidx",
          "criteria": given_not_null("domain_sessionidx")},
         "It is the text of the number domain_sessionidx", {}),
        ({"aggregation": "unique_count", "property": "event_tstamp"},
         "Signals has no value of event_tstamp.", {}),
        ({"aggregation": "unique_count", "property": "has_media_player"},
         "Signals has no value of has_media_player.", {}),
        ({"aggregation": "counter", "criteria": {"all": [
            {"property": "derived_tstamp", "operator": ">", "value": "2026-01-01"}]}},
         "It compares the moment derived_tstamp", {}),
        ({"aggregation": "counter", "criteria": {"all": [
            {"property": "app_id", "operator": ">", "value": "b"}]}},
         "It asks which text of app_id comes first", {}),
        ({"aggregation": "counter", "events": ["a b"]}, "Signals takes no event of the name", {}),
        ({"aggregation": "counter", "events": ["a"]}, "All of its events are in var",
         {"excluded_events": ["a"]}),
        ({"aggregation": "most_frequent", "property": "app_id",
          "values": [f"v{at}" for at in range(101)]},
         "Signals follows 100 values, and it chooses from more.", {}),
        ({"aggregation": "any", "conversion": "any"}, "The conversion c0 has a min_count",
         conversions({"events": ["a"], "min_count": 2})),
        ({"aggregation": "any", "conversion": "any"}, "No conversion that it counts is met",
         conversions(TABLE)),
        ({"aggregation": "any", "conversion": "any"}, "No conversion that it counts is met",
         conversions({"criteria": {"all": [
             {"property": "engaged_time_in_s", "operator": ">", "value": 9}]}})),
        ({"aggregation": "counter", "conversion": "any"}, "It counts several conversions with",
         conversions(BY_URL, {"events": ["a"]})),
        ({"aggregation": "unique_count", "property": "product.sku"},
         "The schema of product is not known. Name it in var signals_schemas, as product: ",
         {"entities": {"product": "contexts_com_acme_product_1", "web_page": "contexts_w_1",
                       "yauaa": "contexts_y_1", "iab": "contexts_i_1", "ua_parser": "contexts_u_1",
                       "media_player": "contexts_m_1"},
          "entity_fields": ["product.sku"]}),
        ({"aggregation": "unique_count", "property": "order_placed.id"},
         "The schema of order_placed is not known.", {"event_fields": ["order_placed.id"]}),
    ],
)  # fmt: skip
def test_what_signals_cannot_say_has_a_reason(
    definition: dict[str, Any], reason: str, variables: dict[str, Any]
) -> None:
    found = online(definition, **variables)
    assert isinstance(found, str)
    assert found.startswith(reason)


def test_each_feature_of_the_project_that_live_reads_is_computed_online() -> None:
    macros = with_vars()
    for name, meta in visitor_columns().items():
        assert macros.online_definition(meta["feature"])["reason"] is None, name
        assert macros.feature_only_for(meta) == meta.get("only_for", []), name


def test_live_does_not_learn_from_what_is_not_computed_online() -> None:
    macros = with_vars()
    offline = {"aggregation": "counter", "online": False}
    assert macros.feature_only_for({"feature": offline}) == ["daily", "first_touch"]
    assert macros.feature_only_for({"feature": offline, "only_for": ["live", "daily"]}) == ["daily"]
    assert macros.feature_only_for({"feature": offline, "only_for": ["live"]}) == ["none"]
    assert macros.feature_only_for({"feature": offline, "only_for": ["daily"]}) == ["daily"]
    # What is of a first visit has no `live` to be kept from.
    assert macros.feature_only_for({"feature": {"first_visit": "app_id"}}) == []


def test_online_takes_true_or_false() -> None:
    macros = with_vars()
    for definition in (
        {"aggregation": "counter", "online": "no"},
        {"moment": "day_of_week", "online": 1},
    ):
        with pytest.raises(
            CompilationError, match=r"feature f: `online` is .*; accepted: true, false"
        ):
            macros.feature_definition("f", definition)


@pytest.mark.parametrize("dialect", ["snowflake", "databricks"])
def test_quotes_and_backslashes_survive_in_a_warehouses_literal(dialect: str) -> None:
    definition = {"aggregation": "counter", "criteria": {"all": [
        {"property": "page_url", "operator": "=", "value": "it's a \\d \"page\""}]}}  # fmt: skip
    macros = Macros(dialect)
    text = json.dumps(macros.online_definition(definition)["definition"])
    literal = macros.sql_literal(text)[1:-1]
    # As the engine reads it: a backslash escapes, and on Snowflake a quote is written twice.
    read = re.sub(r"\\(.)|''", lambda found: found[1] or "'", literal)
    assert json.loads(read)["attribute"]["criteria"]["all"][0]["value"] == 'it\'s a \\d "page"'


def test_only_the_definition_of_live_changes_if_a_feature_is_left_out(
    module_project: Project, tmp_path: Path
) -> None:
    """Values do not depend on it, so that no table is built anew and no other model trained."""

    def hashes(project: Project) -> dict[str, Any]:
        query = (
            "{% set out = {'features': features_hash()} %}"
            "{% for spec in propensity_model_specs() %}{% do out.update({spec.model_name:"
            " [definition_hash(spec), feature_hashes(spec)]}) %}{% endfor %}"
            "select '{{ tojson(out) }}'"
        )
        done = project.dbt("compile", "--quiet", "--inline", query)
        assert done.returncode == 0, done.stdout
        found = re.search(r"select '(\{.*\})'", done.stdout)
        assert found, done.stdout
        return json.loads(found[1])

    root = copy_of_root(tmp_path / "root")
    path = root / "models" / "features" / "feat_visitor.yml"
    feature = "feature: {aggregation: counter, events: [page_view], period: PT1H}"
    text = path.read_text()
    assert text.count(feature) == 1
    path.write_text(text.replace(feature, feature.replace("period", "online: false, period")))
    before, after = hashes(module_project), hashes(Project(tmp_path / "project", root))
    assert after["live"][0] != before["live"][0]
    assert after["live"][1] == before["live"][1]
    del before["live"], after["live"]
    assert after == before
