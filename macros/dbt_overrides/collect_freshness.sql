{#- dbt's, for `dbt source freshness`: on DuckDB the events are files, and may have no
    collector_tstamp. -#}
{% macro duckdb__collect_freshness(source, loaded_at_field, filter) %}
    {% if source.identifier != var("atomic_table") %}
        {{ return(dbt.default__collect_freshness(source, loaded_at_field, filter)) }}
    {% endif %}
    {% set events = atomic_events() %}
    {% set loaded_at = events.columns.get(loaded_at_field, events.columns.get("derived_tstamp")) %}
    {{ return(dbt.default__collect_freshness(
        events.relation, typed_column(loaded_at, "timestamp"), filter
    )) }}
{% endmacro %}
