{#- SQL that is true for the events a definition speaks of: those named in `events` (none:
    any) that meet `criteria`, {all: [...]} and / or {any: [...]} of {property, operator,
    value}. A comparison with a null is never true. `what` names the definition in errors.
    `columns` maps the properties of a relation other than the events to their columns. -#}
{% macro event_condition(
    events=none, criteria=none, alias=none, what="criteria", columns=none
) %}
    {% set prefix = alias ~ "." if alias else "" %}
    {% set parts = [] %}
    {% if events %}
        {% if not is_text_list(events) %}
            {{ definition_error(what, "events", events, "a list of event names") }}
        {% endif %}
        {% set names = events | map("string") | unique | sort | list %}
        {% do parts.append(prefix ~ "event_name " ~ condition_list(names)) %}
    {% endif %}
    {% if criteria %}
        {% if criteria is not mapping or criteria.keys() | reject("in", ["all", "any"]) | list %}
            {{ definition_error(what, "criteria", criteria, "{all: [...]} or {any: [...]}") }}
        {% endif %}
        {% for quantifier, joint in [("all", " and "), ("any", " or ")] %}
            {% set comparisons = [] %}
            {% for criterion in criteria[quantifier] or [] %}
                {% do comparisons.append(criterion_condition(criterion, prefix, what, columns)) %}
            {% endfor %}
            {% if comparisons | length == 1 %}
                {% do parts.append(comparisons[0]) %}
            {% elif comparisons %}
                {% do parts.append("(" ~ comparisons | join(joint) ~ ")") %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(parts | join(" and ") or "true") }}
{% endmacro %}

{% macro criterion_condition(criterion, prefix, what, columns=none) %}
    {% set operators = ["=", "!=", "<", ">", "<=", ">=", "like", "in"] %}
    {% if criterion is not mapping
        or criterion.keys() | sort | list != ["operator", "property", "value"] %}
        {{ definition_error(what, "criteria", criterion, "{property, operator, value}") }}
    {% endif %}
    {% set operator = criterion.operator | string | lower %}
    {% set value = criterion.value %}
    {% set is_list = value is sequence and value is not string and value is not mapping %}
    {% if operator not in operators %}
        {{ definition_error(what, "operator", criterion.operator, operators | join(" ")) }}
    {% elif operator == "in" and (not is_list or not value) %}
        {{ definition_error(what, "value", value, "a list of values, for the operator in") }}
    {% elif operator != "in" and (is_list or value is mapping or value is none) %}
        {{ definition_error(what, "value", value, "one text, number, true or false") }}
    {% elif operator == "like" and (value is not string or "\\" in value) %}
        {{ definition_error(what, "value", value,
            "for like, text with the wildcards % and _ and no backslash") }}
    {% endif %}
    {% set name = property_column(criterion.property, what, columns) %}
    {% set kind = property_kind(name) if columns is none %}
    {% set values = comparable_values(kind, operator, value if is_list else [value], what) %}
    {% set column = prefix ~ name %}
    {% if kind == "field" and values[0] is number %}
        {% set column = "try_cast(" ~ column ~ " as double)" %}
    {% endif %}
    {% if operator == "in" %} {{ return(column ~ " " ~ condition_list(values)) }} {% endif %}
    {{ return(
        column ~ " " ~ ("<>" if operator == "!=" else operator) ~ " " ~ sql_literal(values[0])
    ) }}
{% endmacro %}

{#- The values of a criterion as what the property is: numbers that are compared with a text
    are texts, and with a field numbers, where all of them are. -#}
{% macro comparable_values(kind, operator, values, what) %}
    {% set numbers = [] %}
    {% for value in values if value is number and value is not boolean %}
        {% do numbers.append(value) %}
    {% endfor %}
    {% set all_numbers = numbers | length == values | length %}
    {% if kind == "number" and (operator == "like" or not all_numbers) %}
        {{ definition_error(what, "value", values | join(", "), "a number, and no like") }}
    {% elif kind == "boolean" and (
        operator not in ["=", "!="] or values | reject("boolean") | list
    ) %}
        {{ definition_error(what, "value", values | join(", "), "true or false, with = or !=") }}
    {% endif %}
    {% if kind not in ["text", "field"] or (kind == "field" and all_numbers) %}
        {{ return(values) }}
    {% endif %}
    {% set texts = [] %}
    {% for value in values %}
        {% do texts.append(value | string | lower if value is boolean else value | string) %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}

{% macro condition_list(values) %}
    {% set literals = [] %}
    {% for value in values %} {% do literals.append(sql_literal(value)) %} {% endfor %}
    {{ return(
        "= " ~ literals[0] if literals | length == 1 else "in (" ~ literals | join(", ") ~ ")"
    ) }}
{% endmacro %}

{% macro definition_error(what, key, value, accepted) %}
    {{ exceptions.raise_compiler_error(
        what ~ ": `" ~ key ~ "` is " ~ (value | tojson if value is not undefined else "missing")
        ~ "; accepted: " ~ accepted ~ "."
    ) }}
{% endmacro %}
