{#- This model's own table as the last run left it: only scores in use, and only of versions
    that predict what is asked now. None if there is no table yet. -#}
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

{#- This model's own table as the last run left it, with rows that a run may keep. None if
    there is no table yet, or if an earlier release made it without one of the columns. -#}
{% macro own_rows_before(columns) %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set built = load_relation(this) %}
    {% if built is none %} {{ return(none) }} {% endif %}
    {% set names = column_names_of(built) %}
    {{ return(none if columns | reject("in", names) | list else built) }}
{% endmacro %}

{#- SQL: the value of the kept row, if there is one; else today's. -#}
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
