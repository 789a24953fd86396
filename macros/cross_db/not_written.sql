{#- What a dispatched macro says on an engine that it was not written for. -#}
{% macro not_written(name) %}
    {{ exceptions.raise_compiler_error(
        name ~ " is not written for " ~ target.type
        ~ "; this project runs on duckdb, snowflake and databricks."
    ) }}
{% endmacro %}
