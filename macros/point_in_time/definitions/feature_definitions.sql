{#- Checks definitions and spells them out for the SQL: a list of {name, aggregation,
    condition, value, period, ...}, `condition` and `value` as SQL over an event, `period`
    in microseconds or none for a lifetime. -#}
{% macro feature_definitions(definitions) %}
    {% set features = [] %}
    {% for name, definition in definitions.items() %}
        {% do features.append(feature_definition(name, definition)) %}
    {% endfor %}
    {{ return(features) }}
{% endmacro %}

{% macro feature_definition(name, definition) %}
    {% set what = "feature " ~ name %}
    {% set known = aggregations() %}
    {% set moments = ["day_of_week", "hour_of_day"] %}
    {% if definition is not mapping %}
        {{ definition_error(what, "feature", definition, "a mapping with `aggregation`") }}
    {% elif definition.get("online", true) is not boolean %}
        {{ definition_error(what, "online", definition.online, "true, false") }}
    {% elif "moment" in definition %}
        {% if definition.moment not in moments or without_online(definition) | length > 1 %}
            {{ definition_error(what, "moment", definition, moments | join(", ") ~ ", alone") }}
        {% endif %}
        {{ return({"name": name, "aggregation": definition.moment}) }}
    {% elif definition.get("aggregation") not in known %}
        {{ definition_error(
            what, "aggregation", definition.get("aggregation"), known | join(", ")
        ) }}
    {% endif %}
    {% set own_keys = known[definition.aggregation]["keys"] %}
    {% set keys = ["aggregation", "events", "conversion", "criteria", "period", "online"]
        + own_keys %}
    {% for key in definition if key not in keys %}
        {{ definition_error(
            what, key, definition[key],
            "with " ~ definition.aggregation ~ ", only the keys " ~ keys | join(", ")
        ) }}
    {% endfor %}
    {% for key in own_keys if key != "includes_own_event" and key not in definition %}
        {{ definition_error(
            what, key, none, key ~ ", which " ~ definition.aggregation ~ " needs"
        ) }}
    {% endfor %}
    {% if definition.get("includes_own_event", false) is not boolean %}
        {{ definition_error(
            what, "includes_own_event", definition.includes_own_event, "true, false"
        ) }}
    {% endif %}
    {% set values = definition.get("values", []) %}
    {% if "values" in definition and (not is_text_list(values) or not values) %}
        {{ definition_error(what, "values", values, "a list of the texts to choose from") }}
    {% endif %}
    {{ return({
        "name": name,
        "aggregation": definition.aggregation,
        "conditions": feature_conditions(definition, what),
        "value": feature_value(definition, what),
        "period": iso_duration_us(definition.period, what ~ ", period")
            if "period" in definition else none,
        "own": definition.get("includes_own_event", false),
        "choices": values | sort | unique | list,
        "unit_us": time_unit_us(definition.unit, what) if "unit" in own_keys else none,
    }) }}
{% endmacro %}

{#- SQL over an event: what is aggregated; none: the events themselves. -#}
{% macro feature_value(definition, what) %}
    {% set value = aggregations()[definition.aggregation].value %}
    {% if value == "summable" %}
        {{ return(summable_number(property_number(definition.property, what))) }}
    {% elif value == "number" %}
        {{ return(property_number(definition.property, what)) }}
    {% elif value == "as_it_is" %}
        {{ return(property_column(definition.property, what)) }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{#- [{condition, min_count}]: one, or with `conversion: any` one per configured conversion. -#}
{% macro feature_conditions(definition, what) %}
    {% if "events" in definition and not definition.events %}
        {{ definition_error(
            what, "events", definition.events, "a list of event names; absent: all events"
        ) }}
    {% endif %}
    {% set own = event_condition(definition.events, definition.criteria, what=what) %}
    {% if "conversion" not in definition %}
        {{ return([{"condition": own, "min_count": 1}]) }}
    {% endif %}
    {% set names = conversions() | map(attribute="name") | list %}
    {% if definition.conversion != "any" and definition.conversion not in names %}
        {{ definition_error(
            what, "conversion", definition.conversion, "any, " ~ names | join(", ")
        ) }}
    {% elif own != "true" %}
        {{ definition_error(
            what, "conversion", definition.conversion, "no `events` or `criteria` beside it"
        ) }}
    {% endif %}
    {% set conditions = [] %}
    {% for conversion in conversions()
        if conversion.source not in ["page_views", "table"]
        and definition.conversion in ["any", conversion.name] %}
        {% do conditions.append({
            "condition": conversion_condition(conversion), "min_count": conversion.min_count,
        }) %}
    {% endfor %}
    {#- features are made of events: no other conversion is in them -#}
    {% if not conditions and definition.conversion != "any" %}
        {{ definition_error(
            what, "conversion", definition.conversion, "any, or a conversion whose criteria are"
            ~ " met by single events: not one of a table or of engaged_time_in_s"
        ) }}
    {% elif not conditions %}
        {{ return([{"condition": "false", "min_count": 1}]) }}
    {% endif %}
    {% set single = conditions | rejectattr("min_count", "gt", 1) | list %}
    {% if definition.aggregation == "any" and single | length < conditions | length %}
        {{ return(conditions) }}
    {% endif %}
    {% set joint = conditions | map(attribute="condition") | join(" or ") %}
    {{ return([{
        "condition": joint if conditions | length == 1 else "(" ~ joint ~ ")", "min_count": 1,
    }]) }}
{% endmacro %}

{% macro time_unit_us(unit, what) %}
    {% set units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400} %}
    {% if unit not in units %}
        {{ definition_error(what, "unit", unit, units | join(", ")) }}
    {% endif %}
    {{ return(units[unit] * 1000000) }}
{% endmacro %}
