"""What is published, kept and taken away while definitions and champions change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml.scoring.reasons import Words
from ml.signals.champion import Champion
from ml.signals.definitions import Feature, SignalsError
from ml.signals.payloads import group_of
from ml.signals.published import differences, read_group
from ml.signals.registry import Plan, State, Step, plan, removal

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OWNER = "team@example.com"


def feature(name: str, feature_hash: str = "1", period: str = "P7D", **more: Any) -> Feature:
    attribute = {
        "aggregation": "counter",
        "type": "int64",
        "default_value": 0,
        "events": [{"name": "page_view"}],
        "period": period,
        **more,
    }
    return Feature(name, feature_hash, {"attribute": attribute, "read_as": "value"})


def features(*given: Feature) -> dict[str, Feature]:
    return {one.name: one for one in given}


def champion(of: dict[str, Feature], version: str = "v1") -> Champion:
    return Champion(
        model_name="live",
        version=version,
        kind="conversion",
        artefact=b"",
        artefact_sha256="",
        base_rate=0.1,
        label_from={"High": 0.3, "Medium": 0.1},
        decile_from=[],
        features={name: dict(one.online or {}) for name, one in of.items()},
        digests={name: one.digest for name, one in of.items()},
        warm_after_s={name: one.warm_after_s for name, one in of.items()},
        group={"name": "live_features", "digest": ""},
        words={name: Words(name, name) for name in of},
    )


class Signals:
    """What Signals has after the steps of plans; `now` goes on."""

    def __init__(self) -> None:
        self.groups: dict[int, dict[str, Any]] = {}
        self.service: dict[str, Any] | None = None
        self.now = NOW

    @property
    def state(self) -> State:
        newest_first = sorted(self.groups.items(), reverse=True)
        return State([read_group(about) for _, about in newest_first], self.service)

    def plan(self, reader: Champion, wanted: dict[str, Feature], **more: Any) -> Plan:
        return plan(reader, wanted, self.state, owner=OWNER, now=self.now, **more)

    def publish(self, reader: Champion, wanted: dict[str, Feature], **more: Any) -> list[str]:
        made = self.plan(reader, wanted, **more)
        for step in made.steps:
            self._do(step)
        assert self.plan(reader, wanted).steps == []  # what is unchanged publishes nothing
        return [step.title for step in made.steps]

    def _do(self, step: Step) -> None:
        about = dict(step.about)
        if step.kind == "services":
            self.service = about
        elif step.action == "publish":
            self.groups[about["version"]] = about
        else:
            assert self.service
            used = [link["version"] for link in self.service["attribute_groups"]]
            assert about["version"] not in used, "Signals refuses to delete what a service names"
            del self.groups[about["version"]]


@pytest.fixture
def signals() -> Signals:
    return Signals()


A, B = feature("a"), feature("b", period="P30D")


def test_at_first_one_group_and_one_service_are_published(signals: Signals) -> None:
    wanted = features(A, B, Feature("day", "1", {"moment": "day_of_week"}))
    done = signals.publish(champion(wanted), wanted)
    assert done == ["publish attribute group live_features version 1", "publish service live"]
    group = signals.groups[1]
    # A moment is no attribute.
    assert [one["name"] for one in group["attributes"]] == ["a", "b"]
    assert group["description"].endswith("since=2026-11-01T12:00:00Z")
    assert signals.service
    assert signals.service["attribute_groups"] == [{"name": "live_features", "version": 1}]
    warm_at = signals.plan(champion(wanted), wanted).warm_at
    assert warm_at == NOW + timedelta(days=30)


def test_a_champion_that_reads_fewer_features_changes_nothing(signals: Signals) -> None:
    wanted = features(A, B)
    signals.publish(champion(wanted), wanted)
    assert signals.plan(champion(features(A), "v2"), wanted).steps == []


def test_the_old_version_stays_until_no_champion_needs_it(signals: Signals) -> None:
    old, new = features(A, B), features(feature("a", "2", period="P14D"), B)
    signals.publish(champion(old), old)

    # A feature was redefined; the champion is still the one of before.
    signals.now += timedelta(days=40)
    made = signals.plan(champion(old), new)
    assert made.differences == ["a: period is P7D, needed P14D"]
    assert signals.publish(champion(old), new) == [
        "publish attribute group live_features version 2"
    ]
    read_from = signals.plan(champion(old), new).read_from
    assert {name: source.version for name, source in read_from.items()} == {"a": 1, "b": 1}

    # The new champion reads what has changed from the new version, and the rest where it is warm.
    done = signals.publish(champion(new, "v2"), new)
    assert done == ["publish service live"]
    assert signals.service
    assert signals.service["attribute_groups"][0]["version"] == 2
    made = signals.plan(champion(new, "v2"), new)
    assert {name: source.version for name, source in made.read_from.items()} == {"a": 2, "b": 1}
    assert made.warm_at == signals.now + timedelta(days=14)

    # Once the new version is warm, nothing reads the old one.
    signals.now += timedelta(days=31)
    assert signals.publish(champion(new, "v2"), new) == [
        "remove attribute group live_features version 1"
    ]
    assert sorted(signals.groups) == [2]


def test_definitions_that_are_gone_and_published_nowhere_are_told(signals: Signals) -> None:
    with pytest.raises(SignalsError, match=r"live v1 reads a as defined when it was trained"):
        signals.plan(champion(features(A)), features(feature("a", "2")))


def test_a_feature_hash_that_changes_alone_is_another_definition(signals: Signals) -> None:
    """E.g. another var says which events count: what is published counts others."""
    old = features(A)
    signals.publish(champion(old), old)
    made = signals.plan(champion(old), features(feature("a", "2")))
    assert made.differences == ["a: published for another definition of the feature"]


def test_what_somebody_changed_or_unpublished_in_signals_is_told_and_put_right(
    signals: Signals,
) -> None:
    wanted = features(A)
    signals.publish(champion(wanted), wanted)
    signals.groups[1]["is_published"] = False
    signals.now += timedelta(days=1)
    assert signals.publish(champion(wanted), wanted) == [
        "publish attribute group live_features version 1"
    ]
    # It was not computed meanwhile.
    assert signals.groups[1]["description"].endswith("since=2026-11-02T12:00:00Z")
    signals.groups[1]["attributes"][0]["events"] = []
    made = signals.plan(champion(wanted), wanted)
    assert made.differences[0] == "a: events is [], needed [{'name': 'page_view'}]"
    signals.service = None
    assert "service live: not published, needed live_features version 2" in (
        signals.plan(champion(wanted), wanted).differences
    )


def test_a_filled_version_says_from_when_on(signals: Signals) -> None:
    wanted = features(A, B)
    signals.publish(champion(wanted), wanted, backfill=True)
    assert signals.groups[1]["backfill_since_tstamp"] == "2026-10-02T12:00:00Z"
    assert signals.plan(champion(wanted), wanted).warm_at == NOW


def test_everything_is_removed_service_first(signals: Signals) -> None:
    wanted = features(A)
    signals.publish(champion(wanted), wanted)
    assert [step.title for step in removal(signals.state)] == [
        "remove service live",
        "remove attribute group live_features version 1",
    ]
    assert removal(State()) == []


def test_answers_of_signals_that_are_spelt_otherwise_are_no_difference() -> None:
    entity = {"type": "entity", "vendor": "a", "name": "b", "major_version": 1, "path": "c"}
    one = feature(
        "a",
        property={**entity, "index": 0},
        criteria={"all": [{"property": {"type": "atomic", "name": "page_url"},
                           "operator": "is not null"}]},
    )  # fmt: skip
    wanted = group_of("live", features(one), version=1, owner=OWNER, now=NOW)
    attribute = dict(wanted["attributes"][0])
    answered = {
        **attribute,
        "period": "P1W",
        "property": {**entity, "date_part": None},
        "time_unit": None,
        "events": [{"name": "page_view", "vendor": None}],
        "criteria": {"all": [{**attribute["criteria"]["all"][0], "value": None}], "any": None},
    }
    found = {**wanted, "attributes": [answered]}
    assert differences(wanted, found) == []
    answered["property"] = "contexts_a_b_1[0]:c"
    assert differences(wanted, found) == []
    answered["aggregation"] = "sum"
    assert differences(wanted, found) == ["a: aggregation is sum, needed counter"]


@pytest.mark.parametrize(
    ("given", "owner", "message"),
    [
        (features(feature("a-b")), OWNER, "feature 'a-b': Signals takes names of up to 128"),
        (features(feature("a" * 129)), OWNER, "Signals takes names of up to 128"),
        (features(A), "", "owner: it is missing.*--owner, or SP_OWNER"),
        (features(A), "me", "owner: 'me' is no e-mail address"),
        ({}, OWNER, "live learns from no feature that is computed online"),
    ],
)
def test_what_signals_would_not_take_is_told_before_anything_is_sent(
    given: dict[str, Feature], owner: str, message: str
) -> None:
    with pytest.raises(SignalsError, match=message):
        group_of("live", given, version=1, owner=owner, now=NOW)
