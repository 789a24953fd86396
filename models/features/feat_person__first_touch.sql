{%- set timeout_us = iso_duration_us(var("session_timeout")) -%}
{%- set start_us = epoch_us("numbered.start_tstamp") -%}

with sessions as (

    select * from {{ ref("stg_snowplow__sessions") }}
    where
        stitched_user_id is not null
        {%- if var("exclude_bots") %}
        and not coalesce(spider_or_robot, false)
        {%- endif %}

),

page_views as (

    select * from {{ ref("stg_snowplow__page_views") }}

),

as_of as (

    select {{ epoch_us("as_of_tstamp") }} as as_of_us from {{ ref("as_of") }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by stitched_user_id order by start_tstamp, domain_sessionid
        ) as visit_number
    from sessions

),

scrolled as (

    select
        page_views.domain_sessionid,
        max(page_views.vertical_percentage_scrolled) as vertical_percentage_scrolled
    from page_views
    inner join sessions on page_views.domain_sessionid = sessions.domain_sessionid
    -- Not what came when the visit was over.
    where page_views.start_tstamp <= sessions.end_tstamp
    group by page_views.domain_sessionid

),

-- A visit that may still go on is not there yet.
visits as (

    select
        numbered.*,
        scrolled.vertical_percentage_scrolled,
        {{ moment_part("hour_of_day", start_us) }} as hour_of_day,
        {{ moment_part("day_of_week", start_us) }} as day_of_week
    from numbered
    cross join as_of
    left join scrolled on numbered.domain_sessionid = scrolled.domain_sessionid
    where
        numbered.visit_number = 1
        and {{ epoch_us("numbered.end_tstamp") }} + {{ timeout_us }} <= as_of.as_of_us

),

final as (

    select
        visits.stitched_user_id,
        visits.end_tstamp as as_of_tstamp,
        visits.start_tstamp as first_visit_tstamp,
        {{ first_visit_features(feature_columns(), "visits") }}
    from visits

)

select * from final
