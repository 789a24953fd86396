{#- The relation the atomic events are read from, and its columns: {lower-case name:
    {name, type}}, as the engine spells them. Both are empty until dbt executes. -#}
{% macro atomic_events() %}
    {{ return(adapter.dispatch("atomic_events", "cdp")()) }}
{% endmacro %}

{% macro default__atomic_events() %}
    {% set relation = source("atomic", "events") %}
    {% set columns = {} %}
    {% if execute %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do columns.update({
                column.name | lower: {
                    "name": adapter.quote(column.name), "type": column.dtype | lower,
                },
            }) %}
        {% endfor %}
    {% endif %}
    {{ return({"relation": relation, "columns": columns, "origin": relation | string}) }}
{% endmacro %}

{% macro duckdb__atomic_events() %}
    {% set events = event_files() %}
    {% set columns = {} %}
    {% if execute %}
        {% for row in run_query("describe select * from " ~ events.reader).rows %}
            {% do columns.update({
                row[0] | lower: {"name": adapter.quote(row[0]), "type": row[1] | lower},
            }) %}
        {% endfor %}
    {% endif %}
    {{ return({
        "relation": events.reader, "columns": columns, "origin": events.path,
    }) }}
{% endmacro %}

{#- Where the events come from, as text. -#}
{% macro events_origin() %} {{ return(adapter.dispatch("events_origin", "cdp")()) }} {% endmacro %}

{% macro default__events_origin() %}
    {{ return([var("atomic_database"), var("atomic_schema"), var("atomic_table")] | join(".")) }}
{% endmacro %}

{% macro duckdb__events_origin() %}
    {{ return(env_var("CDP_EVENTS", "") or "data/events") }}
{% endmacro %}
