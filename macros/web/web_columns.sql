{#- The columns of a web table, name -> {type, unified_name, required}, in the order of its
    YAML. Empty at parse and inside dbt unit tests, which override this macro. -#}
{% macro web_columns() %} {{ return(typed_columns_of(model.columns)) }} {% endmacro %}

{#- The same of a model's columns, as the graph has them. -#}
{% macro typed_columns_of(described) %}
    {% set types = {
        "timestamp": "timestamp", "bigint": "integer", "double": "float",
        "boolean": "boolean",
    } %}
    {% set columns = {} %}
    {% for name, column in described.items() %}
        {% set meta = column.config.meta %}
        {% do columns.update({name: {
            "type": types.get(column.data_type | lower, "text"),
            "unified_name": meta.get("unified_name"),
            "required": meta.get("required", false),
        }}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{#- The columns of a web table, typed, as a select list. The person comes from the mapping. In
    a row without a visitor it is the user_id, unless that is one of `shared`. -#}
{% macro stitched_list(rows, mapping, shared=none) %}
    {% set list = [] %}
    {% for name, column in web_columns().items() %}
        {% if name == "stitched_user_id" %}
            {% set value -%}
        coalesce(
            {{ mapping }}.user_id,
            {{ rows }}.domain_userid
            {%- if shared %},
            case when {{ shared }}.user_id is null then {{ rows }}.user_id end
            {%- endif %}
        ) as stitched_user_id
            {%- endset %}
        {% elif column.type == "text" %}
            {% set value = rows ~ "." ~ name %}
        {% else %}
            {% set value -%}
        cast({{ rows }}.{{ name }} as {{ column_type(column.type) }}) as {{ name }}
            {%- endset %}
        {% endif %}
        {% do list.append(value) %}
    {% endfor %}
    {{ return(list | join(",\n        ") or "*") }}
{% endmacro %}
