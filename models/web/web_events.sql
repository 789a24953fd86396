{%- set day_us = 86400000000 -%}
{%- set arrival_us = epoch_us("events.arrival_tstamp") -%}

with events as {{ inlined() }} (

    select * from {{ ref("stg_snowplow__events") }}
    where
        domain_userid is not null
        and domain_sessionid is not null
        and coalesce(
            {{ epoch_us("dvce_sent_tstamp") }} - {{ epoch_us("dvce_created_tstamp") }}
            <= {{ var("days_late_allowed") * day_us }},
            true
        )

),

-- Few sessions are that long, so only those are joined to.
long_sessions as (

    select
        domain_sessionid,
        min({{ epoch_us("arrival_tstamp") }}) as first_arrival_us
    from events
    group by domain_sessionid
    having
        max({{ epoch_us("arrival_tstamp") }}) - min({{ epoch_us("arrival_tstamp") }})
        > {{ var("max_session_days") * day_us }}

),

final as (

    select
        events.*,
        coalesce(events.derived_tstamp, events.collector_tstamp) as web_tstamp,
        coalesce(
            events.dvce_created_tstamp, events.derived_tstamp, events.collector_tstamp
        ) as created_tstamp,
        events.event_name in ('page_view', 'page_ping') as is_page_event
    from events
    left join long_sessions
        on events.domain_sessionid = long_sessions.domain_sessionid
    where
        long_sessions.domain_sessionid is null
        or {{ arrival_us }} - long_sessions.first_arrival_us
        <= {{ var("max_session_days") * day_us }}

)

select * from final
