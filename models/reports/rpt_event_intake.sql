with events as (

    select * from {{ ref("base_snowplow__events") }}

),

event_clock as (

    select * from {{ ref("event_clock") }}

),

staged as (

    select count(*) as num_events from {{ ref("stg_snowplow__events") }}

),

arrived as (

    select
        case
            when events.set_aside_reason is not null then events.set_aside_reason
            when {{ is_clock_outlier("events", "event_clock") }} then 'clock_outlier'
            else 'kept'
        end as outcome,
        count(*) as num_events
    from events
    cross join event_clock
    group by 1

),

final as (

    select
        arrived.outcome,
        case
            when arrived.outcome = 'kept' then staged.num_events
            else arrived.num_events
        end as num_events
    from arrived
    cross join staged

    union all

    select
        'duplicate' as outcome,
        arrived.num_events - staged.num_events as num_events
    from arrived
    cross join staged
    where arrived.outcome = 'kept' and arrived.num_events > staged.num_events

)

select * from final
