{#- The UTC timestamp that lies so many microseconds after 1970: the inverse of epoch_us. -#}
{% macro timestamp_us(microseconds) %}
    {{ return(adapter.dispatch("timestamp_us", "cdp")(microseconds)) }}
{% endmacro %}

{% macro default__timestamp_us(microseconds) %} {{ not_written("timestamp_us") }} {% endmacro %}

{% macro duckdb__timestamp_us(microseconds) %}
    {{ return("make_timestamp(" ~ microseconds ~ ")") }}
{% endmacro %}

{% macro snowflake__timestamp_us(microseconds) %}
    {{ return("to_timestamp_ntz(" ~ microseconds ~ ", 6)") }}
{% endmacro %}

{% macro spark__timestamp_us(microseconds) %}
    {{ return("cast(timestamp_micros(" ~ microseconds ~ ") as timestamp_ntz)") }}
{% endmacro %}
