with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

moments as (

    select
        domain_userid,
        as_of_tstamp
    from {{ ref("feat_prospect__asof_day") }}

),

final as (

    {{ point_in_time_targets(
        conversions(), var("daily_horizon"), events="events", as_of="as_of",
        moments="moments"
    ) }}

)

select * from final
