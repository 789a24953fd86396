{#- first_value or last_value that skips nulls, up to its `over`. -#}
{% macro ignore_nulls(function, expression) %}
    {{ return(adapter.dispatch("ignore_nulls", "cdp")(function, expression)) }}
{% endmacro %}

{% macro default__ignore_nulls(function, expression) %}
    {{ not_written("ignore_nulls") }}
{% endmacro %}

{% macro snowflake__ignore_nulls(function, expression) %}
    {{ return(function ~ "(" ~ expression ~ ") ignore nulls") }}
{% endmacro %}

{% macro spark__ignore_nulls(function, expression) %}
    {{ return(snowflake__ignore_nulls(function, expression)) }}
{% endmacro %}

{% macro duckdb__ignore_nulls(function, expression) %}
    {{ return(function ~ "(" ~ expression ~ " ignore nulls)") }}
{% endmacro %}
