{#- A source column as text, timestamp (UTC, without zone), integer, float or boolean. Empty text is
    null. A text that does not parse is null where files are read (DuckDB): staging counts what it
    cannot use; warehouses have typed columns, and an error that names the text. -#}
{% macro typed_column(column, type) %}
    {{ return(adapter.dispatch("typed_column", "cdp")(column, type)) }}
{% endmacro %}

{% macro default__typed_column(column, type) %} {{ not_written("typed_column") }} {% endmacro %}

{#- A cast alone would keep the hour of a TIMESTAMP_TZ's own offset, or of the session's zone. -#}
{% macro snowflake__typed_column(column, type) %}
    {% if column is not none and type == "timestamp"
        and column.type.startswith(("timestamp_tz", "timestamp_ltz")) %}
        {{ return(
            "cast(convert_timezone('UTC', " ~ column.name ~ ") as " ~ column_type(type) ~ ")"
        ) }}
    {% elif column is not none and type == "timestamp"
        and column.type.startswith(("varchar", "text", "character varying")) %}
        {{ return(
            "case when regexp_instr(" ~ column.name ~ ", ':[0-9][0-9]([.][0-9]+)? ?[+-][0-9][0-9]') > 0 "
            ~ "then cast(convert_timezone('UTC', cast(" ~ column.name ~ " as timestamp_tz)) as "
            ~ column_type(type) ~ ") else cast(" ~ column.name ~ " as " ~ column_type(type) ~ ") end"
        ) }}
    {% endif %}
    {{ return(plainly_typed_column(column, type)) }}
{% endmacro %}

{#- A text becomes an instant first, as its offset says; the session's time zone is UTC. -#}
{% macro spark__typed_column(column, type) %}
    {% if column is not none and type == "timestamp" and column.type == "string" %}
        {{ return("cast(cast(" ~ column.name ~ " as timestamp) as " ~ column_type(type) ~ ")") }}
    {% endif %}
    {{ return(plainly_typed_column(column, type)) }}
{% endmacro %}

{% macro plainly_typed_column(column, type) %}
    {% if column is none %} {{ return("cast(null as " ~ column_type(type) ~ ")") }} {% endif %}
    {% if type == "text" %}
        {{ return("nullif(cast(" ~ column.name ~ " as " ~ column_type(type) ~ "), '')") }}
    {% endif %}
    {{ return("cast(" ~ column.name ~ " as " ~ column_type(type) ~ ")") }}
{% endmacro %}

{% macro duckdb__typed_column(column, type) %}
    {% if column is none %} {{ return("cast(null as " ~ column_type(type) ~ ")") }} {% endif %}
    {% if type == "text" %}
        {{ return("nullif(cast(" ~ column.name ~ " as varchar), '')") }}
    {% elif type == "timestamp" and column.type == "timestamp with time zone" %}
        {{ return("timezone('UTC', " ~ column.name ~ ")") }}
    {% elif type == "timestamp" and column.type == "varchar" %}
        {#- a cast to timestamp would drop an offset without a word -#}
        {{ return(
            "case when regexp_matches(" ~ column.name ~ ", ':[0-9][0-9]([.][0-9]+)? ?[+-][0-9][0-9]') "
            ~ "then timezone('UTC', try_cast(" ~ column.name ~ " as timestamptz)) "
            ~ "else try_cast(" ~ column.name ~ " as timestamp) end"
        ) }}
    {% endif %}
    {{ return("try_cast(" ~ column.name ~ " as " ~ column_type(type) ~ ")") }}
{% endmacro %}

{% macro column_type(type) %}
    {% set types = {
        "text": dbt.type_string(),
        "timestamp": type_timestamp_utc(),
        "integer": dbt.type_bigint(),
        "float": "double",
        "boolean": "boolean",
    } %}
    {{ return(types[type]) }}
{% endmacro %}

{#- A timestamp without zone, to the microsecond. -#}
{% macro type_timestamp_utc() %}
    {{ return(adapter.dispatch("type_timestamp_utc", "cdp")()) }}
{% endmacro %}

{% macro default__type_timestamp_utc() %} {{ not_written("type_timestamp_utc") }} {% endmacro %}

{% macro duckdb__type_timestamp_utc() %} {{ return("timestamp") }} {% endmacro %}

{% macro snowflake__type_timestamp_utc() %} {{ return("timestamp_ntz(6)") }} {% endmacro %}

{% macro databricks__type_timestamp_utc() %} {{ return("timestamp_ntz") }} {% endmacro %}
