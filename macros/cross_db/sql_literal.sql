{#- A value from YAML (text, number, true / false) as a literal. -#}
{% macro sql_literal(value) %}
    {% if value is boolean %} {{ return(value | string | lower) }} {% endif %}
    {% if value is number %} {{ return(value | string) }} {% endif %}
    {{ return(adapter.dispatch("text_literal", "cdp")(value | string)) }}
{% endmacro %}

{% macro default__text_literal(value) %} {{ not_written("text_literal") }} {% endmacro %}

{% macro duckdb__text_literal(value) %}
    {{ return("'" ~ value | replace("'", "''") ~ "'") }}
{% endmacro %}

{#- These two read a backslash in a literal as an escape. -#}
{% macro snowflake__text_literal(value) %}
    {{ return("'" ~ value | replace("\\", "\\\\") | replace("'", "''") ~ "'") }}
{% endmacro %}

{% macro spark__text_literal(value) %}
    {{ return("'" ~ value | replace("\\", "\\\\") | replace("'", "\\'") ~ "'") }}
{% endmacro %}
