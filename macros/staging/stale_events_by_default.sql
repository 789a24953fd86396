{#- What var stale_events does if it is auto. Files on DuckDB are samples and replays. -#}
{% macro stale_events_by_default() %}
    {{ return(adapter.dispatch("stale_events_by_default", "cdp")()) }}
{% endmacro %}

{% macro default__stale_events_by_default() %} {{ return("error") }} {% endmacro %}

{% macro duckdb__stale_events_by_default() %} {{ return("ignore") }} {% endmacro %}
