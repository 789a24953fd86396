{#- Is the event the team's own test traffic, by var test_traffic? -#}
{% macro test_traffic_condition() %}
    {% if not var("test_traffic") %} {{ return("false") }} {% endif %}
    {{ return(
        "coalesce(" ~ event_condition(criteria=var("test_traffic"), what="var test_traffic")
        ~ ", false)"
    ) }}
{% endmacro %}

{#- The var as_of as a timestamp. -#}
{% macro as_of_literal() %}
    {{ return("cast('" ~ var("as_of") ~ "' as " ~ type_timestamp_utc() ~ ")") }}
{% endmacro %}

{#- 'a', 'b': a list of texts as SQL literals. -#}
{% macro text_literals(texts) %}
    {% set quoted = [] %}
    {% for text in texts %}
        {% do quoted.append("'" ~ text | string | replace("'", "''") ~ "'") %}
    {% endfor %}
    {{ return(quoted | join(", ")) }}
{% endmacro %}

{#- The staging column of an entity field: yauaa.deviceBrand -> yauaa__device_brand. -#}
{% macro entity_column(field) %}
    {% set entity, key = field.split(".") %}
    {{ return(entity ~ "__" ~ snake_case(key)) }}
{% endmacro %}
