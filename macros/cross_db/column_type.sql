{#- The engine's own name of a type of this project. -#}
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

{#- A timestamp of the source, whose type may have a zone, in UTC. A cast alone would keep the
    hour of the type's own offset, or of the session's zone. -#}
{% macro default__utc_column(column) %} {{ not_written("utc_column") }} {% endmacro %}

{% macro duckdb__utc_column(column) %}
    {% if column.type == "timestamp with time zone" %}
        {{ return("timezone('UTC', " ~ column.name ~ ")") }}
    {% endif %}
    {{ return("cast(" ~ column.name ~ " as timestamp)") }}
{% endmacro %}

{% macro snowflake__utc_column(column) %}
    {% set type = column_type("timestamp") %}
    {% if column.type.startswith(("timestamp_tz", "timestamp_ltz")) %}
        {{ return("cast(convert_timezone('UTC', " ~ column.name ~ ") as " ~ type ~ ")") }}
    {% endif %}
    {{ return("cast(" ~ column.name ~ " as " ~ type ~ ")") }}
{% endmacro %}

{#- The session's time zone is UTC (check_time_zone). -#}
{% macro spark__utc_column(column) %}
    {{ return("cast(" ~ column.name ~ " as " ~ column_type("timestamp") ~ ")") }}
{% endmacro %}

{% macro text_null() %} {{ return("cast(null as " ~ dbt.type_string() ~ ")") }} {% endmacro %}
