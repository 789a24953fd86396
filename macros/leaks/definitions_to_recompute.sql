{#- The definitions of a feature table's columns. With `skip_own`, those that describe the
    moment's own event are left out. -#}
{% macro definitions_to_recompute(table, skip_own) %}
    {% set definitions = {} %}
    {% for name, column in visitor_feature_definitions().items()
        if not (skip_own and column.meta.feature.get("includes_own_event")) %}
        {% do definitions.update({name: column.meta.feature}) %}
    {% endfor %}
    {% if execute and not definitions %}
        {{ exceptions.raise_compiler_error(
            "features_after_the_moment: no column of " ~ table ~ " has a meta.feature to compute."
        ) }}
    {% endif %}
    {{ return(definitions) }}
{% endmacro %}
