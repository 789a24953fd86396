{#- Text of one field of the first entity in an entity column, or null. Entities arrive as
    JSON text, as VARIANT, or as an array of struct; fields are spelled camelCase in JSON
    and snake_case in structs. `column` is {name, type} or none where it is absent. `fields`
    names all fields that are read of it, so that DuckDB parses its JSON once. -#}
{% macro entity_field(column, field, fields=none) %}
    {% if column is none %}
        {{ return("cast(null as " ~ dbt.type_string() ~ ")") }}
    {% endif %}
    {{ return(adapter.dispatch("entity_field", "cdp")(column, field, fields)) }}
{% endmacro %}

{% macro default__entity_field(column, field, fields) %}
    {{ not_written("entity_field") }}
{% endmacro %}

{% macro duckdb__entity_field(column, field, fields) %}
    {% set name = column.name %}
    {% if column.type.startswith("struct(") or column.type.startswith("map(") %}
        {% set first = name if not column.type.endswith("[]") else name ~ "[1]" %}
        {% for spelling in field_spellings(field) %}
            {% if modules.re.search('[(, "]' ~ (spelling | lower) ~ '"? ', column.type) %}
                {{ return("nullif(cast(" ~ first ~ "." ~ spelling ~ " as varchar), '')") }}
            {% endif %}
        {% endfor %}
        {{ return("cast(null as varchar)") }}
    {% endif %}
    {% set json = name if column.type == "json" else
        "case when json_valid(" ~ name ~ ") then " ~ name ~ " end" %}
    {% set paths = [] %}
    {% set own = [] %}
    {% for read in fields or [field] %}
        {% for spelling in field_spellings(read) %}
            {% for start in ["$[0].", "$."] %}
                {% do paths.append("'" ~ start ~ spelling ~ "'") %}
                {% if read == field %} {% do own.append(paths | length) %} {% endif %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% set texts = [] %}
    {% for place in own %}
        {% do texts.append(
            "json_extract_string(" ~ json ~ ", [" ~ paths | join(", ") ~ "])[" ~ place ~ "]"
        ) %}
    {% endfor %}
    {{ return("nullif(coalesce(" ~ texts | join(", ") ~ "), '')") }}
{% endmacro %}

{% macro snowflake__entity_field(column, field, fields) %}
    {{ return(snowflake_path_text(column.name ~ "[0]", field)) }}
{% endmacro %}

{% macro snowflake_path_text(start, field) %}
    {% set paths = [] %}
    {% for spelling in field_spellings(field) %}
        {% do paths.append(start ~ ":" ~ spelling ~ "::varchar") %}
    {% endfor %}
    {% set first = paths[0] if paths | length == 1 else "coalesce(" ~ paths | join(", ") ~ ")" %}
    {{ return("nullif(" ~ first ~ ", '')") }}
{% endmacro %}

{% macro databricks__entity_field(column, field, fields) %}
    {#- an older version of the schema may lack the field; long types are cut short -#}
    {% if not modules.re.search("[<,]" ~ snake_case(field) ~ ":|more fields", column.type) %}
        {{ return("cast(null as string)") }}
    {% endif %}
    {{ return("nullif(cast(get(" ~ column.name ~ ", 0)." ~ snake_case(field) ~ " as string), '')") }}
{% endmacro %}

{#- Text of one field of a self-describing event's own column, or null: one object where an
    entity is a list of them. `columns` holds the versions of the schema, newest first. -#}
{% macro event_field(columns, field) %}
    {% set texts = [] %}
    {% for column in columns %}
        {% do texts.append(adapter.dispatch("event_field", "cdp")(column, field)) %}
    {% endfor %}
    {% if not texts %} {{ return("cast(null as " ~ dbt.type_string() ~ ")") }} {% endif %}
    {{ return(texts[0] if texts | length == 1 else "coalesce(" ~ texts | join(", ") ~ ")") }}
{% endmacro %}

{% macro default__event_field(column, field) %}
    {{ not_written("event_field") }}
{% endmacro %}

{% macro duckdb__event_field(column, field) %}
    {{ return(entity_field(column, field)) }}
{% endmacro %}

{% macro snowflake__event_field(column, field) %}
    {{ return(snowflake_path_text(column.name, field)) }}
{% endmacro %}

{% macro databricks__event_field(column, field) %}
    {{ return("nullif(cast(" ~ column.name ~ "." ~ snake_case(field) ~ " as string), '')") }}
{% endmacro %}

{#- Is at least one such entity attached? -#}
{% macro has_entity(column) %}
    {% if column is none %} {{ return("false") }} {% endif %}
    {{ return(adapter.dispatch("has_entity", "cdp")(column)) }}
{% endmacro %}

{% macro default__has_entity(column) %} {{ not_written("has_entity") }} {% endmacro %}

{% macro snowflake__has_entity(column) %}
    {{ return("coalesce(array_size(" ~ column.name ~ ") > 0, false)") }}
{% endmacro %}

{% macro spark__has_entity(column) %} {{ return(snowflake__has_entity(column)) }} {% endmacro %}

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

{#- form_id -> formId, as the JSON of a schema spells it. -#}
{% macro camel_case(name) %}
    {% set words = name.split("_") %}
    {{ return(words[0] ~ words[1:] | map("capitalize") | join) }}
{% endmacro %}

{% macro field_spellings(field) %}
    {{ return([field, snake_case(field), camel_case(snake_case(field))] | unique | list) }}
{% endmacro %}
