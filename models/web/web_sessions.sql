{%- set in_session = "partition by domain_sessionid" -%}
{%- set last_columns = page_columns() + [
    "geo_country", "geo_region_name", "geo_city", "br_lang",
] %}

with events as {{ not_materialized() }} (

    select * from {{ ref("web_events") }}
    where is_in_session

),

totals as (

    select
        domain_sessionid,
        count(*) as total_events,
        count(distinct case when is_page_event then page_view_id end) as page_views,
        min(event_tstamp) as first_tstamp,
        max(event_tstamp) as end_tstamp
    from events
    group by domain_sessionid

),

pinged_pages as (

    select
        domain_sessionid,
        page_view_id,
        count(distinct {{ heartbeat_of_ping("created_tstamp") }}) as num_heartbeats
    from events
    where event_name = 'page_ping' and page_view_id is not null
    group by domain_sessionid, page_view_id

),

engagement as (

    select
        domain_sessionid,
        sum({{ engaged_seconds("num_heartbeats") }}) as engaged_time_in_s
    from pinged_pages
    group by domain_sessionid

),

placed as (

    select
        event_id,
        domain_sessionid,
        event_name,
        is_page_event,
        row_number() over (
            {{ in_session }} order by event_tstamp, created_tstamp, event_id
        ) as place_of_all,
        row_number() over (
            {{ in_session }}, is_page_event
            order by event_tstamp, created_tstamp, event_id
        ) as place,
        row_number() over (
            {{ in_session }}, is_page_event
            order by event_tstamp desc, created_tstamp desc, event_id desc
        ) as place_from_end
    from events

),

-- A session that opens with a ping began before it: the page had been seen.
timed as (

    select
        totals.domain_sessionid,
        case
            when opened.event_name = 'page_ping'
                then {{ timestamp_us(
                    epoch_us("totals.first_tstamp") ~ " - "
                    ~ var("min_visit_length") * 1000000
                ) }}
            else totals.first_tstamp
        end as start_tstamp,
        totals.end_tstamp,
        totals.page_views,
        totals.total_events,
        coalesce(engagement.engaged_time_in_s, 0) as engaged_time_in_s
    from totals
    inner join placed as opened
        on totals.domain_sessionid = opened.domain_sessionid and opened.place_of_all = 1
    left join engagement on totals.domain_sessionid = engagement.domain_sessionid

),

firsts as (

    select
        events.domain_sessionid,
        events.domain_sessionidx,
        events.app_id,
        events.platform,
        events.user_id,
        events.domain_userid,
        events.network_userid,
        {{ prefixed_column_list("events", page_columns(), "first_") }},
        events.page_referrer as referrer,
        {{ query_parameter("events.page_urlquery", "utm_source_platform") }}
            as mkt_source_platform,
        {{ web_dimension_list("events") }}
    from events
    inner join placed on events.event_id = placed.event_id
    where placed.is_page_event and placed.place = 1

),

lasts as (

    select
        events.domain_sessionid,
        {{ prefixed_column_list("events", last_columns, "last_") }}
    from events
    inner join placed on events.event_id = placed.event_id
    where placed.is_page_event and placed.place_from_end = 1

),

final as (

    select
        firsts.*,
        timed.start_tstamp,
        timed.end_tstamp,
        timed.page_views,
        timed.engaged_time_in_s,
        timed.total_events,
        timed.page_views >= 2
        or timed.engaged_time_in_s >= {{ 2 * var("heartbeat") }} as is_engaged,
        {{ seconds_between("timed.start_tstamp", "timed.end_tstamp") }}
            as absolute_time_in_s,
        {% for name in last_columns[:-1] -%}
        lasts.last_{{ name }},
        {% endfor -%}
        lasts.last_br_lang
    from firsts
    inner join lasts on firsts.domain_sessionid = lasts.domain_sessionid
    inner join timed on firsts.domain_sessionid = timed.domain_sessionid

)

select * from final
