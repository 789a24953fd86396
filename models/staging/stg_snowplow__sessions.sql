with sessions as (

    select * from {{ ref("web_sessions") }}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

final as (

    select
        {{ stitched_list("sessions", "user_mapping") }}
    from sessions
    left join user_mapping on sessions.domain_userid = user_mapping.domain_userid

)

select * from final
