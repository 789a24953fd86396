{#- SQL: is a score so far from the one published that people should see it? By var
    audience_score_step of the published one, or of the base rate where that is more: what
    moves far below it tells nobody anything. A probability near 1 is held to the chance that
    nothing happens in the same way. -#}
{% macro is_score_step(score, published, base_rate, kind) %}
    {% set above = "greatest(" ~ published ~ ", coalesce(" ~ base_rate ~ ", 0))" %}
    {% set below = "greatest(1 - " ~ published ~ ", 1 - coalesce(" ~ base_rate ~ ", 0))" %}
    {% set sql -%}
    abs({{ score }} - {{ published }})
    >= {{ var("audience_score_step") }} * case
        when {{ kind }} = 'value' then {{ above }} else least({{ above }}, {{ below }})
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- What the attributes of a visitor are made from: other definitions make others. -#}
{% macro attributes_hash(columns) %}
    {% set definitions = {} %}
    {% for name, definition in visitor_definitions_given().items() if name in columns %}
        {% do definitions.update({name: definition}) %}
    {% endfor %}
    {{ return(local_md5(tojson([computation_version(), event_facts(), definitions], sort_keys=true))) }}
{% endmacro %}
