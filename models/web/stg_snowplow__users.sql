{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_users") -%}
{%- set modelled = modelled_table("users") -%}

with users as (

    {% if modelled %}
    {{ modelled_rows(modelled) }}
    {%- else -%}
    select * from {{ ref("web_users") }}
    {%- endif %}

),

user_mapping as (

    select * from {{ ref("stg_snowplow__user_mapping") }}

),

final as (

    select
        {{ stitched_list("users", "user_mapping") }}
    from users
    left join user_mapping on users.domain_userid = user_mapping.domain_userid

)

select * from final
