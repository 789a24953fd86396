{#- The relation that the atomic events are read from, and its columns as the engine spells
    them: {lower-case name: {name, type}}. There are none until dbt executes, or if there are
    only modelled tables. -#}
{% macro atomic_events() %}
    {{ return(adapter.dispatch("atomic_events", "cdp")()) }}
{% endmacro %}

{% macro default__atomic_events() %}
    {% if var("atomic_table") is none %}
        {{ return({
            "relation": "(select null as event_id where false) as no_events", "columns": {},
            "origin": "none (var atomic_table is null)",
        }) }}
    {% endif %}
    {% set relation = source("atomic", "events") %}
    {{ return({
        "relation": relation, "columns": relation_columns(relation),
        "origin": relation | string,
    }) }}
{% endmacro %}

{% macro duckdb__atomic_events() %} {{ return(event_files()) }} {% endmacro %}

{#- Where the events come from, as text. -#}
{% macro events_origin() %} {{ return(adapter.dispatch("events_origin", "cdp")()) }} {% endmacro %}

{% macro default__events_origin() %}
    {{ return([var("atomic_database"), var("atomic_schema"), var("atomic_table")] | join(".")) }}
{% endmacro %}

{% macro duckdb__events_origin() %}
    {{ return(env_var("CDP_EVENTS", "") or "data/events") }}
{% endmacro %}
