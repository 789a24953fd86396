{#- Targets of first visits; null if the person converted during the visit. -#}
{% macro first_touch_training_list(specs) %}
    {% set list = [] %}
    {% for spec in specs %}
        {% set column -%}
        case
            when not targets.had_{{ spec.conversion }}_in_first_visit
                then targets.{{ outcome_column(spec) }}
        end as {{ spec.target_column }}
        {%- endset %}
        {% do list.append(column) %}
    {% endfor %}
    {{ return(list | join(",\n        ")) }}
{% endmacro %}

{% macro any_target_known(specs) %}
    {% set conditions = [] %}
    {% for spec in specs %} {% do conditions.append(spec.target_column ~ " is not null") %} {% endfor %}
    {{ return(conditions | join(" or ")) }}
{% endmacro %}
