"""Several conversions, churn and value from the same code; no version is registered twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tools.project import WIDE, Project, copy_of_root

SIGN_UP = {"name": "sign_up", "events": ["submit_form"]}
PRICING = {
    "name": "pricing",
    "events": ["page_view"],
    "criteria": {"all": [{"property": "page_url", "operator": "like", "value": "%pricing%"}]},
}
ORDER = {"name": "order", "events": ["transaction"], "repeatable": True}
TARGETS: dict[str, Any] = {
    **WIDE,
    "min_judging_subjects": 2,
    "conversions": [SIGN_UP, PRICING],
    "churn_horizon": "P5D",
    "value": {"events": ["transaction"], "property": "tr_total", "horizon": "P7D"},
}


@pytest.fixture(scope="module")
def orders(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of some of the simulated visitors; half of their looks at prices become orders."""
    events = f"read_parquet('{simulated}/**/*.parquet')"
    path = tmp_path_factory.mktemp("orders") / "events.parquet"
    duckdb.sql(
        f"""
        copy (
            select * from {events} where hash(domain_userid) % 3 = 0
            union all by name
            select * replace (
                'order-' || event_id as event_id, 'transaction' as event_name,
                derived_tstamp + interval 5 minutes as derived_tstamp,
                collector_tstamp + interval 5 minutes as collector_tstamp,
                20.0 + hash(domain_userid) % 100 as tr_total
            )
            from {events}
            where hash(domain_userid) % 3 = 0 and event_name = 'page_view'
                and page_url like '%pricing%' and hash(event_id) % 2 = 0
        ) to '{path}'
        """
    )
    return path


@pytest.fixture(scope="module")
def several(module_project: Project, orders: Path) -> Project:
    module_project.build(events=orders, unit_tests=True, **TARGETS)
    return module_project


def models(project: Project) -> list[str]:
    return [name for (name,) in project.rows("select model_name from trn_readiness order by 1")]


def test_each_target_has_its_model_with_its_column_and_kind(several: Project) -> None:
    assert models(several) == [
        "daily__churn",
        "daily__pricing",
        "daily__sign_up",
        "daily__value",
        "first_touch__pricing",
        "first_touch__sign_up",
        "live__pricing",
        "live__sign_up",
    ]
    assert several.rows(
        "select target_column, kind from trn_readiness where training_table = 'trn_daily' "
        "order by model_name"
    ) == [
        ("target_churn", "churn"),
        ("target_pricing", "conversion"),
        ("target", "conversion"),
        ("target_value", "value"),
    ]
    registered = "select distinct model_name, kind from propensity_models"
    assert set(several.rows(registered)) <= set(
        several.rows("select model_name, kind from trn_readiness")
    )
    assert ("daily__value", "value") in several.rows(registered)
    assert set(several.rows("select distinct model_name, kind from propensity_scores")) == set(
        several.rows(
            "select model_name, kind from propensity_champions "
            "where not starts_with(model_name, 'live')"
        )
    )


def test_targets_are_what_followed(several: Project) -> None:
    """Counted from the events by a join, which the models avoid."""
    joined = """
        from trn_daily as t
        left join stg_snowplow__events as e
            on t.domain_userid = e.domain_userid
            and e.event_tstamp > t.as_of_tstamp
            and e.event_tstamp <= t.as_of_tstamp + interval {horizon}
        where {target} is not null
        group by t.domain_userid, t.as_of_tstamp
    """
    is_pricing = "e.event_name = 'page_view' and e.page_url like '%pricing%'"
    total = "coalesce(sum(case when e.event_name = 'transaction' then e.tr_total end), 0)"
    for target, horizon, is_right in (
        ("target_churn", "5 days", "any_value(target_churn) = (count(e.event_id) = 0)"),
        (
            "target_pricing",
            "7 days",
            f"any_value(target_pricing) = (count(case when {is_pricing} then 1 end) > 0)",
        ),
        ("target_value", "7 days", f"abs(any_value(target_value) - {total}) < 0.0001"),
    ):
        rows = joined.format(horizon=f"'{horizon}'", target=target)
        checked = several.rows(
            f"select distinct is_right from (select {is_right} as is_right {rows})"
        )
        assert checked == [(True,)], target
    # Churn is asked of those seen in as long before the moment.
    assert several.value(
        "select bool_and(exists (select 1 from stg_snowplow__events as e "
        "where e.domain_userid = t.domain_userid and e.event_tstamp < t.as_of_tstamp "
        "and e.event_tstamp >= t.as_of_tstamp - interval 5 days)) "
        "from trn_daily as t where target_churn is not null"
    )


