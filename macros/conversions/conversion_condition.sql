{#- Events that are, each, a conversion (or count towards its min_count). Where it is made of
    more than an event, targets find it among the events under a name of its own. -#}
{% macro conversion_condition(conversion) %}
    {% if conversion.source in ["page_views", "table"] %}
        {{ return("event_name = " ~ sql_literal("conversion:" ~ conversion.name)) }}
    {% endif %}
    {{ return(event_condition(
        conversion.events, conversion.criteria, what="conversion " ~ conversion.name
    )) }}
{% endmacro %}
