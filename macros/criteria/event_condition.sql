{#- SQL that is true for the events a definition speaks of: those named in `events` (none:
    any) that meet `criteria`, {all: [...]} and / or {any: [...]} of {property, operator,
    value}. A comparison with a null is never true. `what` names the definition in errors.
    `columns` maps the properties of a relation other than the events to {name, kind}, its
    column and a kind as of property_kind(). -#}
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

{#- The properties that criteria name; what is no criterion is reported where it is used. -#}
{% macro properties_of(criteria) %}
    {% set names = [] %}
    {% for quantifier in ["all", "any"] if criteria is mapping %}
        {% for criterion in criteria.get(quantifier) or [] if criterion is mapping %}
            {% do names.append(criterion.get("property")) %}
        {% endfor %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
