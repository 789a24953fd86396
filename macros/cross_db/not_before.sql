{#- Is a timestamp of the source at or after a UTC time? If the column's type means the same as
    a UTC timestamp, it is compared as it is: a cast would keep a warehouse from skipping data. -#}
{% macro not_before(column, text) %}
    {{ return(adapter.dispatch("not_before", "cdp")(column, text)) }}
{% endmacro %}

{% macro default__not_before(column, text) %} {{ not_written("not_before") }} {% endmacro %}

{#- DuckDB looks through the cast. -#}
{% macro duckdb__not_before(column, text) %}
    {{ return(typed_column(column, "timestamp") ~ " >= " ~ timestamp_literal(text)) }}
{% endmacro %}

{% macro snowflake__not_before(column, text) %}
    {% set plain = column is not none and column.type.startswith("timestamp_ntz") %}
    {{ return(
        (column.name if plain else typed_column(column, "timestamp")) ~ " >= "
        ~ timestamp_literal(text)
    ) }}
{% endmacro %}

{#- A TIMESTAMP is an instant; the session's time zone is UTC (check_time_zone). -#}
{% macro spark__not_before(column, text) %}
    {% if column is not none and column.type == "timestamp" %}
        {{ return(column.name ~ " >= cast('" ~ text ~ "' as timestamp)") }}
    {% endif %}
    {{ return(typed_column(column, "timestamp") ~ " >= " ~ timestamp_literal(text)) }}
{% endmacro %}
