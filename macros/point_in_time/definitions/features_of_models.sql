{#- The feature definitions of a feature table: column name -> the column's data type,
    description, meta. Read from the graph, so any model may ask; empty in dbt unit tests,
    where there is no graph. -#}
{% macro feature_definitions_of(model_name) %}
    {% set out = {} %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% set node = graph.nodes["model.cdp." ~ model_name] %}
        {% for name, column in node.columns.items() %}
            {% set meta = (column.get("config") or {}).get("meta") or {} %}
            {% if meta.get("feature") %}
                {% do out.update({name: {
                    "data_type": column.get("data_type"),
                    "description": column.get("description"),
                    "meta": meta,
                }}) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(out) }}
{% endmacro %}

{% macro visitor_feature_definitions() %}
    {{ return(feature_definitions_of("feat_visitor__asof_day")) }}
{% endmacro %}

{#- The same of the visitor features, whichever model asks. -#}
{% macro visitor_definitions_given() %}
    {% set definitions = {} %}
    {% for name, column in visitor_feature_definitions().items() %}
        {% do definitions.update({name: column.meta.feature}) %}
    {% endfor %}
    {{ return(definitions) }}
{% endmacro %}
