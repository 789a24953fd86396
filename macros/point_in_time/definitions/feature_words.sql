{#- Features of the same behaviour differ in their period only: a hash of the rest. -#}
{% macro feature_behaviour(definition) %}
    {% set rest = {} %}
    {% for key, value in without_online(definition).items() if key != "period" %}
        {% do rest.update({key: value}) %}
    {% endfor %}
    {{ return(local_md5(tojson(rest, sort_keys=true))) }}
{% endmacro %}

{#- P7D -> in the last 7 days. -#}
{% macro period_label(period) %}
    {% set seconds = iso_duration_us(period) // 1000000 %}
    {% for unit, length in [("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)] %}
        {% if seconds % length == 0 %}
            {% set number = seconds // length %}
            {{ return("in the last " ~ (unit if number == 1 else number ~ " " ~ unit ~ "s")) }}
        {% endif %}
    {% endfor %}
{% endmacro %}
