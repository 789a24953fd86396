with user_mapping as (

    select * from {{ ref("web_user_mapping") }}

),

final as (

    select
        domain_userid,
        user_id,
        end_tstamp
    from user_mapping

)

select * from final
