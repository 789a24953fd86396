{#- The vars that say whose clock and whose identifier is believed. -#}
{% macro check_clock_and_people_vars() %}
    {% do require_var(
        "clock_outliers", var("clock_outliers") in ["set_aside", "keep"], "set_aside or keep"
    ) %}
{% endmacro %}
