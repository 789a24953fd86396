{% macro require_numeric_property(property, what) %}
    {% set type = event_columns().get(property, {}).get("type") %}
    {% if type == "text" or type == "timestamp" %}
        {{ definition_error(what, "property", property, "a property that is a number, e.g. tr_total") }}
    {% endif %}
    {% do property_number(property, what) %}
{% endmacro %}

{% macro require_var(name, holds, accepted) %}
    {% if not holds %}
        {{ exceptions.raise_compiler_error(
            "var " ~ name ~ ": " ~ var(name) | tojson ~ " is not accepted; it takes " ~ accepted ~ "."
        ) }}
    {% endif %}
{% endmacro %}

{% macro is_text_list(value) %}
    {{ return(
        value is sequence and value is not string and value is not mapping
        and value | reject("string") | list | length == 0
    ) }}
{% endmacro %}
