with events as (

    select * from {{ ref("web_events") }}
    where user_id is not null

),

placed as (

    select
        domain_userid,
        user_id,
        arrival_tstamp,
        row_number() over (
            partition by domain_userid
            order by arrival_tstamp desc, web_tstamp desc, event_id desc
        ) as place
    from events

),

final as (

    select
        domain_userid,
        user_id,
        arrival_tstamp as end_tstamp
    from placed
    where place = 1

)

select * from final
