{{ config(materialized="view") }}

{%- set events = atomic_events() -%}
{%- set entities = var("entities") %}

with source as (

    select * from {{ events.relation }}

),

typed as (

    select
        {%- for name, column in event_columns().items() %}
        {{ typed_column(events.columns.get(name), column.type) }} as {{ name }},
        {%- endfor %}
        {{ entity_field(events.columns.get(entities.web_page), "id") }} as page_view_id,
        {{ entity_field(events.columns.get(entities.yauaa), "deviceClass") }}
            as device_class,
        {{ entity_field(events.columns.get(entities.yauaa), "deviceName") }} as device_name,
        {{ entity_field(events.columns.get(entities.yauaa), "agentName") }} as agent_name,
        {{ entity_field(events.columns.get(entities.yauaa), "operatingSystemName") }}
            as operating_system_name,
        {{ entity_field(events.columns.get(entities.iab), "spiderOrRobot") }}
            as spider_or_robot,
        {{ has_entity(events.columns.get(entities.media_player)) }} as has_media_player,
        {%- for field in var("entity_fields") %}
        {%- set entity, key = field.split(".") %}
        {{ entity_field(events.columns.get(entities[entity]), key) }}
            as {{ entity_column(field) }},
        {%- endfor %}
    from source

),

timed as (

    select
        *,
        case
            when derived_tstamp is null then collector_tstamp
            when
                {{ epoch_us("collector_tstamp") }} - {{ epoch_us("derived_tstamp") }}
                > {{ iso_duration_us(var("arrival_tolerance")) }}
                then collector_tstamp
            else derived_tstamp
        end as event_tstamp,
        coalesce(collector_tstamp, derived_tstamp) as arrival_tstamp,
        coalesce(
            {{ epoch_us("derived_tstamp") }} - {{ epoch_us("collector_tstamp") }}
            > {{ iso_duration_us(var("max_clock_skew")) }},
            false
        ) as has_clock_defect,
        coalesce(lower(spider_or_robot) = 'true', false)
        or coalesce(lower(device_class) like 'robot%', false)
        or {{ matches_pattern("useragent", var("bot_useragent_pattern")) }} as is_bot,
        {{ test_traffic_condition() }} as is_test_traffic
    from typed

),

final as (

    select
        *,
        case
            when event_id is null then 'no_event_id'
            when event_tstamp is null then 'no_timestamp'
            when has_clock_defect then 'clock_defect'
            {%- if var("as_of") is not none %}
            when
                event_tstamp >= {{ as_of_literal() }}
                or arrival_tstamp > {{ as_of_literal() }}
                then 'after_as_of'
            {%- endif %}
            {%- if var("app_ids") %}
            when
                app_id is null
                or app_id not in ({{ text_literals(var("app_ids")) }})
                then 'other_app_id'
            {%- endif %}
            {%- if var("exclude_bots") %}
            when is_bot then 'bot'
            {%- endif %}
            when is_test_traffic then 'test_traffic'
        end as set_aside_reason
    from timed

)

select * from final
