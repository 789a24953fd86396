"""What the simulated events look like to someone who reads the files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.data.atomic import ATOMIC, ENTITIES, events_schema
from ml.simulation.generate import Simulation, simulate

from .conftest import DAYS, EVENTS

WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1[1].id"
MEDIA = "contexts_com_snowplowanalytics_snowplow_media_player_2"


def first_file(site):
    return sorted(site.glob("events/*/events.parquet"))[0]


def test_columns_have_snowplows_names_and_types(site):
    assert pq.read_schema(first_file(site)) == events_schema()


def test_timestamps_are_microseconds_without_zone(site):
    schema = pq.read_schema(first_file(site))
    tstamps = [name for name in ATOMIC if name.endswith("_tstamp")]
    assert len(tstamps) == 8
    assert {schema.field(name).type for name in tstamps} == {pa.timestamp("us")}


def test_one_partition_a_day_named_by_arrival(site, sql):
    folders = [path.name for path in sorted(site.glob("events/*"))]
    assert folders[0] == "load_date=2026-05-01"
    assert len(folders) == DAYS
    assert sql("select count(*) from events where collector_tstamp::date != load_date") == [(0,)]
    assert "load_date" not in pq.read_schema(first_file(site)).names


def test_as_many_events_as_asked_for(sql):
    ((count,),) = sql("select count(*) from events")
    assert abs(count / EVENTS - 1) < 0.02


@pytest.mark.parametrize(("events", "days"), [(10_000, 30), (15_000, 2), (12_000, 60)])
def test_event_count_at_other_sizes(tmp_path, events, days):
    assert abs(simulate(Simulation(tmp_path, events, days)).events / events - 1) < 0.02


def test_identifiers_are_unique_and_complete(sql):
    assert sql(
        "select count(*) - count(distinct event_id), count_if(domain_userid is null),"
        " count_if(domain_sessionid is null), count_if(app_id is null) from events"
    ) == [(0, 0, 0, 0)]


def test_a_session_belongs_to_one_visitor_and_number(sql):
    assert sql(
        "select count(*) from (select domain_sessionid from events group by 1 having"
        " count(distinct (domain_userid, domain_sessionidx)) > 1)"
    ) == [(0,)]


def test_sessions_are_numbered_in_order_of_time(sql):
    assert sql(
        "with s as (select domain_userid, domain_sessionidx as idx, min(derived_tstamp) as first,"
        " max(derived_tstamp) as last from events group by all),"
        " n as (select *, row_number() over w as nth, lag(last) over w as before from s"
        " window w as (partition by domain_userid order by first))"
        " select count_if(idx != nth), count_if(first - before < interval 1 hour) from n"
    ) == [(0, 0)]


def test_sessions_are_shorter_than_an_hour_with_gaps_under_half_an_hour(sql):
    ((longest, widest),) = sql(
        "with g as (select domain_sessionid, derived_tstamp, derived_tstamp - lag(derived_tstamp)"
        " over (partition by domain_sessionid order by derived_tstamp) as gap from events)"
        " select (select max(d) from (select max(derived_tstamp) - min(derived_tstamp) as d"
        " from g group by domain_sessionid)), max(gap) from g"
    )
    assert longest.total_seconds() < 3600
    assert 10 < widest.total_seconds() < 31


def test_a_page_starts_with_its_view_and_scrolls_down(sql):
    assert sql(
        f"with e as (select *, {WEB_PAGE} as page_view_id from events)"
        " select count_if(first_event != 'page_view'), count_if(views != 1), count_if(not grows)"
        " from (select page_view_id, arg_min(event_name, derived_tstamp) as first_event,"
        " count_if(event_name = 'page_view') as views,"
        " coalesce(list_sort(list(pp_yoffset_max order by derived_tstamp)"
        " filter (event_name = 'page_ping')) = list(pp_yoffset_max order by derived_tstamp)"
        " filter (event_name = 'page_ping'), true) as grows from e group by 1)"
    ) == [(0, 0, 0)]


def test_scroll_offsets_are_those_of_page_pings_alone(sql):
    assert sql(
        "select count(*) from events"
        " where (event_name = 'page_ping') != (pp_yoffset_max is not null)"
        " or pp_yoffset_min > pp_yoffset_max or pp_yoffset_max > doc_height"
    ) == [(0,)]


def test_a_form_is_focused_then_changed_then_submitted(sql):
    assert sql(
        "with e as (select event_name, lag(event_name) over (partition by domain_sessionid order by"
        " derived_tstamp) as before from events)"
        " select count_if(before not in ('focus_form', 'change_form')), count(*) > 20 from e"
        " where event_name = 'submit_form'"
    ) == [(0, True)]


def test_self_describing_events_name_their_schema(sql):
    rows = sql(
        "select distinct event_name, event, event_vendor, event_format, event_version from events"
    )
    sp = "com.snowplowanalytics.snowplow"
    assert sorted(rows) == [
        ("change_form", "unstruct", sp, "jsonschema", "1-0-0"),
        ("focus_form", "unstruct", sp, "jsonschema", "1-0-0"),
        ("link_click", "unstruct", sp, "jsonschema", "1-0-1"),
        ("page_ping", "page_ping", sp, "jsonschema", "1-0-0"),
        ("page_view", "page_view", sp, "jsonschema", "1-0-0"),
        ("pause_event", "unstruct", f"{sp}.media", "jsonschema", "1-0-0"),
        ("percent_progress_event", "unstruct", f"{sp}.media", "jsonschema", "1-0-0"),
        ("play_event", "unstruct", f"{sp}.media", "jsonschema", "1-0-0"),
        ("submit_form", "unstruct", sp, "jsonschema", "1-0-0"),
    ]


def test_media_events_and_no_others_have_a_player(sql):
    assert sql(
        f"select count(*) from events where ({MEDIA} is not null) != (event_vendor like '%.media')"
    ) == [(0,)]


def test_a_device_clock_that_is_wrong_cancels_out(sql):
    assert sql(
        "select max(abs(epoch_us(derived_tstamp) - epoch_us(collector_tstamp) +"
        " epoch_us(dvce_sent_tstamp) - epoch_us(dvce_created_tstamp))) < 300_000,"
        " max(abs(epoch_us(derived_tstamp) - epoch_us(dvce_created_tstamp))) > 1_000_000"
        " from events"
    ) == [(True, True)]


def test_people_have_heavy_tails_and_some_log_in(sql):
    ((once, most, logged_in),) = sql(
        "select avg((s = 1)::int), max(n), avg((u is not null)::int) from (select domain_userid,"
        " count(distinct domain_sessionid) as s, count(*) as n, any_value(user_id) as u"
        " from events group by 1)"
    )
    assert once > 0.2
    assert most > 150
    assert 0.05 < logged_in < 0.5


def test_every_kind_of_page_site_and_source_is_there(sql):
    assert sql(
        "select count(distinct app_id), count(distinct mkt_campaign), count(distinct refr_medium),"
        " count(distinct dvce_type), count_if(page_url like '%pricing%') > 1000 from events"
    ) == [(3, 6, 5, 3, True)]


def test_entities_as_json_say_the_same(tmp_path):
    for style in ("struct", "json"):
        simulate(Simulation(tmp_path / style, events=2000, days=2, entity_format=style))
    name = "load_date=2026-05-01/events.parquet"
    structs = pq.read_table(tmp_path / "struct/events" / name)
    texts = pq.read_table(tmp_path / "json/events" / name)
    assert structs.select(list(ATOMIC)).equals(texts.select(list(ATOMIC)))
    device = structs["contexts_nl_basjes_yauaa_context_1"][0].as_py()[0]["device_class"]
    yauaa = texts["contexts_nl_basjes_yauaa_context_1"][0].as_py()
    assert yauaa.startswith(f'[{{"deviceClass": "{device}", "deviceName": ')
    assert set(texts.schema.types[-5:]) == {pa.string()}
    assert all(texts.schema.field(entity).type == pa.string() for entity in ENTITIES)
