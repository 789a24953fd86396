{{ config(materialized="table", post_hook="{{ check_event_age() }}") }}

{%- set newest_us = epoch_us("greatest(max(event_tstamp), max(arrival_tstamp))") -%}
{%- set sessions = modelled_table("sessions") -%}

-- Named for dbt, which knows of no modelled sessions when it reads the project.
-- depends_on: {{ ref("event_clock") }}

with events as (

    select * from {{ ref("stg_snowplow__events") }}

),

newest as (

    select {{ newest_us }} as newest_us from events
    {%- if sessions %}

    union all

    select max({{ epoch_us("sessions.end_tstamp") }}) as newest_us
    from ({{ session_ends(sessions) }}) as sessions
    cross join {{ ref("event_clock") }} as event_clock
    where coalesce(sessions.end_tstamp < event_clock.until_tstamp, true)
    {%- endif %}

),

final as (

    select
        {{ "max(" ~ as_of_literal() ~ ")" if var("as_of")
            else timestamp_us("max(newest_us) + 1") }}
            as as_of_tstamp
    from newest

)

select * from final
