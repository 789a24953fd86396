{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_sessions") -%}
{%- set modelled = modelled_table("sessions") -%}

with sessions as (

    {% if modelled %}
    {{ modelled_rows(modelled) }}
    {%- else -%}
    select * from {{ ref("web_sessions") }}
    {%- endif %}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

shared_user_ids as (

    select * from {{ ref("stg_snowplow__shared_user_ids") }}

),

final as (

    select
        {{ stitched_list("sessions", "user_mapping", "shared_user_ids") }}
    from sessions
    left join user_mapping on sessions.domain_userid = user_mapping.domain_userid
    left join shared_user_ids on sessions.user_id = shared_user_ids.user_id

)

select * from final
