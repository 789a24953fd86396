{#- How a feature is computed while visitors browse: {"definition": mapping, "reason": none}, or
    {"definition": none, "reason": why it is not}.

    A definition is {"moment": ...}, which the reader computes itself, or {"attribute": ...,
    "read_as": ...}: an attribute of Snowplow Signals but for its name, and how a reader makes
    the feature's value of it. `includes_own_event` says that the visitor's newest event alone
    decides the value, so that no history is needed. -#}
{% macro online_definition(definition) %}
    {% if "first_visit" in definition %}
        {{ return({"definition": none, "reason": "It is of a person's first visit, which live does not read."}) }}
    {% elif not definition.get("online", true) %}
        {{ return({"definition": none, "reason": "Its definition says online: false."}) }}
    {% elif "moment" in definition %}
        {{ return({"definition": {"moment": definition.moment}, "reason": none}) }}
    {% elif definition.aggregation not in signals_aggregations() %}
        {{ return({"definition": none, "reason": "signals_aggregations() does not say what "
            ~ definition.aggregation ~ " is in Signals."}) }}
    {% endif %}
    {% set reasons = [] %}
    {% set attribute = signals_attribute(definition, reasons) %}
    {% if reasons %} {{ return({"definition": none, "reason": reasons | first}) }} {% endif %}
    {% set read_as = signals_aggregations()[definition.aggregation].read_as %}
    {% set out = {"attribute": attribute, "read_as": read_as} %}
    {% if definition.get("includes_own_event") %} {% do out.update({"includes_own_event": true}) %} {% endif %}
    {{ return({"definition": out, "reason": none}) }}
{% endmacro %}

{#- The attribute; what it cannot say is added to `reasons`. -#}
{% macro signals_attribute(definition, reasons) %}
    {% set aggregation = signals_aggregations()[definition.aggregation] %}
    {% set counted = signals_events_counted(definition, reasons) %}
    {% set attribute = {
        "aggregation": aggregation.aggregation,
        "type": aggregation.type,
        "default_value": aggregation.default_value,
        "events": [],
    } %}
    {% for name in counted.events %}
        {% if not modules.re.fullmatch("[a-zA-Z0-9_-]{1,128}", name) %}
            {% do reasons.append("Signals takes no event of the name " ~ name ~ ".") %}
        {% endif %}
        {% do attribute.events.append({"name": name}) %}
    {% endfor %}
    {% set criteria = signals_criteria(definition, counted, reasons) %}
    {% if criteria %} {% do attribute.update({"criteria": criteria}) %} {% endif %}
    {% if "property" in definition %}
        {% do attribute.update({"property": signals_value(definition, reasons)}) %}
    {% endif %}
    {% if "unit" in definition %}
        {% do attribute.update({"time_unit": signals_time_units()[definition.unit]}) %}
    {% endif %}
    {% if "period" in definition %}
        {% do attribute.update({"period": signals_duration(definition.period)}) %}
    {% else %}
        {% do attribute.update({"ttl": signals_duration(signals_lifetime())}) %}
    {% endif %}
    {{ return(attribute) }}
{% endmacro %}

{#- {events, criteria} of the events that a feature counts, without `excluded_events`: its own,
    or those of the conversions that it counts. -#}
{% macro signals_events_counted(definition, reasons) %}
    {% set counted = {"events": definition.get("events", []), "criteria": definition.get("criteria")} %}
    {% if "conversion" in definition %}
        {% do counted.update(signals_conversions_counted(definition, reasons)) %}
    {% endif %}
    {% set events = counted.events | map("string") | unique(true) | sort | list %}
    {% set left = events | reject("in", var("excluded_events")) | list %}
    {% if events and not left %}
        {% do reasons.append("All of its events are in var excluded_events.") %}
    {% endif %}
    {{ return({"events": left, "criteria": counted.criteria}) }}
{% endmacro %}

{#- The same of conversions. As in the warehouse, those of tables and of engaged time count in
    no feature. -#}
{% macro signals_conversions_counted(definition, reasons) %}
    {% set found = [] %}
    {% for conversion in conversions()
        if conversion.source == "events" and definition.conversion in ["any", conversion.name] %}
        {% do found.append(conversion) %}
    {% endfor %}
    {% set later = found | selectattr("min_count", "gt", 1) | map(attribute="name") | list %}
    {% if not found %}
        {% do reasons.append(
            "No conversion that it counts is met by single events: Signals sees no tables and no"
            ~ " engaged time."
        ) %}
    {% elif later and definition.aggregation == "any" %}
        {% do reasons.append(
            "The conversion " ~ later[0] ~ " has a min_count, and Signals only tells whether"
            ~ " there was one such event."
        ) %}
    {% elif found | length == 1 %}
        {{ return({"events": found[0].events, "criteria": found[0].criteria}) }}
    {% elif found | selectattr("criteria") | list %}
        {% do reasons.append(
            "It counts several conversions with criteria, and Signals cannot say: these or those."
        ) %}
    {% endif %}
    {{ return({"events": found | map(attribute="events") | sum(start=[]), "criteria": none}) }}
{% endmacro %}
