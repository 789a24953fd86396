{#- This model's own table as the last run left it, the scores in use only, of versions that
    predict what is asked now; none where there is none yet. -#}
{% macro published_before() %}
    {% set versions = ref("propensity_versions") %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set published = load_relation(this) %}
    {% if published is none %} {{ return(none) }} {% endif %}
    {% set names = column_names_of(published) %}
    {% set sql %}
    (
        select published.* from {{ published }} as published
        inner join {{ versions }} as versions
            on
                published.model_name = versions.model_name
                and published.version = versions.version
        where
            versions.predicts_the_same
            {%- if "is_used" in names %}
            and published.is_used
            {%- endif %}
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- This model's own table as the last run left it, with rows that a run may keep; none where
    there is none yet, or where it was made by an earlier release that lacks a column. -#}
{% macro own_rows_before(columns) %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(none) }} {% endif %}
    {% set names = column_names_of(built) %}
    {{ return(none if columns | reject("in", names) | list else built) }}
{% endmacro %}

{#- SQL: a value of `kept`, the row that a run keeps, where there is one; else today's. -#}
{% macro kept_value_or(key, name, today, before) %}
    {% if before is none %} {{ return(today) }} {% endif %}
    {% set sql %}
        case
            when kept.{{ key }} is not null then kept.{{ name }}
            else {{ today }}
        end
    {%- endset %}
    {{ return(sql | trim) }}
{% endmacro %}
