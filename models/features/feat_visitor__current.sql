{%- set lookback = iso_duration_us(var("lookback")) -%}
{%- set definitions = feature_columns() -%}
{%- set since = events_since(history_from_us(definitions, newest_us(ref("as_of")))) -%}

with events as {{ not_materialized() }} (

    {{ subject_events(ref("stg_snowplow__events"), since, in_parts=true) }}

),

as_of as (

    select * from {{ ref("as_of") }}

),

moments as (

    select distinct
        events.domain_userid,
        as_of.as_of_tstamp
    from events
    cross join as_of
    where
        {{ epoch_us("events.event_tstamp") }}
        >= {{ epoch_us("as_of.as_of_tstamp") }} - {{ lookback }}

),

features as (

    {{ point_in_time_features(definitions, events="events", moments="moments") }}

),

final as (

    select
        *,
        '{{ features_hash() }}' as definitions_hash
    from features

)

select * from final
