{#- One text for a set of rows, whatever their order: the sum of a 64-bit hash of each row's
    columns, so that a row that is there twice counts twice. A null differs from every value.
    Engines hash differently, and may by release: compare it only with what the same one made. -#}
{% macro rows_hash(columns) %}
    {{ return("cast(sum(cast(" ~ adapter.dispatch("row_hash", "cdp")(columns)
        ~ " as decimal(38, 0))) as " ~ dbt.type_string() ~ ")") }}
{% endmacro %}

{% macro default__row_hash(columns) %} {{ not_written("row_hash") }} {% endmacro %}

{% macro duckdb__row_hash(columns) %} {{ return("hash(" ~ columns | join(", ") ~ ")") }} {% endmacro %}

{% macro snowflake__row_hash(columns) %} {{ return(duckdb__row_hash(columns)) }} {% endmacro %}

{#- Spark's skips nulls: (null, 'a') would be ('a', null). -#}
{% macro spark__row_hash(columns) %}
    {% set values = [] %}
    {% for column in columns %} {% do values.extend([column ~ " is null", column]) %} {% endfor %}
    {{ return("xxhash64(" ~ values | join(", ") ~ ")") }}
{% endmacro %}
