{#- The data of the first entity of a schema in a column of {schema, data: [{schema, data}]},
    as `contexts` and `derived_contexts` have it: JSON, VARIANT or JSON text, or null. `schema` is
    an expression that the schema's address matches. -#}
{% macro entity_in_contexts(columns, schema) %}
    {% set found = [] %}
    {% for column in columns %}
        {% do found.append(adapter.dispatch("entity_in_contexts", "cdp")(column, schema)) %}
    {% endfor %}
    {{ return(found[0] if found | length == 1 else "coalesce(" ~ found | join(", ") ~ ")") }}
{% endmacro %}

{% macro default__entity_in_contexts(column, schema) %}
    {{ not_written("entity_in_contexts") }}
{% endmacro %}

{% macro duckdb__entity_in_contexts(column, schema) %}
    {% set json = duckdb_json(column) %}
    {% set sql %}
            list_filter(
                coalesce(
                    nullif(json_extract({{ json }}, '$.data[*]'), []),
                    json_extract({{ json }}, '$[*]')
                ),
                lambda entity: regexp_matches(
                    json_extract_string(entity, '$.schema'), {{ sql_literal(schema) }}, 'i'
                )
            )[1] -> '$.data'
    {%- endset %}
    {{ return("(" ~ sql ~ ")") }}
{% endmacro %}

{#- Entities further on in the list are not looked at: see entities_per_event(). -#}
{% macro snowflake__entity_in_contexts(column, schema) %}
    {% set json = snowflake_json(column) %}
    {% set list = "coalesce(" ~ json ~ ":data, " ~ json ~ ")" %}
    {% set sql %}
            case
                {%- for place in range(entities_per_event()) %}
                when regexp_like(
                    get({{ list }}, {{ place }}):schema::varchar, {{ sql_literal(schema) }}, 'i'
                ) then get({{ list }}, {{ place }}):data
                {%- endfor %}
            end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro entities_per_event() %} {{ return(20) }} {% endmacro %}

{% macro spark__entity_in_contexts(column, schema) %}
    {% set entities = "array<struct<schema:string,data:string>>" %}
    {% set json = column.name if column.type == "string" else "to_json(" ~ column.name ~ ")" %}
    {% set sql %}
            get(
                filter(
                    coalesce(
                        from_json({{ json }}, 'struct<data:{{ entities }}>').data,
                        from_json({{ json }}, '{{ entities }}')
                    ),
                    entity -> regexp_like(entity.schema, {{ sql_literal("(?i)" ~ schema) }})
                ), 0
            ).data
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- What kind of column that makes. -#}
{% macro entity_json_type() %} {{ return(adapter.dispatch("entity_json_type", "cdp")()) }} {% endmacro %}

{% macro default__entity_json_type() %} {{ not_written("entity_json_type") }} {% endmacro %}

{% macro duckdb__entity_json_type() %} {{ return("json") }} {% endmacro %}

{% macro snowflake__entity_json_type() %} {{ return("variant") }} {% endmacro %}

{% macro spark__entity_json_type() %} {{ return("string") }} {% endmacro %}

{#- Are there more entities than are looked at? None: all are looked at. -#}
{% macro has_too_many_entities(column) %}
    {{ return(adapter.dispatch("has_too_many_entities", "cdp")(column)) }}
{% endmacro %}

{% macro default__has_too_many_entities(column) %} {{ return(none) }} {% endmacro %}

{% macro snowflake__has_too_many_entities(column) %}
    {{ return(
        "coalesce(array_size(coalesce(" ~ snowflake_json(column) ~ ":data, "
        ~ snowflake_json(column) ~ ")) > " ~ entities_per_event() ~ ", false)"
    ) }}
{% endmacro %}
