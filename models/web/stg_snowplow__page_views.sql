{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_page_views") -%}
{%- set modelled = modelled_table("page_views") -%}

with page_views as (

    {% if modelled %}
    {{ modelled_rows(modelled) }}
    {%- else -%}
    select * from {{ ref("web_page_views") }}
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
        {{ stitched_list("page_views", "user_mapping", "shared_user_ids") }}
    from page_views
    left join user_mapping on page_views.domain_userid = user_mapping.domain_userid
    left join shared_user_ids on page_views.user_id = shared_user_ids.user_id

)

select * from final
