{#- What rpt_event_intake counts of the events: name -> {column, kind, is_there, read}. A value
    is unread where `is_there` holds, an expression over the source that base_snowplow__events
    has as <name>__is_there, and the columns `read` are all null. Empty in dbt unit tests. -#}
{% macro counted_event_columns(events) %}
    {% set counted = {} %}
    {% for name, column in event_columns().items() %}
        {% set given = events.columns.get(name) %}
        {% if can_be_unread(given, column.type) %}
            {% do counted.update({name: {
                "column": name, "kind": column.type, "is_there": value_is_there(given), "read": [name],
            }}) %}
        {% endif %}
    {% endfor %}
    {% for entity in var("entities") if entity_sources(events, entity) %}
        {% set read = ["case when has_media_player then 'yes' end"] if entity == "media_player" else [] %}
        {% for name, field in entity_columns().items() if field.entity == entity %}
            {% do read.append(name) %}
        {% endfor %}
        {% set sources = entity_sources(events, entity) %}
        {% if read %}
            {% set names = spelt_name(sources | map(attribute="name") | join(", ")) %}
            {% do counted.update({entity: {
                "column": names | replace(entity ~ "__in_contexts", "contexts"),
                "kind": "entity", "is_there": entity_is_there(sources), "read": read,
            }}) %}
        {% endif %}
    {% endfor %}
    {#- of a server's times only the coalesced one is staged -#}
    {% for name in ["etl_tstamp", "load_tstamp"] %}
        {% set unread = unread_condition(events.columns.get(name), "timestamp") %}
        {% if unread is not none %}
            {% do counted.update({name: {
                "column": name, "kind": "timestamp", "is_there": unread, "read": [],
            }}) %}
        {% endif %}
    {% endfor %}
    {% do counted.update(counted_json_columns(events)) %}
    {{ return(counted) }}
{% endmacro %}

{#- Columns that hold JSON text of any event: unread where it is none. -#}
{% macro counted_json_columns(events) %}
    {% set columns = {} %}
    {% for name in ["contexts", "derived_contexts", "unstruct_event"] if name in events.columns %}
        {% do columns.update({name: events.columns[name]}) %}
    {% endfor %}
    {% for event in event_field_columns().values() | map(attribute="event") | unique %}
        {% for column in self_describing_columns(events, event) if not column.wraps %}
            {% do columns.update({spelt_name(column.name): column}) %}
        {% endfor %}
    {% endfor %}
    {% set counted = {} %}
    {% for name, column in columns.items() if source_kind(column) == "text" %}
        {% set unread = is_filled_text(column) ~ " and not " ~ has_entity([column]) %}
        {% if name in ["contexts", "derived_contexts"] and has_too_many_entities(column) %}
            {% set unread = "(" ~ unread ~ " or " ~ has_too_many_entities(column) ~ ")" %}
        {% endif %}
        {% do counted.update({name: {"column": name, "kind": "JSON", "is_there": unread, "read": []}}) %}
    {% endfor %}
    {{ return(counted) }}
{% endmacro %}

{#- The condition of an unread value, over the columns of base_snowplow__events. -#}
{% macro counted_condition(name, counted) %}
    {% set parts = [name ~ "__is_there"] %}
    {% for column in counted.read %} {% do parts.append(column ~ " is null") %} {% endfor %}
    {{ return(parts | join(" and ")) }}
{% endmacro %}

{#- What a report says of unread values. -#}
{% macro unread_message(kind) %}
    {% set accepted = {
        "timestamp": "no time that can mean one moment only: 2024-03-01 10:00:00, with an offset, Z or UTC "
            ~ "behind it where it is not UTC, or seconds, milliseconds or microseconds since 1970. Days such "
            ~ "as 03/04/2024 need the var date_order",
        "integer": "no whole number",
        "float": "no number: NaN and infinity are none, and a point, no comma, comes before decimals",
        "boolean": "neither true nor false",
        "entity": "none of the fields that are read of it, or no JSON",
        "JSON": "no JSON, or on Snowflake more than " ~ entities_per_event() ~ " entities",
    } %}
    {{ return(
        "what is there is " ~ accepted[kind] ~ ". Texts that mean there is no value belong in "
        ~ "the var null_markers. See dbt_project/docs/reading_data.md."
    ) }}
{% endmacro %}
