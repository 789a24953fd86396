{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_user_mapping") -%}

with seen as (

    {{ seen_user_ids() }}

),

shared_user_ids as (

    select * from {{ ref("stg_snowplow__shared_user_ids") }}

),

placed as (

    select
        seen.*,
        row_number() over (
            partition by seen.domain_userid
            order by
                seen.end_tstamp desc,
                seen.event_tstamp desc,
                seen.last_id desc,
                seen.user_id desc
        ) as place
    from seen
    left join shared_user_ids on seen.user_id = shared_user_ids.user_id
    where shared_user_ids.user_id is null

),

final as (

    select
        domain_userid,
        user_id,
        end_tstamp
    from placed
    where place = 1

)

select * from final
