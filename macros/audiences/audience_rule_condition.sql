{#- SQL of var rule_based_audience: criteria over the columns of aud_prospects, those of its
    YAML and those of further models. -#}
{% macro audience_rule_condition() %}
    {% set columns = {} %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% for name, column in graph.nodes["model.cdp.aud_prospects"].columns.items() %}
            {% set kind = kind_of_type(column.data_type) %}
            {% do columns.update({name: {
                "name": name, "kind": {"field": "text", "float": "number"}.get(kind, kind),
            }}) %}
        {% endfor %}
        {% for further in further_audience_models() %}
            {% for part, kind in [("score", "number"), ("decile", "number"), ("label", "text")] %}
                {% set name = further.name ~ "_" ~ part %}
                {% do columns.update({name: {"name": name, "kind": kind}}) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% if not columns %}  {#- in unit tests there is no graph -#}
        {% for name in properties_of(var("rule_based_audience")) %}
            {% do columns.update({name: {"name": name, "kind": none}}) %}
        {% endfor %}
    {% endif %}
    {{ return(event_condition(
        criteria=var("rule_based_audience"), what="var rule_based_audience", columns=columns
    )) }}
{% endmacro %}
