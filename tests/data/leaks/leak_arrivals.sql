{#- Events that count from a moment at which they could not be known: they arrived more
    than `arrival_tolerance` after it, or after the moment that everything is as of. -#}
{{ config(severity=var("leak_severity"), tags=["leak"]) }}

{%- set text = dbt.type_string() -%}

with events as (

    select * from {{ ref("stg_snowplow__events") }}

),

as_of as (

    select * from {{ ref("as_of") }}

)

select
    events.event_id,
    'stg_snowplow__events.event_tstamp of ' || events.event_id || ' is '
    || cast(events.event_tstamp as {{ text }}) || ', but it arrived '
    || cast(events.arrival_tstamp as {{ text }}) || ', later than arrival_tolerance '
    || '({{ var("arrival_tolerance") }}) or as_of ('
    || cast(as_of.as_of_tstamp as {{ text }}) || ') allows' as message
from events
cross join as_of
where
    {{ epoch_us("events.arrival_tstamp") }} - {{ epoch_us("events.event_tstamp") }}
    > {{ iso_duration_us(var("arrival_tolerance")) }}
    or events.event_tstamp >= as_of.as_of_tstamp
    or events.arrival_tstamp > as_of.as_of_tstamp
