{#- Is at least one entity, or an event's own data, in one of the columns, in a form that can be
    read? -#}
{% macro has_entity(columns) %}
    {% set conditions = [] %}
    {% for column in columns %}
        {% do conditions.append(adapter.dispatch("has_entity", "cdp")(column)) %}
    {% endfor %}
    {{ return(conditions | join(" or ") or "false") }}
{% endmacro %}

{#- Is there anything at all in one of the columns, whether it can be read or not? -#}
{% macro entity_is_there(columns) %}
    {% set conditions = [] %}
    {% for column in columns %}
        {% do conditions.append(
            "coalesce(" ~ is_filled_text(column) ~ ", false)" if source_kind(column) == "text"
            else adapter.dispatch("has_entity", "cdp")(column)
        ) %}
    {% endfor %}
    {{ return(conditions | join(" or ") or "false") }}
{% endmacro %}

{#- Does a text hold more than an empty list or object? -#}
{% macro is_filled_text(column) %}
    {% set empty = null_markers() + ["[]", "{}", "null", "[{}]", "[null]"] %}
    {{ return(
        "trim(cast(" ~ column.name ~ " as " ~ dbt.type_string() ~ ")) not in ("
        ~ text_literals(empty | unique(true)) ~ ")"
    ) }}
{% endmacro %}

{% macro default__has_entity(column) %} {{ not_written("has_entity") }} {% endmacro %}

{% macro duckdb__has_entity(column) %}
    {% if column.type.endswith("[]") %}
        {{ return("coalesce(len(" ~ column.name ~ ") > 0, false)") }}
    {% elif source_kind(column) == "other" %}
        {{ return(column.name ~ " is not null") }}
    {% endif %}
    {{ return(
        "coalesce(json_valid(" ~ column.name ~ ") and " ~ is_filled_text(column) ~ ", false)"
    ) }}
{% endmacro %}

{% macro snowflake__has_entity(column) %}
    {% if column.type.startswith("array") %}
        {{ return("coalesce(array_size(" ~ column.name ~ ") > 0, false)") }}
    {% elif column.type.startswith("object") %}
        {{ return(column.name ~ " is not null") }}
    {% endif %}
    {{ return(
        "coalesce(" ~ snowflake_json(column) ~ " is not null and " ~ is_filled_text(column)
        ~ ", false)"
    ) }}
{% endmacro %}

{% macro spark__has_entity(column) %}
    {% if column.type.startswith(("array", "map")) %}
        {{ return("coalesce(size(" ~ column.name ~ ") > 0, false)") }}
    {% elif column.type.startswith("struct") %}
        {{ return(column.name ~ " is not null") }}
    {% elif column.type == "string" %}
        {{ return(
            "coalesce(get_json_object(" ~ column.name ~ ", '$') is not null and "
            ~ is_filled_text(column) ~ ", false)"
        ) }}
    {% endif %}
    {{ return("coalesce(" ~ is_filled_text(column) ~ ", false)") }}
{% endmacro %}
