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

{#- A feature table is built anew if its rows were made by other definitions, which the column
    `definitions_hash` remembers, or from nobody knows which events: dbt asks this macro. -#}
{% macro should_full_refresh() %}
    {% set asked = config.get("full_refresh") %}
    {% if asked is none %} {% set asked = flags.FULL_REFRESH %} {% endif %}
    {{ return(asked or definitions_changed() or history_is_unknown()) }}
{% endmacro %}

{% macro definitions_changed() %}
    {% if not execute or not model.columns or "definitions_hash" not in model.columns %}
        {{ return(false) }}
    {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(false) }} {% endif %}
    {% set names = adapter.get_columns_in_relation(built) | map(attribute="name") | map("lower") %}
    {% if "definitions_hash" not in names %} {{ return(true) }} {% endif %}
    {% set others %}
        select count(*) as num_rows from {{ built }}
        where definitions_hash <> '{{ features_hash() }}'
    {% endset %}
    {{ return(run_query(others).rows[0][0] > 0) }}
{% endmacro %}

{% macro history_is_unknown() %}
    {{ return(
        execute and config.get("materialized") == "incremental"
        and "definitions_hash" in model.columns
        and load_relation(this) is not none and unknown_history() is not none
    ) }}
{% endmacro %}
