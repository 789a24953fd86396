{#- Select list: per conversion, was it complete before the first visit was over, and did it
    follow within the horizon? -#}
{% macro first_touch_target_list(end_us) %}
    {% set over_us = end_us ~ " + " ~ iso_duration_us(var("session_timeout")) %}
    {% set horizon = var("first_touch_horizon") %}
    {% set list = [] %}
    {% for conversion in conversions() %}
        {% set first_us = epoch_us("people.first_" ~ conversion.name ~ "_tstamp") %}
        {% set done_us = "completed." ~ conversion.name ~ "_us" %}
        {% set columns -%}
        coalesce({{ first_us }} < {{ over_us }}, false) as had_{{ conversion.name }}_in_first_visit,
        {{ target_value(done_us, end_us, horizon, epoch_us("as_of.as_of_tstamp")) }}
            as {{ target_column(conversion, horizon) }}
        {%- endset %}
        {% do list.append(columns) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}
