{#- The columns of a relation: {lower-case name: {name, type}}. -#}
{% macro relation_columns(relation) %}
    {% set columns = {} %}
    {% if execute %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do columns.update({
                column.name | lower: {
                    "name": adapter.quote(column.name), "type": column.dtype | lower,
                },
            }) %}
        {% endfor %}
    {% endif %}
    {{ return(columns) }}
{% endmacro %}

{#- Their names, in lower case. -#}
{% macro column_names_of(relation) %}
    {{ return(
        adapter.get_columns_in_relation(relation) | map(attribute="name") | map("lower") | list
    ) }}
{% endmacro %}

{#- A column's name as people write it: in lower case, without the engine's quotes. -#}
{% macro spelt_name(name) %}
    {{ return(name | replace('"', "") | replace("`", "") | lower) }}
{% endmacro %}

{#- Is there a row in the relation, or in a query in parentheses? -#}
{% macro has_rows(relation) %}
    {{ return(run_query("select 1 as one from " ~ relation ~ " limit 1").rows | length > 0) }}
{% endmacro %}
