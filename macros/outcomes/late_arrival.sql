{#- How long after a horizon an outcome may still change; PT0S: it is known at once. -#}
{% macro late_arrival_us() %}
    {{ return(iso_duration_us(
        var("late_arrival_allowance"), "var late_arrival_allowance", zero=true
    )) }}
{% endmacro %}
