{#- The definitions of the model's features, column -> meta.feature, in the order of its
    YAML. Empty at parse and inside dbt unit tests, which override this macro. -#}
{% macro feature_columns() %}
    {% set definitions = {} %}
    {% for name, column in model.columns.items() if column.config.meta.feature is defined %}
        {% do definitions.update({name: column.config.meta.feature}) %}
    {% endfor %}
    {{ return(definitions) }}
{% endmacro %}
