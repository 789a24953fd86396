{#- The aggregations of feature definitions. What each takes besides events, conversion,
    criteria and period (`keys`); what is made of its property (`value`: a `number`, one that is
    `summable`, or the property `as_it_is`); and how a test of leaks compares two of its values
    (`compared_as`: a `count` and a `flag` may not say more than there was, a `number` may
    differ by rounding, a `text` not at all).

    running_frames_output() and running_totals_output() write the SQL of each. -#}
{% macro aggregations() %}
    {{ return({
        "counter": {"keys": [], "compared_as": "count"},
        "any": {"keys": [], "compared_as": "flag"},
        "sum": {"keys": ["property"], "value": "summable", "compared_as": "number"},
        "mean": {"keys": ["property"], "value": "summable", "compared_as": "number"},
        "min": {"keys": ["property"], "value": "number", "compared_as": "number"},
        "max": {"keys": ["property"], "value": "number", "compared_as": "number"},
        "unique_count": {"keys": ["property"], "value": "as_it_is", "compared_as": "count"},
        "first": {"keys": ["property"], "value": "as_it_is", "compared_as": "text"},
        "last": {
            "keys": ["property", "includes_own_event"], "value": "as_it_is",
            "compared_as": "text",
        },
        "most_frequent": {
            "keys": ["property", "values"], "value": "as_it_is", "compared_as": "text",
        },
        "time_since_first": {"keys": ["unit"], "compared_as": "number"},
        "time_since_last": {"keys": ["unit"], "compared_as": "number"},
    }) }}
{% endmacro %}
