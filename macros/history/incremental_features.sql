{#- The as_of (microseconds) of a table that is there; none: it is not, as in a unit test. -#}
{% macro newest_us(relation) %}
    {% if not execute or not relation.schema or load_relation(relation) is none %}
        {{ return(none) }}
    {% endif %}
    {% set us = run_query(
        "select max(" ~ epoch_us("as_of_tstamp") ~ ") as us from " ~ relation
    ).rows[0][0] %}
    {{ return(us if us is none else us | int) }}
{% endmacro %}

{#- SQL: events of this moment and later; none: all. -#}
{% macro events_since(since_us) %}
    {{ return(
        "event_tstamp >= " ~ timestamp_us(since_us) if since_us is not none else none
    ) }}
{% endmacro %}

{#- From when on events are read to compute features at `from_us` and later; none: from
    the beginning. What includes the moment's own event looks as far as a subject is seen. -#}
{% macro history_from_us(definitions, from_us) %}
    {% if from_us is none %} {{ return(none) }} {% endif %}
    {% set periods = [iso_duration_us(var("lookback"))] %}
    {% for feature in feature_definitions(definitions) if feature.conditions %}
        {% if feature.period is not none %}
            {% do periods.append(feature.period) %}
        {% elif not (feature.own and feature.conditions[0].condition == "true") %}
            {{ return(none) }}
        {% endif %}
    {% endfor %}
    {{ return(from_us - periods | max) }}
{% endmacro %}
