{#- First, last and most frequent values of the running totals. Texts travel as codes: one
    dictionary of text tuples per condition. -#}

{% macro packed_text(plan, condition, value, expression) %}
    {% set code = plan.codes[condition] %}
    {% set text = stage_column(code.texts, text_or_empty(value), "x") %}
    {% set meaning = stage_column(
        plan.meanings, code.name ~ "_texts as {} on {}.code = " ~ expression, "meaning_"
    ) %}
    {{ return(meaning ~ "." ~ text) }}
{% endmacro %}

{% macro packed_time(plan, condition) %}
    {% set time = value_only_if(condition, epoch_us("event_tstamp")) %}
    {{ return(stage_column(plan.times, time, "t")) }}
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
        {% set older_us = running_total_one_period_before(plan, "us", period) %}
        {% set first -%}
        case when {{ older_us }} is null then moment.earliest_{{ column }} else {{ next }} end
        {%- endset %}
    {% endif %}
    {{ return(value_only_if(packed_count(plan, condition, period) ~ " > 0", first)) }}
{% endmacro %}

{% macro packed_last(plan, feature, condition, moments_are_events) %}
    {% set text = text_or_empty(feature.value) %}
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
    {% set happened = packed_count(plan, condition, feature.period) ~ " > 0" %}
    {% set before = packed_text(plan, condition, feature.value, value_only_if(happened, latest)) %}
    {{ return("coalesce(" ~ before ~ ", '')") }}
{% endmacro %}
