with events as (

    select * from {{ ref("stg_snowplow__events") }}
    where user_id is not null and domain_userid is not null

),

placed as (

    select
        domain_userid,
        user_id,
        arrival_tstamp,
        event_tstamp,
        event_id,
        row_number() over (
            partition by domain_userid, user_id
            order by arrival_tstamp desc, event_tstamp desc, event_id desc
        ) as place
    from events

),

final as (

    select
        domain_userid,
        user_id,
        arrival_tstamp as end_tstamp,
        event_tstamp,
        event_id as last_id
    from placed
    where place = 1

)

select * from final
