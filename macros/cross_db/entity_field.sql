{#- Text of one field of the first entity in an entity column, or null. Entities arrive as
    JSON text, as VARIANT, or as an array of struct; fields are spelled camelCase in JSON
    and snake_case in structs. `column` is {name, type} or none where it is absent. -#}
{% macro entity_field(column, field) %}
    {% if column is none %}
        {{ return("cast(null as " ~ dbt.type_string() ~ ")") }}
    {% endif %}
    {{ return(adapter.dispatch("entity_field", "cdp")(column, field)) }}
{% endmacro %}

{% macro default__entity_field(column, field) %}
    {{ exceptions.raise_compiler_error("entity_field is not written for " ~ target.type) }}
{% endmacro %}

{% macro duckdb__entity_field(column, field) %}
    {% set name = column.name %}
    {% if column.type.startswith("struct(") or column.type.startswith("map(") %}
        {% set first = name if not column.type.endswith("[]") else name ~ "[1]" %}
        {% for spelling in [snake_case(field), field] %}
            {% if (spelling | lower) ~ " " in column.type or '"' ~ (spelling | lower) ~ '"' in column.type %}
                {{ return("nullif(cast(" ~ first ~ "." ~ spelling ~ " as varchar), '')") }}
            {% endif %}
        {% endfor %}
        {{ return("cast(null as varchar)") }}
    {% endif %}
    {% set json = name if column.type == "json" else
        "case when json_valid(" ~ name ~ ") then " ~ name ~ " end" %}
    {% set paths = [] %}
    {% for spelling in [field, snake_case(field)] | unique %}
        {% for start in ["$[0]", "$"] %}
            {% do paths.append("json_extract_string(" ~ json ~ ", '" ~ start ~ "." ~ spelling ~ "')") %}
        {% endfor %}
    {% endfor %}
    {{ return("nullif(coalesce(" ~ paths | join(", ") ~ "), '')") }}
{% endmacro %}

{% macro snowflake__entity_field(column, field) %}
    {{ return(
        "nullif(coalesce(" ~ column.name ~ "[0]:" ~ field ~ "::varchar, "
        ~ column.name ~ "[0]:" ~ snake_case(field) ~ "::varchar), '')"
    ) }}
{% endmacro %}

{% macro databricks__entity_field(column, field) %}
    {{ return("nullif(cast(get(" ~ column.name ~ ", 0)." ~ snake_case(field) ~ " as string), '')") }}
{% endmacro %}

{#- Is at least one such entity attached? -#}
{% macro has_entity(column) %}
    {% if column is none %} {{ return("false") }} {% endif %}
    {{ return(adapter.dispatch("has_entity", "cdp")(column)) }}
{% endmacro %}

{% macro default__has_entity(column) %}
    {{ return("coalesce(array_size(" ~ column.name ~ ") > 0, false)") }}
{% endmacro %}

{% macro duckdb__has_entity(column) %}
    {% if column.type.endswith("[]") %}
        {{ return("coalesce(len(" ~ column.name ~ ") > 0, false)") }}
    {% elif column.type.startswith("struct(") %}
        {{ return(column.name ~ " is not null") }}
    {% endif %}
    {{ return(
        "coalesce(trim(cast(" ~ column.name ~ " as varchar)) not in ('', '[]', '{}', 'null'), false)"
    ) }}
{% endmacro %}

{#- camelCase as the loaders spell it in structs: deviceClass -> device_class. -#}
{% macro snake_case(name) %}
    {{ return(modules.re.sub("([a-z0-9])([A-Z])", "\\1_\\2", name) | lower) }}
{% endmacro %}
