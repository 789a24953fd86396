{{ config(
    materialized="incremental",
    incremental_strategy="append",
    on_schema_change="fail",
    pre_hook=["{{ mark_what_is_rebuilt() }}", "{{ forget_rebuilt_moments() }}"],
    post_hook="{{ remember_what_was_built() }}",
) }}

{%- set definitions = feature_columns() -%}
{%- set changes = changes_since_built() -%}
{%- set since = events_read(definitions, changes) -%}

with known_events as {{ not_materialized() }} (

    {{ subject_events(ref("stg_snowplow__events"), since, in_parts=true) }}

),

events as {{ not_materialized() }} (

    select * from known_events
    {%- if changes is not none %}
    where
        known_events.domain_userid in (
            select recent.domain_userid from known_events as recent
            where {{ is_rebuilt(changes, "recent.event_tstamp", "recent.domain_userid") }}
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
    {%- if changes is not none %}
    where {{ is_rebuilt(changes, "as_of_tstamp", "domain_userid") }}
    {%- endif %}

)

select * from final
