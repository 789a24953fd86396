{{ config(materialized="table") }}

{%- set newest_us = epoch_us("greatest(max(event_tstamp), max(arrival_tstamp))") -%}

with events as (

    select * from {{ ref("stg_snowplow__events") }}

),

final as (

    select
        {{ "max(" ~ as_of_literal() ~ ")" if var("as_of")
            else timestamp_us(newest_us ~ " + 1") }}
            as as_of_tstamp
    from events

)

select * from final
