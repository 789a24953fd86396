{#- Var `value`, checked, defaults filled in: {events, criteria, property, horizon}; none
    where it is not set. -#}
{% macro value_settings() %}
    {% set given = var("value") %}
    {% if not given %} {{ return(none) }} {% endif %}
    {% set accepted = ["events", "criteria", "property", "horizon"] %}
    {% if given is not mapping %}
        {{ definition_error("var value", "value", given, "null, or {events, property, horizon}") }}
    {% endif %}
    {% for key in given if key not in accepted %}
        {{ definition_error("var value", key, given[key], "the keys " ~ accepted | join(", ")) }}
    {% endfor %}
    {% if not is_text_list(given.get("events", [])) or not (given.get("events") or given.get("criteria")) %}
        {{ definition_error(
            "var value", "events", given.get("events"),
            "a list of the events that are orders, e.g. [transaction], or criteria"
        ) }}
    {% endif %}
    {{ return({
        "events": given.get("events", []),
        "criteria": given.get("criteria"),
        "property": given.get("property", "tr_total"),
        "horizon": given.get("horizon", "P30D"),
    }) }}
{% endmacro %}

{#- SQL over an event: is it an order? -#}
{% macro is_order() %}
    {% set value = value_settings() %}
    {{ return(event_condition(value.events, value.criteria, what="var value")) }}
{% endmacro %}

{#- SQL over an event: its amount, in whole millionths, since sums of those are exact; null
    where that is no number, or beyond what can be added up. -#}
{% macro order_amount() %}
    {{ return(millionths(summable_number(property_number(value_settings().property, "var value")))) }}
{% endmacro %}
