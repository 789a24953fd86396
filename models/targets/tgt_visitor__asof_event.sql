with events as (

    {{ subject_events(ref("stg_snowplow__events"), in_parts=true) }}
    {{- conversions_as_events() }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

labelled as (

    {{ point_in_time_targets(
        conversions(), var("live_horizon"), events="events", as_of="as_of"
    ) }}

),

final as (

    select * from labelled
    -- Conversions of a table, or of a page view, are no moments.
    where event_id not like 'conversion:%'

)

select * from final
