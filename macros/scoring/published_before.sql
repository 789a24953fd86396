{#- This model's own table as the last run left it, the scores in use only; none where there
    is none yet. -#}
{% macro published_before() %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set published = load_relation(this) %}
    {% if published is none %} {{ return(none) }} {% endif %}
    {% set names = adapter.get_columns_in_relation(published) | map(attribute="name") | map("lower") %}
    {% if "is_used" not in names %} {{ return(published) }} {% endif %}
    {{ return("(select * from " ~ published ~ " where is_used)") }}
{% endmacro %}

{#- This model's own table as the last run left it, with rows that a run may keep; none where
    there is none yet, or where it was made by an earlier release that lacks a column. -#}
{% macro rows_before(columns) %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(none) }} {% endif %}
    {% set names = adapter.get_columns_in_relation(built) | map(attribute="name") | map("lower") | list %}
    {{ return(none if columns | reject("in", names) | list else built) }}
{% endmacro %}
