{#- SQL that is true for each event that is a conversion, or counts towards its min_count. If a
    conversion is no single event, targets find it among the events by a name of its own. -#}
{% macro conversion_condition(conversion) %}
    {% if conversion.source in ["page_views", "table"] %}
        {{ return("event_name = " ~ sql_literal("conversion:" ~ conversion.name)) }}
    {% endif %}
    {{ return(event_condition(
        conversion.events, conversion.criteria, what="conversion " ~ conversion.name
    )) }}
{% endmacro %}
