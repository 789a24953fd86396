{#- Named whichever source is used, so that the graph stays the same. -#}
{%- do ref("web_user_mapping") -%}
{%- set modelled = modelled_table("user_mapping") -%}
{%- set sessions = modelled_table("sessions") -%}

with user_mapping as (

    {% if modelled %}
    {{ modelled_rows(modelled) }}
    {%- elif sessions -%}
    {{ mapping_of_sessions(sessions) }}
    {%- else -%}
    select * from {{ ref("web_user_mapping") }}
    {%- endif %}

),

final as (

    select
        domain_userid,
        user_id,
        end_tstamp
    from user_mapping

)

select * from final
