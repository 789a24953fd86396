with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}
    {{- conversions_as_events() }}

),

seen as (

    select
        domain_userid,
        min(event_tstamp) as first_seen_tstamp,
        max(event_tstamp) as last_seen_tstamp
    from events
    where coalesce(event_id not like 'conversion:%', true)
    group by domain_userid

),

{{ first_conversions(events="events") }}

final as (

    select
        seen.domain_userid,
        seen.first_seen_tstamp,
        seen.last_seen_tstamp,
        {{ first_conversion_list() }}
    from seen
    {{ join_first_conversions("seen") }}

)

select * from final
