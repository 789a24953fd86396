-- What came after its session was over is measured by itself.
with events as {{ not_materialized() }} (

    select * from {{ ref("web_events") }}
    where is_page_event and page_view_id is not null

),

page_views as (

    select
        event_id,
        page_view_id,
        domain_sessionid,
        is_in_session,
        event_tstamp,
        created_tstamp,
        row_number() over (
            partition by page_view_id
            order by event_tstamp, created_tstamp, event_id
        ) as occurrence
    from events
    where event_name = 'page_view'

),

placed as (

    select
        event_id,
        page_view_id,
        domain_sessionid,
        is_in_session,
        row_number() over (
            partition by domain_sessionid, is_in_session
            order by event_tstamp, created_tstamp, event_id
        ) as page_view_in_session_index,
        count(*) over (partition by domain_sessionid, is_in_session)
            as page_views_in_session
    from page_views
    where occurrence = 1

),

pings as (

    select
        page_view_id,
        domain_sessionid,
        is_in_session,
        max(event_tstamp) as last_ping_tstamp,
        count(distinct {{ heartbeat_of_ping("created_tstamp") }}) as num_heartbeats
    from events
    where event_name = 'page_ping'
    group by page_view_id, domain_sessionid, is_in_session

),

scroll as (

    select
        page_view_id,
        domain_sessionid,
        is_in_session,
        max(doc_width) as width,
        max(doc_height) as height,
        max(coalesce(br_viewwidth, 0)) as viewwidth,
        max(coalesce(br_viewheight, 0)) as viewheight,
        {{ scrolled_pixels("pp_xoffset_max", "doc_width") }} as horizontal_pixels,
        {{ scrolled_pixels("pp_yoffset_max", "doc_height") }} as vertical_pixels
    from events
    where doc_width > 0 and doc_height > 0
    group by page_view_id, domain_sessionid, is_in_session

),

measured as (

    select
        placed.event_id,
        placed.page_view_in_session_index,
        placed.page_views_in_session,
        pings.last_ping_tstamp,
        coalesce({{ engaged_seconds("pings.num_heartbeats") }}, 0) as engaged_time_in_s,
        scroll.horizontal_pixels,
        scroll.vertical_pixels,
        {{ scrolled_percentage(
            "scroll.horizontal_pixels", "scroll.viewwidth", "scroll.width"
        ) }} as horizontal_percentage,
        {{ scrolled_percentage(
            "scroll.vertical_pixels", "scroll.viewheight", "scroll.height"
        ) }} as vertical_percentage
    from placed
    left join pings
        on
            placed.page_view_id = pings.page_view_id
            and placed.domain_sessionid = pings.domain_sessionid
            and placed.is_in_session = pings.is_in_session
    left join scroll
        on
            placed.page_view_id = scroll.page_view_id
            and placed.domain_sessionid = scroll.domain_sessionid
            and placed.is_in_session = scroll.is_in_session

),

final as (

    select
        events.page_view_id,
        events.event_id,
        events.app_id,
        events.platform,
        events.user_id,
        events.domain_userid,
        events.network_userid,
        events.domain_sessionid,
        events.domain_sessionidx,
        measured.page_view_in_session_index,
        measured.page_views_in_session,
        events.dvce_created_tstamp,
        events.collector_tstamp,
        events.event_tstamp as derived_tstamp,
        events.event_tstamp as start_tstamp,
        coalesce(measured.last_ping_tstamp, events.event_tstamp) as end_tstamp,
        measured.engaged_time_in_s,
        {{ seconds_between(
            "events.event_tstamp", "coalesce(measured.last_ping_tstamp, events.event_tstamp)"
        ) }} as absolute_time_in_s,
        measured.horizontal_pixels as horizontal_pixels_scrolled,
        measured.vertical_pixels as vertical_pixels_scrolled,
        measured.horizontal_percentage as horizontal_percentage_scrolled,
        measured.vertical_percentage as vertical_percentage_scrolled,
        events.doc_width,
        events.doc_height,
        {{ prefixed_column_list("events", page_columns()) }},
        events.page_referrer,
        events.br_viewwidth,
        events.br_viewheight,
        events.br_colordepth,
        {{ web_dimension_list("events") }}
    from events
    inner join measured on events.event_id = measured.event_id

)

select * from final
