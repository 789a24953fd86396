{#- The column of stg_snowplow__events behind a property of a definition: the same name,
    or `entity__field` for `entity.field` and `event__field` for `event.field`. A column
    staging does not have is an error. `columns`, property -> {name, kind}, takes staging's
    place for another relation. -#}
{% macro property_column(property, what, columns=none) %}
    {% set name = property | string %}
    {% if columns is not none %}
        {% if name | lower not in columns %}
            {{ definition_error(what, "property", property, columns | sort | join(", ")) }}
        {% endif %}
        {{ return(columns[name | lower].name) }}
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

{#- What a property is: number, text, boolean, timestamp, or `field` of an entity or of a
    self-describing event, whose text may hold a number. -#}
{% macro property_kind(column) %}
    {% set fields = entity_columns().keys() | list + event_field_columns().keys() | list %}
    {% if column in fields %} {{ return("field") }} {% endif %}
    {% set kinds = {"has_media_player": "boolean", "event_tstamp": "timestamp",
        "arrival_tstamp": "timestamp"} %}
    {% if column in kinds %} {{ return(kinds[column]) }} {% endif %}
    {% set type = event_columns()[column].type %}
    {{ return("number" if type in ["integer", "float"] else type) }}
{% endmacro %}

{#- The kind of a column of a relation other than the events, by its type; none: any. -#}
{% macro kind_of_type(type) %}
    {% set type = type | lower %}
    {% for kind, beginnings in {
        "field": ["varchar", "text", "string", "char"],
        "float": ["double", "float", "real"],
        "number": ["bigint", "int", "smallint", "tinyint", "hugeint", "uint", "ubigint", "usmallint",
            "utinyint", "decimal", "numeric", "number", "long", "short", "byte"],
        "boolean": ["bool"],
        "timestamp": ["timestamp", "date"],
    }.items() %}
        {% for beginning in beginnings if type.startswith(beginning) and not type.endswith("[]") %}
            {{ return(kind) }}
        {% endfor %}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}

{#- A property as a number, as it may be added up or compared; null if it is none. Numbers
    of staging are finite. -#}
{% macro property_number(property, what) %}
    {% set column = property_column(property, what) %}
    {% set kind = property_kind(column) %}
    {% if kind not in ["number", "field"] %}
        {% set numbers = [] %}
        {% for name, one in event_columns().items() if one.type in ["integer", "float"] %}
            {% do numbers.append(name) %}
        {% endfor %}
        {{ definition_error(
            what, "property", property, "a number: " ~ numbers | sort | join(", ")
            ~ ", or a field of an entity or event"
        ) }}
    {% endif %}
    {{ return(text_number(column) if kind == "field" else column) }}
{% endmacro %}

{% macro require_numeric_property(property, what) %}
    {% set type = event_columns().get(property, {}).get("type") %}
    {% if type == "text" or type == "timestamp" %}
        {{ definition_error(what, "property", property, "a property that is a number, e.g. tr_total") }}
    {% endif %}
    {% do property_number(property, what) %}
{% endmacro %}
