{#- The columns of stg_snowplow__events, in order. -#}
{% macro staged_event_columns() %}
    {% set columns = event_columns().keys() | list %}
    {% do columns.extend([
        "page_view_id", "device_class", "device_name", "agent_name",
        "operating_system_name", "has_media_player", "event_tstamp", "arrival_tstamp",
    ]) %}
    {% for field in var("entity_fields") %}
        {% do columns.append(entity_column(field)) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}
