{{ config(materialized="view") }}

{%- set events = atomic_events() -%}

with source as (

    select *{{ entities_in_contexts(events) }}
    from {{ events.relation }}
    where {{ collected_from_condition(events) }}

),

found as (

    select
        *,
        {{ found_event_list(events) }}
    from source

),

typed as (

    select
        {{ typed_event_list(events) }},
        {{ placeholder_list(events) }},
        {{ server_tstamp(events) }} as server_tstamp
    from found

),

timed as (

    select
        *,
        {{ event_tstamp_by_clock() }} as event_tstamp,
        coalesce(collector_tstamp, derived_tstamp) as arrival_tstamp,
        {{ epoch_us("derived_tstamp") }} - {{ epoch_us("server_tstamp") }} as skew_us
    from typed

),

final as (

    select
        *,
        case
            when event_id is null then 'no_event_id'
            when event_tstamp is null then 'no_timestamp'
            when skew_us > {{ iso_duration_us(var("max_clock_skew")) }}
                then 'clock_defect'
            when {{ after_as_of_condition() }} then 'after_as_of'
            when {{ other_app_id_condition() }} then 'other_app_id'
            when {{ var("exclude_bots") }} and ({{ bot_condition() }}) then 'bot'
            when {{ test_traffic_condition() }} then 'test_traffic'
        end as set_aside_reason
    from timed

)

select * from final
