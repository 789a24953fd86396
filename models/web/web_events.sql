{%- set day_us = 86400000000 -%}
{%- set timeout_us = iso_duration_us(var("session_timeout")) -%}
{%- set arrival_us = epoch_us("events.arrival_tstamp") -%}
{%- set event_us = epoch_us("events.event_tstamp") -%}
{%- set in_session = "partition by events.domain_sessionid order by "
    ~ "events.event_tstamp, events.event_id" -%}

with events as {{ not_materialized() }} (

    select * from {{ ref("stg_snowplow__events") }}
    where
        domain_sessionid is not null
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

-- Nor have many an event that counts from its arrival.
late_sessions as (

    select distinct domain_sessionid
    from events
    where event_tstamp > derived_tstamp

),

late_session_events as (

    select
        events.event_id,
        events.domain_sessionid,
        events.event_tstamp,
        coalesce(events.event_tstamp > events.derived_tstamp, false) as is_late,
        {{ event_us }} - lag({{ event_us }}) over ({{ in_session }}) as pause_us
    from events
    inner join late_sessions
        on events.domain_sessionid = late_sessions.domain_sessionid

),

counted as (

    select
        events.event_id,
        events.domain_sessionid,
        events.event_tstamp,
        events.is_late,
        sum(
            case
                when events.is_late and events.pause_us >= {{ timeout_us }} then 1
                else 0
            end
        ) over (
            {{ in_session }}
            rows between unbounded preceding and current row
        ) as num_ends
    from late_session_events as events

),

judged as (

    select
        events.event_id,
        events.is_late and events.num_ends > coalesce(
            max(case when not events.is_late then events.num_ends end) over (
                {{ in_session }}
                rows between unbounded preceding and current row
            ),
            0
        ) as is_after_session
    from counted as events

),

after_session as (

    select event_id from judged
    where is_after_session

),

final as (

    select
        events.*,
        coalesce(
            events.dvce_created_tstamp, events.derived_tstamp, events.collector_tstamp
        ) as created_tstamp,
        events.event_name in ('page_view', 'page_ping') as is_page_event,
        after_session.event_id is null as is_in_session
    from events
    left join after_session on events.event_id = after_session.event_id
    left join long_sessions
        on events.domain_sessionid = long_sessions.domain_sessionid
    where
        long_sessions.domain_sessionid is null
        or {{ arrival_us }} - long_sessions.first_arrival_us
        <= {{ var("max_session_days") * day_us }}

)

select * from final