def test_a_converter_of_one_may_still_convert_by_the_other(several: Project) -> None:
    only_first = (
        "select domain_userid from tgt_visitor__first_conversion "
        "where first_sign_up_tstamp is not null and first_pricing_tstamp is null"
    )
    rows = several.rows(
        "select is_open__daily__sign_up, is_open__daily__pricing, count(*) > 0 "
        f"from visitors_to_score where domain_userid in ({only_first}) group by all"
    )
    assert rows == [(False, True, True)]
    # In training, rows of a one-off conversion end with it, those of the other go on.
    late = (
        "select count({}) from trn_daily join tgt_visitor__first_conversion "
        "using (domain_userid) where as_of_tstamp >= first_sign_up_tstamp"
    )
    assert several.value(late.format("target")) == 0
    assert several.value(late.format("target_pricing")) > 0


def test_another_conversion_trains_its_own_models_only(
    several: Project, orders: Path, tmp_path: Path
) -> None:
    copied = several.copy(tmp_path / "more")
    before = set(copied.rows("select model_name, version from propensity_models"))
    printed = copied.build(
        "--select",
        "+propensity_models",
        "--exclude-resource-type",
        "test",
        events=orders,
        **TARGETS | {"conversions": [SIGN_UP, PRICING, ORDER], "live_horizon": "PT2H"},
    )
    after = set(copied.rows("select model_name, version from propensity_models"))
    assert before < after
    assert {name for name, _ in after - before} <= {"daily__order", "live__order"} | {
        "first_touch__order",
        "live__pricing",
        "live__sign_up",
    }
    assert "daily__order: training, there is no version yet" in printed
    # live_horizon is a definition of the live models, and of no other.
    assert "live__sign_up: training, definitions changed" in printed
    for name in ("sign_up", "pricing", "churn", "value"):
        assert f"daily__{name}: not trained, the latest version" in printed


def test_forced_training_of_the_same_is_the_same_version(
    several: Project, orders: Path, tmp_path: Path
) -> None:
    copied = several.copy(tmp_path / "forced")
    before = copied.fingerprint("propensity_models")
    run = ("run", "--select", "propensity_models")
    done = copied.dbt(*run, events=orders, force_training=True, **TARGETS)
    assert done.returncode == 0, done.stdout
    assert "daily__sign_up: training, forced by var force_training" in done.stdout
    assert done.stdout.count("is registered already; nothing is added.") > 0
    assert copied.fingerprint("propensity_models") == before


def test_two_jobs_at_once_do_not_register_a_version_twice(
    several: Project, orders: Path, tmp_path: Path
) -> None:
    """The second has read the registry before the first has written to it: it sees nothing."""
    root = copy_of_root(tmp_path / "root")
    path = root / "python_models" / "propensity_models.py"
    seen = "known = registered.read(register.KNOWN_COLUMNS) if dbt.is_incremental else None"
    assert seen in path.read_text()
    path.write_text(path.read_text().replace(seen, "known = None"))
    second = several.copy(tmp_path / "second", root=root)
    before = second.fingerprint("propensity_models")
    done = second.dbt("run", "--select", "propensity_models", events=orders, **TARGETS)
    assert done.returncode == 0, done.stdout
    assert "daily__sign_up: training, there is no version yet" in done.stdout
    assert second.fingerprint("propensity_models") == before
