{#- SQL that both ways of computing features share. -#}

{#- Of the known values the one with most events; the first by name if several have as many. -#}
{% macro most_frequent(choices, counts) %}
    {% set most = "greatest(0, " ~ counts | join(", ") ~ ")" %}
    {% set sql -%}
    case
        when {{ most }} = 0 then ''
        {%- for choice in choices %}
        when {{ counts[loop.index0] }} = {{ most }} then {{ sql_literal(choice) }}
        {%- endfor %}
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- A total, 0 of no events; or a mean, null of none. -#}
{% macro total_or_mean(kind, total, count) %}
    {% set sql -%}
    case
        when {{ count }} > 0 then {{ total }}
        {%- if kind == "mean" %} / {{ count }}{% else %} else 0{% endif %}
    end
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro in_unit(microseconds, unit_us) %}
    {{ return("cast(" ~ microseconds ~ " as double) / " ~ unit_us) }}
{% endmacro %}

{% macro text_or_empty(value) %}
    {{ return("coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), '')") }}
{% endmacro %}

{#- Of the moment, UTC: ISO weekday (Monday is 1), hour (0 to 23). 1970 began on a Thursday. -#}
{% macro moment_part(part, us="us") %}
    {% set day_us, hour_us = 86400000000, 3600000000 %}
    {% set of_week = "mod(" ~ us ~ " + " ~ 3 * day_us ~ ", " ~ 7 * day_us ~ ")" %}
    {% set of_day = "mod(" ~ us ~ ", " ~ day_us ~ ")" %}
    {% set sql -%}
    {%- if part == "day_of_week" -%} floor({{ in_unit(of_week, day_us) }}) + 1
    {%- else -%} floor({{ in_unit(of_day, hour_us) }})
    {%- endif -%}
    {%- endset %}
    {{ return("cast(" ~ sql ~ " as " ~ dbt.type_bigint() ~ ")") }}
{% endmacro %}

{#- The name of the column with this SQL, which is added to the stage if it is new. -#}
{% macro stage_column(stage, sql, prefix) %}
    {% if sql not in stage %} {% do stage.update({sql: prefix ~ stage | length}) %} {% endif %}
    {{ return(stage[sql]) }}
{% endmacro %}

{% macro value_only_if(condition, expression) %}
    {% if condition == "true" %} {{ return(expression) }} {% endif %}
    {{ return("case when " ~ condition ~ " then " ~ expression ~ " end") }}
{% endmacro %}

{% macro both_conditions(condition, other) %}
    {{ return(other if condition == "true" else "(" ~ condition ~ ") and " ~ other) }}
{% endmacro %}

{#- From one period before the moment, or from the first row. -#}
{% macro frame_of_period(function, subject, period) %}
    {% set sql -%}
    {{ function }} over (
        partition by {{ subject }} order by us
        range between {{ period or "unbounded" }} preceding and 1 preceding
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}
