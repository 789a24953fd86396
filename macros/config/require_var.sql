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
