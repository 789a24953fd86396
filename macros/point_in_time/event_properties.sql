{#- The column of stg_snowplow__events behind a property of a definition: the same name,
    or `entity__field` for `entity.field` and `event__field` for `event.field`. A column
    staging does not have is an error. `columns`, property -> column, takes staging's place
    for another relation. -#}
{% macro property_column(property, what, columns=none) %}
    {% set name = property | string %}
    {% if columns is not none %}
        {% if name | lower not in columns %}
            {{ definition_error(what, "property", property, columns | sort | join(", ")) }}
        {% endif %}
        {{ return(columns[name | lower]) }}
    {% endif %}
    {% set column = entity_column(name) if name.count(".") == 1 else name %}
    {% set known = staged_event_columns() %}
    {% if column not in known %}
        {{ definition_error(
            what, "property", property, known | sort | join(", ")
            ~ ", entity.field for fields listed in the var `entity_fields`, and"
            ~ " event_name.field for those listed in `event_fields`"
        ) }}
    {% endif %}
    {{ return(column) }}
{% endmacro %}
