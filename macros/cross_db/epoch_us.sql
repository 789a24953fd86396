{#- Microseconds since 1970 of a UTC timestamp, as an integer: windows are ranges of it. -#}
{% macro epoch_us(timestamp) %}
    {{ return(adapter.dispatch("epoch_us", "cdp")(timestamp)) }}
{% endmacro %}

{% macro default__epoch_us(timestamp) %} {{ not_written("epoch_us") }} {% endmacro %}

{% macro duckdb__epoch_us(timestamp) %}
    {{ return("epoch_us(" ~ timestamp ~ ")") }}
{% endmacro %}

{% macro snowflake__epoch_us(timestamp) %}
    {{ return("date_part(epoch_microsecond, " ~ timestamp ~ ")") }}
{% endmacro %}

{#- The session's time zone is UTC (check_time_zone). -#}
{% macro spark__epoch_us(timestamp) %}
    {{ return("unix_micros(cast(" ~ timestamp ~ " as timestamp))") }}
{% endmacro %}

{#- Microseconds since 1970 at which the hour of a UTC timestamp begins. -#}
{% macro start_of_hour_us(timestamp) %}
    {% set us = epoch_us(timestamp) %}
    {{ return(us ~ " - mod(" ~ us ~ ", 3600000000)") }}
{% endmacro %}
