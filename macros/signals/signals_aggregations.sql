{#- What each aggregation of feature definitions is in Signals: the attribute's aggregation,
    type, value if there is nothing to count, and how a reader makes the feature's value of it
    (`read_as`, explained in dbt_project/docs/signals.md).

    Signals gives an attribute without a default one of its own choice, which for a number may
    be 0. Where a feature is null then, the default is a number that is never a value. -#}
{% macro signals_aggregations() %}
    {% set no_number = {"type": "double", "default_value": -1e300, "read_as": "null_if_default"} %}
    {% set no_time = {"type": "float", "default_value": -1.0, "read_as": "null_if_default"} %}
    {% set text = {"type": "string", "default_value": "", "read_as": "empty_text_if_null"} %}
    {% set count = {"type": "int64", "default_value": 0, "read_as": "value"} %}
    {{ return({
        "counter": dict(count, aggregation="counter"),
        "any": dict(count, aggregation="counter", read_as="is_positive"),
        "sum": {
            "aggregation": "sum", "type": "double", "default_value": 0.0, "read_as": "value",
        },
        "mean": dict(no_number, aggregation="mean"),
        "min": dict(no_number, aggregation="min"),
        "max": dict(no_number, aggregation="max"),
        "unique_count": dict(count, aggregation="approx_count_distinct"),
        "first": dict(text, aggregation="first"),
        "last": dict(text, aggregation="last"),
        "most_frequent": dict(text, aggregation="most_frequent"),
        "time_since_first": dict(no_time, aggregation="time_since_first"),
        "time_since_last": dict(no_time, aggregation="time_since_last"),
    }) }}
{% endmacro %}

{#- How many different values most_frequent follows. -#}
{% macro signals_most_values() %} {{ return(100) }} {% endmacro %}

{% macro signals_time_units() %}
    {{ return({"seconds": "s", "minutes": "min", "hours": "h", "days": "d"}) }}
{% endmacro %}

{#- How long Signals keeps the value of a feature without a period after the last event that
    changed it. Unless something is said, it is 7 days. -#}
{% macro signals_lifetime() %} {{ return("P365D") }} {% endmacro %}

{#- An ISO 8601 duration as Signals' own client writes it: PT36H -> P1DT12H, P400D -> P1Y35D,
    a year of 365 days. -#}
{% macro signals_duration(duration) %}
    {% set left = namespace(s=iso_duration_us(duration) // 1000000) %}
    {% set text = namespace(date="P", time="") %}
    {% for unit, seconds in [
        ("Y", 31536000), ("D", 86400), ("H", 3600), ("M", 60), ("S", 1),
    ] %}
        {% set number = left.s // seconds %}
        {% set left.s = left.s % seconds %}
        {% if number and seconds >= 86400 %} {% set text.date = text.date ~ number ~ unit %}
        {% elif number %} {% set text.time = text.time ~ number ~ unit %}
        {% endif %}
    {% endfor %}
    {{ return(text.date ~ ("T" ~ text.time if text.time else "")) }}
{% endmacro %}
