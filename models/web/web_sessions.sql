with events as (

    select * from {{ ref("web_events") }}

),

totals as (

    select
        domain_sessionid,
        count(*) as total_events,
        count(distinct case when is_page_event then page_view_id end) as page_views,
        min(case when is_page_event then web_tstamp end) as first_tstamp,
        max(case when is_page_event then web_tstamp end) as end_tstamp
    from events
    group by domain_sessionid

),

pinged_pages as (

    select
        domain_sessionid,
        page_view_id,
        count(distinct {{ heartbeat("created_tstamp") }}) as num_heartbeats
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
        row_number() over (
            partition by domain_sessionid
            order by web_tstamp, created_tstamp, event_id
        ) as place,
        row_number() over (
            partition by domain_sessionid
            order by web_tstamp desc, created_tstamp desc, event_id desc
        ) as place_from_end
    from events
    where is_page_event

),

firsts as (

    select events.*
    from events
    inner join placed on events.event_id = placed.event_id and placed.place = 1

),

lasts as (

    select events.*
    from events
    inner join placed on events.event_id = placed.event_id and placed.place_from_end = 1

),

described as (

    select
        domain_sessionid,
        {{ query_parameter("page_urlquery", "utm_source_platform") }}
            as mkt_source_platform,
        {{ web_dimension_list() }}
    from firsts

),

-- A session that opens with a ping began before it: the page had been seen.
timed as (

    select
        totals.domain_sessionid,
        case
            when firsts.event_name = 'page_ping'
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
    inner join firsts on totals.domain_sessionid = firsts.domain_sessionid
    left join engagement on totals.domain_sessionid = engagement.domain_sessionid

),

final as (

    select
        firsts.domain_sessionid,
        firsts.domain_sessionidx,
        firsts.app_id,
        firsts.platform,
        firsts.user_id,
        firsts.domain_userid,
        firsts.network_userid,
        timed.start_tstamp,
        timed.end_tstamp,
        timed.page_views,
        timed.engaged_time_in_s,
        timed.total_events,
        timed.page_views >= 2
        or timed.engaged_time_in_s >= {{ 2 * var("heartbeat") }} as is_engaged,
        {{ seconds_between("timed.start_tstamp", "timed.end_tstamp") }}
            as absolute_time_in_s,
        {{ column_list("firsts", page_columns(), "first_") }},
        {{ column_list("lasts", page_columns(), "last_") }},
        firsts.page_referrer as referrer,
        described.mkt_source_platform,
        lasts.geo_country as last_geo_country,
        lasts.geo_region_name as last_geo_region_name,
        lasts.geo_city as last_geo_city,
        lasts.br_lang as last_br_lang,
        {{ column_list("described", web_dimensions().keys()) }}
    from firsts
    inner join lasts on firsts.domain_sessionid = lasts.domain_sessionid
    inner join described on firsts.domain_sessionid = described.domain_sessionid
    inner join timed on firsts.domain_sessionid = timed.domain_sessionid

)

select * from final
