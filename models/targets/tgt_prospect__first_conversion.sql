{%- set conversions = conversions() -%}

with events as (

    select
        domain_userid,
        event_tstamp,
        {%- for conversion in conversions %}
        case
            when {{ event_condition(conversion.events, conversion.criteria) }}
                then row_number() over (
                    partition by
                        domain_userid,
                        {{ event_condition(conversion.events, conversion.criteria) }}
                    order by event_tstamp, event_id
                )
        end as {{ conversion.name }}_number{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("stg_snowplow__events") }}
    where
        domain_userid is not null
        {%- if var("excluded_events") %}
        and event_name not in ({{ text_literals(var("excluded_events")) }})
        {%- endif %}

),

final as (

    select
        domain_userid,
        min(event_tstamp) as first_seen_tstamp,
        max(event_tstamp) as last_seen_tstamp,
        {%- for conversion in conversions %}
        min(
            case when {{ conversion.name }}_number = {{ conversion.min_count }}
                then event_tstamp
            end
        ) as first_{{ conversion.name }}_tstamp{{ "," if not loop.last }}
        {%- endfor %}
    from events
    group by domain_userid

)

select * from final
