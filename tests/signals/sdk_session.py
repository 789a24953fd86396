"""Runs in .venv-signals: the official SDK, unmodified, against the stand-in. Prints what it got.

The events are sent by the test, in between: this program waits for a line on its standard input.
"""

import json
import sys
from datetime import timedelta

from snowplow_signals import (  # pyright: ignore[reportMissingImports]
    AtomicProperty,
    Attribute,
    AttributeKeyIdentifiers,
    CalculatedProperty,
    Criteria,
    Criterion,
    EntityProperty,
    Event,
    EventProperty,
    InterventionCriterion,
    InterventionInstance,
    PageView,
    RuleIntervention,
    Service,
    SignalsSandbox,
    StreamAttributeGroup,
    StructuredEvent,
    domain_userid,
)

OWNER = "team@example.com"
URL, VISITOR = sys.argv[1:]
PATH = AtomicProperty(name="page_urlpath")
VALUE = AtomicProperty(name="se_value")
FORM = EventProperty(
    vendor="com.snowplowanalytics.snowplow", name="submit_form", major_version=1, path="formId"
)
DEVICE = EntityProperty(
    vendor="nl.basjes", name="yauaa_context", major_version=1, path="deviceClass"
)


def page_views(name: str, kind: str, **more: object) -> Attribute:
    return Attribute(name=name, events=[PageView()], **{"type": "string", **more}, aggregation=kind)


def values(kind: str) -> Attribute:
    return Attribute(
        name=kind, type="double", events=[StructuredEvent()], aggregation=kind, property=VALUE
    )


ATTRIBUTES = [
    page_views("counter", "counter", type="int32", period=timedelta(days=30)),
    *(values(kind) for kind in ("sum", "min", "max", "mean")),
    page_views("first", "first", property=PATH, ttl=timedelta(days=1)),
    page_views("last", "last", property=PATH),
    page_views("unique_list", "unique_list", property=PATH, type="string_list"),
    page_views("most_frequent", "most_frequent", property=PATH, period=timedelta(hours=1)),
    page_views("least_frequent", "least_frequent", property=PATH),
    page_views("category_count", "category_count", property=PATH, type="dict"),
    page_views("approx_count_distinct", "approx_count_distinct", property=PATH, type="int64"),
    page_views("time_since_first", "time_since_first", type="double", time_unit="h"),
    page_views("time_since_last", "time_since_last", type="float", time_unit="d"),
    Attribute(name="form", type="string", events=[Event(name="submit_form")], aggregation="last",
              property=FORM),
    page_views("device", "last", property=DEVICE),
    page_views("day", "last", type="int32",
               property=AtomicProperty(name="derived_tstamp", date_part="day_of_week")),
    page_views("joined", "last", property=CalculatedProperty(
        operation="concat", separator="|", properties=[AtomicProperty(name="app_id"), PATH])),
    page_views("pricing", "counter", type="int32", default_value=0, criteria=Criteria(
        all=[Criterion.like(PATH, "%/pricing%"), Criterion.is_null(AtomicProperty(name="user_id"))],
        any=[Criterion.in_list(AtomicProperty(name="app_id"), ["web", "docs"]),
             Criterion.gt(VALUE, 3)])),
]  # fmt: skip
NAMES = [attribute.name for attribute in ATTRIBUTES]


def main() -> None:
    signals = SignalsSandbox(api_url=URL, sandbox_token="any")
    group = StreamAttributeGroup(
        name="shop", version=1, attribute_key=domain_userid, owner=OWNER, attributes=ATTRIBUTES
    )
    service = Service(name="shop", attribute_groups=[group], owner=OWNER)
    offer = RuleIntervention(
        name="offer", owner=OWNER,
        criteria=InterventionCriterion(attribute="shop:pricing", operator=">=", value=1),
    )  # fmt: skip
    said = {}
    said["published"] = len(signals.publish([domain_userid, group, service, offer]))
    # The second time everything exists: the SDK gets 400 and replaces.
    said["again"] = len(signals.publish([domain_userid, group, service, offer]))
    said["unknown"] = signals.get_service_attributes("shop", "domain_userid", "nobody")
    targets = AttributeKeyIdentifiers({"domain_userid": [VISITOR]})
    with signals.pull_interventions(targets) as subscription:
        print("ready", flush=True)
        sys.stdin.readline()
        said["offer"] = subscription.get(timeout=20).model_dump(exclude={"intervention_id"})
        pushed = InterventionInstance(name="hello", version=1, attributes={"a": "b"})
        said["push"] = signals.push_intervention(targets, pushed)
        said["hello"] = subscription.get(timeout=20).model_dump(exclude={"intervention_id"})
    said["service"] = signals.get_service_attributes("shop", "domain_userid", VISITOR)
    said["group"] = signals.get_group_attributes("shop", 1, NAMES[:3], "domain_userid", VISITOR)
    said["latest"] = signals.get_attribute_group("shop").full_name
    said["interventions"] = [found.name for found in signals.interventions.list()]
    signals.unpublish([offer, service, group])
    signals.delete([offer, service, group])
    said["left"] = signals.api_client.make_request("GET", "registry/attribute_groups/")
    print(json.dumps(said), flush=True)


main()
