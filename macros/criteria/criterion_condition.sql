{#- SQL of one criterion of event_condition(). Its value has to be of the property's kind. A
    text compared with a number would be false for every event, or stop the build with an error
    of the warehouse. -#}
{% macro criterion_condition(criterion, prefix, what, columns=none) %}
    {% set keys = criterion.keys() | sort | list if criterion is mapping else [] %}
    {% set operator = criterion.operator | string | lower if "operator" in keys else "" %}
    {% set asks_for_null = operator in ["is null", "is not null"] %}
    {% if keys != (["operator", "property"] if asks_for_null
        else ["operator", "property", "value"]) %}
        {{ definition_error(what, "criteria", criterion,
            "{property, operator, value}, without a value if the operator is `is null` or"
            ~ " `is not null`") }}
    {% elif asks_for_null %}
        {% set name = property_column(criterion.property, what, columns) %}
        {% set kind = none if columns is none else columns[criterion.property | string | lower].kind %}
        {{ return(
            (finite_number(prefix ~ name) if kind == "float" else prefix ~ name) ~ " " ~ operator
        ) }}
    {% endif %}
    {% set value = criterion.value %}
    {% set is_list = value is sequence and value is not string and value is not mapping %}
    {% do check_operator(operator, value, is_list, what) %}
    {% set name = property_column(criterion.property, what, columns) %}
    {% set kind = property_kind(name) if columns is none
        else columns[criterion.property | string | lower].kind %}
    {% set values = value if is_list else [value] %}
    {% do check_criterion_values(criterion.property, kind, operator, values, what) %}
    {% set numbers = values | select("number") | reject("boolean") | list %}
    {% set all_numbers = numbers | length == values | length %}
    {% set column = prefix ~ name %}
    {% if kind == "float" %}
        {% set column = finite_number(column) %}
    {% elif kind == "field" and all_numbers %}
        {% set column = text_number(column) %}
    {% elif kind == "field" and values | select("boolean") | list | length == values | length %}
        {% set column = "lower(" ~ column ~ ")" %}
    {% endif %}
    {% if kind in ["text", "timestamp"] or (kind == "field" and not all_numbers) %}
        {% set values = values_as_texts(values) %}
    {% endif %}
    {% if operator == "in" %} {{ return(column ~ " " ~ condition_list(values)) }} {% endif %}
    {{ return(
        column ~ " " ~ ("<>" if operator == "!=" else operator) ~ " " ~ sql_literal(values[0])
    ) }}
{% endmacro %}

{% macro check_operator(operator, value, is_list, what) %}
    {% set operators = ["=", "!=", "<", ">", "<=", ">=", "like", "in"] %}
    {% if operator not in operators %}
        {{ definition_error(
            what, "operator", operator, operators | join(" ") ~ ", is null, is not null"
        ) }}
    {% elif operator == "in" and (not is_list or not value) %}
        {{ definition_error(what, "value", value, "a list of values, for the operator in") }}
    {% elif operator != "in" and (is_list or value is mapping or value is none) %}
        {{ definition_error(what, "value", value, "one text, number, true or false") }}
    {% elif operator == "like" and (value is not string or "\\" in value) %}
        {{ definition_error(what, "value", value,
            "for like, text with the wildcards % and _ and no backslash") }}
    {% endif %}
{% endmacro %}

{#- kind        is compared with
    number      numbers; `float` is a number of a table that may hold NaN
    boolean     true or false
    timestamp   moments such as 2026-07-01 or 2026-07-01 12:00:00
    text        texts; a number is one, but has no place in the order of texts
    field       texts, or numbers where the field's text is read as one -#}
{% macro check_criterion_values(property, kind, operator, values, what) %}
    {% set told = values[0] if values | length == 1 else values %}
    {% set numbers = values | select("number") | reject("boolean") | list %}
    {% set ordered = operator in ["<", ">", "<=", ">="] %}
    {% set accepted = namespace(told=none) %}
    {% if numbers | map("string") | map("lower") | select("in", ["nan", "inf", "-inf"]) | list %}
        {% set accepted.told = "a finite number" %}
    {% elif kind in ["number", "float"] %}
        {% if operator == "like" or numbers | length < values | length %}
            {% set accepted.told = "a number, and no like" %}
        {% endif %}
    {% elif kind == "boolean" %}
        {% if operator not in ["=", "!="] or values | reject("boolean") | list %}
            {% set accepted.told = "true or false, with = or !=" %}
        {% endif %}
    {% elif kind == "timestamp" %}
        {% if operator == "like" or not are_moments(values) %}
            {% set accepted.told = "a moment such as 2026-07-01 12:00:00, and no like" %}
        {% endif %}
    {% elif kind == "text" and ordered and values[0] is number %}
        {% set accepted.told = "a text, in quotes: it is a text, which has no place among numbers" %}
    {% elif kind == "field" and ordered and (values[0] is boolean or is_number_text(values[0])) %}
        {% set accepted.told = "a number without quotes, or a text that is no number" %}
    {% endif %}
    {% if accepted.told %}
        {{ definition_error(
            what, "value", told, accepted.told ~ " (the property is " ~ property ~ ")"
        ) }}
    {% endif %}
{% endmacro %}

{% macro values_as_texts(values) %}
    {% set texts = [] %}
    {% for value in values %}
        {% do texts.append(value | string | lower if value is boolean else value | string) %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}

{% macro are_moments(values) %}
    {% set moment = "\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?)?" %}
    {% set others = [] %}
    {% for value in values if not modules.re.fullmatch(moment, value | string) %}
        {% do others.append(value) %}
    {% endfor %}
    {{ return(not others) }}
{% endmacro %}

{% macro is_number_text(value) %}
    {{ return(value is string and modules.re.match(number_pattern(), value | trim | lower) is not none) }}
{% endmacro %}
