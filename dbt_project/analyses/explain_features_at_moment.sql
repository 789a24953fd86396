{#- The events behind each feature of one visitor at one moment.

        dbt show --inline "$(cat dbt_project/analyses/explain_features_at_moment.sql)" \
            --limit 500 --vars '{explain_visitor: <domain_userid>, explain_at: 2026-07-01}'

    or `dbt compile --select explain_features_at_moment --vars ...` and run what it writes.
    One row per feature and event that counts in it, newest first. -#}
{%- set visitor = var("explain_visitor", "") -%}
{%- set moment = "cast(" ~ sql_literal(var("explain_at", "2026-01-01") | string) ~ " as "
    ~ type_timestamp_utc() ~ ")" -%}
{%- set definitions = {} -%}
{%- for name, column in visitor_feature_definitions().items() -%}
    {%- do definitions.update({name: column.meta.feature}) -%}
{%- endfor %}

with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}
        and domain_userid = {{ sql_literal(visitor) }}
        and event_tstamp < {{ moment }}

),

behind as (

    {%- for feature in feature_definitions(definitions) if feature.conditions %}
    select
        '{{ feature.name }}' as feature_name,
        '{{ feature.aggregation }}' as aggregation,
        {{ "cast(" ~ feature.value ~ " as " ~ dbt.type_string() ~ ")" if feature.value
            else "cast(null as " ~ dbt.type_string() ~ ")" }} as property_value,
        event_tstamp,
        event_name,
        event_id,
        domain_sessionid,
        page_url
    from events
    where
        (
            {%- for part in feature.conditions %}
            ({{ part.condition }}){{ " or" if not loop.last }}
            {%- endfor %}
        )
        {%- if feature.period is not none %}
        and {{ epoch_us("event_tstamp") }} >= {{ epoch_us(moment) }} - {{ feature.period }}
        {%- endif %}

    union all
    {% endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as feature_name,
        cast(null as {{ dbt.type_string() }}) as aggregation,
        cast(null as {{ dbt.type_string() }}) as property_value,
        event_tstamp,
        event_name,
        event_id,
        domain_sessionid,
        page_url
    from events
    where 1 = 0

),

final as (

    select * from behind

)

select * from final
order by feature_name, event_tstamp desc, event_id
