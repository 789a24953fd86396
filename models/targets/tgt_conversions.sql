{{ config(materialized="table") }}

with events as (

    {{ subject_events(ref("stg_snowplow__events"), by_user_id=true) }}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

shared_user_ids as (

    select * from {{ ref("stg_snowplow__shared_user_ids") }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

{{ lone_page_views() }}

{{ engaged_page_views("events") }}

conversions as (

    {% for conversion in conversions() -%}
    {{ "union all" if not loop.first }}
    {{ conversion_rows(
        conversion, events="events", engaged="engaged", page_views="page_views"
    ) }}
    {% endfor %}
),

final as (

    select
        conversions.conversion_name,
        conversions.conversion_id,
        conversions.domain_userid,
        conversions.user_id,
        coalesce(
            conversions.user_id, user_mapping.user_id, conversions.domain_userid
        ) as stitched_user_id,
        conversions.conversion_tstamp
    from conversions
    left join user_mapping on conversions.domain_userid = user_mapping.domain_userid
    left join shared_user_ids on conversions.user_id = shared_user_ids.user_id
    cross join as_of
    where
        conversions.conversion_tstamp < as_of.as_of_tstamp
        and coalesce(conversions.domain_userid, conversions.user_id) is not null
        and shared_user_ids.user_id is null

)

select * from final
