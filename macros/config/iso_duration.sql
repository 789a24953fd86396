{#- Microseconds of an ISO 8601 duration made of weeks, days, hours, minutes and seconds:
    P7D, PT1H, P1DT12H, P2W. `what` names the setting in the error; `zero` allows PT0S. -#}
{% macro iso_duration_us(duration, what="duration", zero=false) %}
    {#- checked when something runs, so that a bad var is reported once and by name -#}
    {% if not execute %} {{ return(1) }} {% endif %}
    {% set found = modules.re.fullmatch(
        "P(?:([0-9]+)W)?(?:([0-9]+)D)?(T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?",
        duration | string
    ) %}
    {% set parts = found.groups() if found else [] %}
    {% set us = namespace(total=0) %}
    {% if found and parts[2] != "T" %}
        {% for index, seconds in [
            (0, 604800), (1, 86400), (3, 3600), (4, 60), (5, 1),
        ] %}
            {% set us.total = us.total + (parts[index] or 0) | int * seconds * 1000000 %}
        {% endfor %}
    {% endif %}
    {% if us.total == 0 and not (zero and found and parts | select | list) %}
        {{ exceptions.raise_compiler_error(
            what ~ ": '" ~ duration ~ "' is not a duration longer than nothing. Write it as "
            ~ "ISO 8601 in weeks, days, hours, minutes and seconds: P7D, P2W, PT1H, P1DT12H."
        ) }}
    {% endif %}
    {{ return(us.total) }}
{% endmacro %}
