{#- Text of one field of the first entity, or null: from the first of `columns` in which it is
    filled. Entities arrive as JSON text, VARIANT, struct, map, or an array of these, each as it
    is or as {schema, data}; fields are spelled camelCase in JSON and snake_case in structs.
    `columns` are those of entity_sources(); `fields` names all fields that are read of the
    entity, so that DuckDB parses its JSON once. -#}
{% macro entity_field(columns, field, fields=none) %}
    {% set texts = [] %}
    {% for column in columns %}
        {% do texts.extend(adapter.dispatch("field_texts", "cdp")(column, field, fields or [field])) %}
    {% endfor %}
    {% if not texts %} {{ return(text_null()) }} {% endif %}
    {{ return(texts[0] if texts | length == 1 else "coalesce(" ~ texts | join(", ") ~ ")") }}
{% endmacro %}

{#- The expressions that may hold the field, each text or null. -#}
{% macro default__field_texts(column, field, fields) %} {{ not_written("field_texts") }} {% endmacro %}

{% macro duckdb__field_texts(column, field, fields) %}
    {#- `data` of {schema, data} is a struct of its own -#}
    {% if column.type.startswith("struct(") and not modules.re.search('[(, ]"?data"? ', column.type) %}
        {% set first = column.name ~ ("[1]" if column.type.endswith("[]") else "") %}
        {% for spelling in field_spellings(field) %}
            {% if modules.re.search('[(, "]' ~ (spelling | lower) ~ '"? ', column.type) %}
                {{ return(["cast(" ~ first ~ "." ~ spelling ~ " as " ~ dbt.type_string() ~ ")"]) }}
            {% endif %}
        {% endfor %}
        {{ return([]) }}
    {% endif %}
    {% set starts = json_starts(column) %}
    {% set paths, own = [], [] %}
    {% for read in fields %}
        {% for spelling in field_spellings(read) %}
            {% for start in starts %}
                {% do paths.append(sql_literal(start ~ '"' ~ spelling ~ '"')) %}
                {% if read == field %} {% do own.append(paths | length) %} {% endif %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% set json = duckdb_json(column) %}
    {% set texts = [] %}
    {% for place in own %}
        {% do texts.append("json_extract_string(" ~ json ~ ", [" ~ paths | join(", ") ~ "])[" ~ place ~ "]") %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}

{% macro duckdb_json(column) %}
    {% if column.type == "json" %} {{ return(column.name) }} {% endif %}
    {% if source_kind(column) == "other" %} {{ return("to_json(" ~ column.name ~ ")") }} {% endif %}
    {{ return("case when json_valid(" ~ column.name ~ ") then " ~ column.name ~ " end") }}
{% endmacro %}

{% macro snowflake__field_texts(column, field, fields) %}
    {% set type = column.type %}
    {% set starts = ["[0]:", ":", "[0]:data:", ":data:"] %}
    {% if column.wraps %} {% do starts.append(":data:data:") %} {% endif %}
    {% if type.startswith("array") %} {% set starts = ["[0]:", "[0]:data:"] %} {% endif %}
    {% if type.startswith("object") %} {% set starts = [":", ":data:"] %} {% endif %}
    {% set json = snowflake_json(column) %}
    {% set texts = [] %}
    {% for start in starts %}
        {% for spelling in field_spellings(field) %}
            {% do texts.append(json ~ start ~ spelling ~ "::varchar") %}
        {% endfor %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}

{% macro snowflake_json(column) %}
    {{ return(
        column.name if column.type.startswith(("array", "object", "variant"))
        else "try_parse_json(" ~ column.name ~ ")"
    ) }}
{% endmacro %}

{% macro spark__field_texts(column, field, fields) %}
    {% set texts = [] %}
    {% set first = "get(" ~ column.name ~ ", 0)" if column.type.startswith("array<") else column.name %}
    {% set type = column.type | replace("array<", "", 1) %}
    {% for spelling in field_spellings(field) %}
        {% set name = spelling | lower %}
        {% if column.type in ["string", "variant"] %}
            {% do texts.extend(spark_json_texts(column, spelling)) %}
        {% elif type.startswith("map<") %}
            {% do texts.append("cast(try_element_at(" ~ first ~ ", '" ~ spelling ~ "') as string)") %}
        {#- a version of the schema may lack the field; long types are cut short -#}
        {% elif modules.re.search("[<,]data:struct<", type) %}
            {% if modules.re.search("[<,]" ~ name ~ ":", type) %}
                {% do texts.append("cast(" ~ first ~ ".data." ~ name ~ " as string)") %}
            {% endif %}
        {% elif modules.re.search("[<,]" ~ name ~ ":", type)
            or "more fields" in type and name == snake_case(field) %}
            {% do texts.append("cast(" ~ first ~ "." ~ name ~ " as string)") %}
        {% endif %}
    {% endfor %}
    {{ return(texts | unique(true) | list) }}
{% endmacro %}

{% macro spark_json_texts(column, spelling) %}
    {% set texts = [] %}
    {% for start in json_starts(column) %}
        {% do texts.append(
            "get_json_object(" ~ column.name ~ ", '" ~ start ~ spelling ~ "')" if column.type == "string"
            else "try_variant_get(" ~ column.name ~ ", '" ~ start ~ spelling ~ "', 'string')"
        ) %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}

{#- Where an entity's own fields may start: in a list or alone, with its schema or without. -#}
{% macro json_starts(column) %}
    {{ return(
        ["$[0].", "$.", "$[0].data.", "$.data."] + (["$.data.data."] if column.wraps else [])
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
    {{ return([field, snake_case(field), camel_case(snake_case(field))] | unique(true) | list) }}
{% endmacro %}
