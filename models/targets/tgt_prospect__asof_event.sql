with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

final as (

    {{ point_in_time_targets(
        conversions(), var("live_horizon"), events="events", as_of="as_of"
    ) }}

)

select * from final
