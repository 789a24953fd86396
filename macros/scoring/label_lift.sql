{#- SQL: the lift at which a label starts that is set at `times` the base rate. A probability
    cannot be three times 0.47. Where that is less, the label starts at a share of the way from
    the base rate to 1: Yule's Y of an odds ratio of `times`, 0.27 for 3 (G. U. Yule 1912, On
    the methods of measuring association between two attributes). Below the base rate (a label
    is kept a little below it) the bound is 1 / times of the chance that nothing happens, where
    it is the nearer one. Amounts have no such bound.

    times 3, base rate     0.02  0.1   0.2    0.47   0.9    0.99
    High from the score    0.06  0.3   0.414  0.612  0.927  0.993 -#}
{% macro label_lift(times, base_rate, kind) %}
    {% set base_rate = "nullif(" ~ base_rate ~ ", 0)" %}
    {% if times > 1 %}
        {% set share = (times ** 0.5 - 1) / (times ** 0.5 + 1) %}
        {% set bound -%}
        least({{ times }}, 1 + (1 - {{ base_rate }}) * {{ share }} / {{ base_rate }})
        {%- endset %}
    {% elif times == 1 %}
        {{ return("1") }}
    {% else %}
        {% set bound -%}
        greatest({{ times }}, (1 - (1 - {{ base_rate }}) / {{ times }}) / {{ base_rate }})
        {%- endset %}
    {% endif %}
    {{ return("case when " ~ kind ~ " = 'value' then " ~ times ~ " else " ~ bound ~ " end") }}
{% endmacro %}

{#- Select list: the scores from which a model's labels High and Medium begin. -#}
{% macro label_start_list() %}
    {% set list %}
        base_rate * ({{ label_lift(var("label_high_lift"), "base_rate", "kind") }})
            as high_from_score,
        base_rate * ({{ label_lift(var("label_medium_lift"), "base_rate", "kind") }})
            as medium_from_score
    {%- endset %}
    {{ return(list | trim) }}
{% endmacro %}
