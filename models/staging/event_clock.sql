{#- Read from all arrivals, by the few columns that say when and who: whether it is a
    robot's or test traffic is not asked. -#}
{{ config(materialized="table") }}

{%- set sessions = modelled_table("sessions") -%}

with sightings as (

    select
        {{ start_of_hour_us("event_tstamp") }} as hour_us,
        coalesce(
            domain_userid,
            user_id,
            network_userid,
            domain_sessionid,
            user_ipaddress,
            event_id
        ) as witness,
        case when server_tstamp is null then 0 else 1 end as has_server_clock,
        case when collector_tstamp is null then 0 else 1 end as has_collector
    from {{ ref("base_snowplow__events") }}
    where
        event_id is not null
        and event_tstamp is not null
        and coalesce(skew_us <= {{ iso_duration_us(var("max_clock_skew")) }}, true)
        and not {{ after_as_of_condition() }}
        and not {{ other_app_id_condition() }}
    {%- if sessions %}

    union all

    select
        {{ start_of_hour_us("end_tstamp") }} as hour_us,
        domain_userid as witness,
        0 as has_server_clock,
        0 as has_collector
    from ({{ session_ends(sessions) }}) as sessions
    where end_tstamp is not null
    {%- endif %}

),

{{ believed_period("sightings") }},

final as (

    select
        {{ believed_tstamp("first_us") }} as first_tstamp,
        {{ believed_tstamp("until_us") }} as until_tstamp
    from believed

)

select * from final
