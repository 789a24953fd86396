{#- This model's own table as the last run left it, or none where there is none yet. -#}
{% macro published_before() %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {{ return(load_relation(this)) }}
{% endmacro %}
