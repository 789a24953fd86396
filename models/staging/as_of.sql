{{ config(materialized="table") }}

with events as (

    select * from {{ ref("stg_snowplow__events") }}

),

final as (

    select
        {% if var("as_of") is not none -%}
        {{ as_of_literal() }} as as_of_tstamp
        {%- else -%}
        {{ timestamp_us(epoch_us("greatest(max(event_tstamp), max(arrival_tstamp))") ~ " + 1") }}
            as as_of_tstamp
        {%- endif %}
    from events

)

select * from final
