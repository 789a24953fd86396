{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook="{{ forget_rebuilt_moments() }}",
) }}

{%- set definitions = feature_columns() -%}
{%- set from_us = rebuild_from_us() -%}
{%- set since_us = history_from_us(definitions, from_us) -%}

with known_events as {{ not_materialized() }} (

    {{ subject_events(ref("stg_snowplow__events"), since_us, in_parts=true) }}

),

events as {{ not_materialized() }} (

    select * from known_events
    {%- if from_us is not none %}
    where
        known_events.domain_userid in (
            select recent.domain_userid from known_events as recent
            where recent.event_tstamp >= {{ timestamp_us(from_us) }}
        )
    {%- endif %}

),

features as (

    {{ point_in_time_features(definitions, events="events") }}

),

final as (

    select
        *,
        '{{ features_hash() }}' as definitions_hash
    from features
    {%- if from_us is not none %}
    where as_of_tstamp >= {{ timestamp_us(from_us) }}
    {%- endif %}

)

select * from final
