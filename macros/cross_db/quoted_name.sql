{#- A name that people give - of a role, a schema - as one identifier that can be nothing
    else. Snowflake: a plain name stays as it is, which dbt does too; others are quoted. -#}
{% macro quoted_name(name) %}
    {{ return(adapter.dispatch("quoted_name", "cdp")(name | string)) }}
{% endmacro %}

{% macro default__quoted_name(name) %} {{ not_written("quoted_name") }} {% endmacro %}

{% macro snowflake__quoted_name(name) %}
    {% if modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_$]*', name) %} {{ return(name) }} {% endif %}
    {{ return('"' ~ name | replace('"', '""') ~ '"') }}
{% endmacro %}

{% macro spark__quoted_name(name) %}
    {{ return("`" ~ name | replace("`", "``") ~ "`") }}
{% endmacro %}

{#- database.schema, or database.schema.table, of its parts. -#}
{% macro quoted_path(parts) %}
    {% set names = [] %}
    {% for part in parts %} {% do names.append(quoted_name(part)) %} {% endfor %}
    {{ return(names | join(".")) }}
{% endmacro %}
