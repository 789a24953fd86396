{#- SQL that both ways of computing features share. -#}

{#- Of the known values the one with most events, by name where several have. -#}
{% macro most_frequent(choices, counts) %}
    {% set most = "greatest(0, " ~ counts | join(", ") ~ ")" %}
    {% set cases = [] %}
    {% for choice in choices %}
        {% do cases.append(
            " when " ~ counts[loop.index0] ~ " = " ~ most ~ " then " ~ sql_literal(choice)
        ) %}
    {% endfor %}
    {{ return("case when " ~ most ~ " = 0 then ''" ~ cases | join ~ " end") }}
{% endmacro %}

{% macro in_unit(microseconds, unit_us) %}
    {{ return("cast(" ~ microseconds ~ " as double) / " ~ unit_us) }}
{% endmacro %}

{#- Of the moment, UTC: ISO weekday (Monday is 1), hour (0 to 23). 1970 began on a Thursday. -#}
{% macro moment_part(part, us="us") %}
    {% set day = 86400000000 %}
    {% if part == "day_of_week" %}
        {% set number = in_unit("mod(" ~ us ~ " + " ~ 3 * day ~ ", " ~ 7 * day ~ ")", day) ~ ") + 1" %}
    {% else %}
        {% set number = in_unit("mod(" ~ us ~ ", " ~ day ~ ")", 3600000000) ~ ")" %}
    {% endif %}
    {{ return("cast(floor(" ~ number ~ " as " ~ dbt.type_bigint() ~ ")") }}
{% endmacro %}

{#- The name of the column with this SQL, added to the stage where it is new. -#}
{% macro stage_column(stage, sql, prefix) %}
    {% if sql not in stage %} {% do stage.update({sql: prefix ~ stage | length}) %} {% endif %}
    {{ return(stage[sql]) }}
{% endmacro %}

{% macro value_only_if(condition, expression) %}
    {{ return(
        expression if condition == "true"
        else "case when " ~ condition ~ " then " ~ expression ~ " end"
    ) }}
{% endmacro %}

{% macro both_conditions(condition, other) %}
    {{ return(other if condition == "true" else "(" ~ condition ~ ") and " ~ other) }}
{% endmacro %}

{#- From one period before the moment, or from the first row. -#}
{% macro frame_of_period(function, subject, period) %}
    {{ return(
        function ~ " over (partition by " ~ subject ~ " order by us range between "
        ~ (period or "unbounded") ~ " preceding and 1 preceding)"
    ) }}
{% endmacro %}
