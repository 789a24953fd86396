{#- How long after a horizon an outcome may still change; PT0S: it is known at once. -#}
{% macro late_arrival_us() %}
    {{ return(iso_duration_us(
        var("late_arrival_allowance"), "var late_arrival_allowance", zero=true
    )) }}
{% endmacro %}

{#- How long after a moment its outcome is known: the horizon and the allowance. -#}
{% macro outcome_known_after_us(horizon) %}
    {{ return(iso_duration_us(horizon) + late_arrival_us()) }}
{% endmacro %}

{#- SQL: is the outcome of a moment known as of `as_of_us`? -#}
{% macro is_outcome_known(moment_us, horizon, as_of_us) %}
    {{ return(moment_us ~ " + " ~ outcome_known_after_us(horizon) ~ " <= " ~ as_of_us) }}
{% endmacro %}

{#- How much later than others an event may come to be known: a build that sees it then
    differs from one before. -#}
{% macro longest_lateness_us() %}
    {{ return([late_arrival_us(), iso_duration_us(var("arrival_tolerance"))] | max) }}
{% endmacro %}
