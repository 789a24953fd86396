with page_views as (

    select * from {{ ref("web_page_views") }}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

final as (

    select
        {{ stitched_list("page_views", "user_mapping") }}
    from page_views
    left join user_mapping on page_views.domain_userid = user_mapping.domain_userid

)

select * from final
