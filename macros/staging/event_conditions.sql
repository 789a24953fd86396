{#- By the IAB and YAUAA entities, or by the user agent. -#}
{% macro bot_condition() %}
    {% set sql -%}
    coalesce(lower(spider_or_robot) = 'true', false)
    or coalesce(lower(device_class) like 'robot%', false)
    or {{ matches_pattern("useragent", var("bot_useragent_pattern")) }}
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Is the event the team's own test traffic, by var test_traffic? -#}
{% macro test_traffic_condition() %}
    {% if not var("test_traffic") %} {{ return("false") }} {% endif %}
    {{ return(
        "coalesce(" ~ event_condition(criteria=var("test_traffic"), what="var test_traffic")
        ~ ", false)"
    ) }}
{% endmacro %}

{#- Does the event lie, or arrive, after the var as_of? -#}
{% macro after_as_of_condition() %}
    {% if var("as_of") is none %} {{ return("false") }} {% endif %}
    {% set as_of = as_of_literal() %}
    {{ return("(event_tstamp >= " ~ as_of ~ " or arrival_tstamp > " ~ as_of ~ ")") }}
{% endmacro %}

{#- Is the event of an application that is not in var app_ids? -#}
{% macro other_app_id_condition() %}
    {% if not var("app_ids") %} {{ return("false") }} {% endif %}
    {{ return("coalesce(app_id not in (" ~ text_literals(var("app_ids")) ~ "), true)") }}
{% endmacro %}

{#- The moment an event counts from: when it happened; if it arrived too late, when it arrived. -#}
{% macro event_tstamp_by_clock() %}
    {% set sql -%}
    case
        when
            derived_tstamp is null
            or {{ epoch_us("collector_tstamp") }} - {{ epoch_us("derived_tstamp") }}
            > {{ iso_duration_us(var("arrival_tolerance")) }}
            then collector_tstamp else derived_tstamp
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- When a server had the event, by its own clock: it cannot have happened later. -#}
{% macro server_tstamp(events) %}
    {% set clocks = [] %}
    {% for name in ["collector_tstamp", "etl_tstamp", "load_tstamp"] if name in events.columns %}
        {% do clocks.append(typed_column(events.columns[name], "timestamp")) %}
    {% endfor %}
    {% if clocks | length > 1 %} {{ return("coalesce(" ~ clocks | join(", ") ~ ")") }} {% endif %}
    {{ return(clocks[0] if clocks else typed_column(none, "timestamp")) }}
{% endmacro %}

{#- Does the event lie, or arrive, outside of what event_clock believes? -#}
{% macro is_clock_outlier(events, clock) %}
    {% set sql -%}
    coalesce(
        {{ events }}.event_tstamp < {{ clock }}.first_tstamp
        or {{ events }}.event_tstamp >= {{ clock }}.until_tstamp
        or {{ events }}.arrival_tstamp >= {{ clock }}.until_tstamp,
        false
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- Was the event collected at or after var events_from? The source's own column is compared,
    so that a warehouse that keeps its events in that order skips the others. An event whose
    time is missing or cannot be read is read, and counted. -#}
{% macro collected_from_condition(events) %}
    {% if var("events_from") is none %} {{ return("true") }} {% endif %}
    {% set name = "collector_tstamp" if "collector_tstamp" in events.columns else "derived_tstamp" %}
    {% set column = events.columns.get(name) %}
    {% set is_time = column is not none and source_kind(column) == "timestamp" %}
    {% set time = column.name if is_time else typed_column(column, "timestamp") %}
    {{ return("(" ~ not_before(column, var("events_from")) ~ " or " ~ time ~ " is null)") }}
{% endmacro %}

{#- The var as_of as a timestamp. -#}
{% macro as_of_literal() %} {{ return(timestamp_literal(var("as_of"))) }} {% endmacro %}

{% macro timestamp_literal(text) %}
    {{ return("cast('" ~ text ~ "' as " ~ type_timestamp_utc() ~ ")") }}
{% endmacro %}

{#- 'a', 'b': a list of texts as SQL literals. -#}
{% macro text_literals(texts) %}
    {% set literals = [] %}
    {% for text in texts %} {% do literals.append(sql_literal(text | string)) %} {% endfor %}
    {{ return(literals | join(", ")) }}
{% endmacro %}

{#- The staging column of an entity field: yauaa.deviceBrand -> yauaa__device_brand. -#}
{% macro entity_column(field) %}
    {% set entity, key = field.split(".") %}
    {{ return(entity ~ "__" ~ snake_case(key)) }}
{% endmacro %}
