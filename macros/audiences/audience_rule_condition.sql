{#- SQL of var rule_based_audience: criteria over the columns of aud_prospects, those of its
    YAML and those of further models. -#}
{% macro audience_rule_condition() %}
    {% set columns = {} %}
    {% if execute and graph is defined and graph.nodes is defined %}
        {% for name in graph.nodes["model.cdp.aud_prospects"].columns %}
            {% do columns.update({name: name}) %}
        {% endfor %}
        {% for further in further_audience_models() %}
            {% for part in ["score", "decile", "label"] %}
                {% do columns.update({further.name ~ "_" ~ part: further.name ~ "_" ~ part}) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% if not columns %}  {#- in unit tests there is no graph -#}
        {% for name in properties_of(var("rule_based_audience")) %}
            {% do columns.update({name: name}) %}
        {% endfor %}
    {% endif %}
    {{ return(event_condition(
        criteria=var("rule_based_audience"), what="var rule_based_audience", columns=columns
    )) }}
{% endmacro %}
