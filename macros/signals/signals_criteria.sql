{#- Criteria of an attribute: those of the definition, and the vars that say which events count.
    none: there are none. -#}
{% macro signals_criteria(definition, counted, reasons) %}
    {% set all = [] %}
    {% set any = [] %}
    {% set given = counted.criteria or {} %}
    {% set is_alone = (given.get("any") or []) | length == 1 %}
    {% for quantifier in ["all", "any"] %}
        {% for criterion in given.get(quantifier) or [] %}
            {% set must = quantifier == "all" or is_alone %}
            {% do (all if must else any).extend(signals_criterion(criterion, must, reasons)) %}
        {% endfor %}
    {% endfor %}
    {% if definition.aggregation == "most_frequent" %}
        {% set chosen = {"property": definition.property, "operator": "in", "value": definition["values"]} %}
        {% do all.extend(signals_criterion(chosen, true, reasons)) %}
        {% if definition["values"] | unique(true) | list | length > signals_most_values() %}
            {% do reasons.append(
                "Signals follows " ~ signals_most_values() ~ " values, and it chooses from more."
            ) %}
        {% endif %}
    {% endif %}
    {% if var("app_ids") %}
        {% do all.extend(signals_criterion(
            {"property": "app_id", "operator": "in", "value": var("app_ids")}, true, reasons
        )) %}
    {% endif %}
    {% for name in var("excluded_events") if not counted.events %}
        {% do all.extend(signals_criterion(
            {"property": "event_name", "operator": "!=", "value": name}, false, reasons
        )) %}
    {% endfor %}
    {% set criteria = {} %}
    {% if all %} {% do criteria.update({"all": all}) %} {% endif %}
    {% if any %} {% do criteria.update({"any": any}) %} {% endif %}
    {{ return(criteria or none) }}
{% endmacro %}

{#- One criterion as a list: a comparison with a null is never true here, so that != is said
    with `is not null` where all of the list `must` hold. -#}
{% macro signals_criterion(criterion, must, reasons) %}
    {% set operator = criterion.operator | string | lower %}
    {% set column = property_column(criterion.property, "criteria") %}
    {% if operator in ["is null", "is not null"] %}
        {{ return([{"property": signals_property(column, reasons), "operator": operator}]) }}
    {% endif %}
    {% set value = criterion.value %}
    {% set values = value if operator == "in" else [value] %}
    {% set kind = property_kind(column) %}
    {% if column == "has_media_player" %}
        {% set is_there = (operator == "=") == value %}
        {% set property = signals_entity_property("media_player", "currentTime", reasons) %}
        {{ return([{
            "property": property, "operator": "is not null" if is_there else "is null",
        }]) }}
    {% elif kind == "timestamp" %}
        {% do reasons.append(
            "It compares the moment " ~ column ~ ", and Signals does not say how it reads moments."
        ) %}
    {% elif operator in ["<", ">", "<=", ">="] and value is string %}
        {% do reasons.append(
            "It asks which text of " ~ column ~ " comes first, and Signals orders numbers only."
        ) %}
    {% endif %}
    {% set property = signals_property(column, reasons) %}
    {% set numbers = values | select("number") | reject("boolean") | list %}
    {% if kind == "text" or (kind == "field"
        and numbers | length < values | length
        and values | select("boolean") | list | length < values | length) %}
        {% set values = values_as_texts(values) %}
    {% endif %}
    {% set as_list = operator == "in" and values | length > 1 %}
    {% set out = [{
        "property": property,
        "operator": "=" if operator == "in" and not as_list else operator,
        "value": values if as_list else values[0],
    }] %}
    {% if operator == "!=" and must %}
        {% do out.append({"property": property, "operator": "is not null"}) %}
    {% endif %}
    {{ return(out) }}
{% endmacro %}
