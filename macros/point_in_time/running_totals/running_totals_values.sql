{#- First, last and most frequent values of the running totals. Texts travel as codes: one
    dictionary of text tuples per condition. -#}

{% macro packed_text(plan, condition, value, expression) %}
    {% set code = plan.codes[condition] %}
    {% set text = stage_column(
        code.texts, "coalesce(cast(" ~ value ~ " as varchar), '')", "x"
    ) %}
    {% set meaning = stage_column(
        plan.meanings, code.name ~ "_texts as {} on {}.code = " ~ expression, "meaning_"
    ) %}
    {{ return(meaning ~ "." ~ text) }}
{% endmacro %}

{% macro packed_code(plan, condition) %}
    {% if condition not in plan.codes %}
        {% do plan.codes.update({
            condition: {"name": "c" ~ plan.codes | length, "texts": {}},
        }) %}
    {% endif %}
    {{ return(plan.codes[condition].name) }}
{% endmacro %}

{#- What `column` was at the first such event in the period: the first there ever was, or
    what came next after the last event before the period. -#}
{% macro packed_first(plan, condition, column, period) %}
    {% if column not in plan.firsts %} {% do plan.firsts.append(column) %} {% endif %}
    {% set first = "moment.earliest_" ~ column %}
    {% if period is not none %}
        {% set next = running_total_one_period_before(plan, "next_" ~ column, period) %}
        {% set first = "case when " ~ running_total_one_period_before(plan, "us", period) ~ " is null then " ~ first
            ~ " else " ~ next ~ " end" %}
    {% endif %}
    {{ return(
        "case when " ~ packed_count(plan, condition, period) ~ " > 0 then " ~ first ~ " end"
    ) }}
{% endmacro %}

{% macro packed_last(plan, feature, condition, moments_are_events) %}
    {% set text = "coalesce(cast(" ~ feature.value ~ " as varchar), '')" %}
    {% if feature.own and moments_are_events %}
        {% set own = stage_column(plan.own, value_only_if(condition, text), "own_") %}
        {% do plan.owners.update({feature.name: own}) %}
        {% if condition == "true" %} {{ return("''") }} {% endif %}
    {% endif %}
    {% set code = packed_code(plan, condition) %}
    {% if code not in plan.lasts %} {% do plan.lasts.append(code) %} {% endif %}
    {% set latest = "moment." ~ stage_column(
        plan.frames, rows_before_moment("last_value(last_" ~ code ~ " ignore nulls)"), "f"
    ) %}
    {% set before = packed_text(
        plan, condition, feature.value,
        "case when " ~ packed_count(plan, condition, feature.period) ~ " > 0 then "
        ~ latest ~ " end",
    ) %}
    {{ return("coalesce(" ~ before ~ ", '')") }}
{% endmacro %}
