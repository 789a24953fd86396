{#- Microseconds since 1970 as a text in UTC, for people. -#}
{% macro utc_text(us, format) %}
    {% set moment = modules.datetime.datetime.fromtimestamp(us // 1000000, modules.pytz.utc) %}
    {{ return(moment.strftime(format)) }}
{% endmacro %}
