{#- The columns behind features written as running frames, in the order they build on each
    other, each stage {SQL: name} so that equal SQL is computed once:
    events (of an event), neighbours (lag, lead, ties), marks, frames; then outputs. -#}
{% macro running_frames_plan(features, moments_are_events) %}
    {% set plan = {
        "events": {}, "neighbours": {}, "marks": {}, "frames": {}, "outputs": {},
    } %}
    {% for feature in features %}
        {% do plan.outputs.update({
            feature.name: running_frames_output(plan, feature, moments_are_events),
        }) %}
    {% endfor %}
    {{ return(plan) }}
{% endmacro %}

{% macro running_frames_output(plan, feature, moments_are_events) %}
    {% set kind = feature.aggregation %}
    {% if kind in ["day_of_week", "hour_of_day"] %} {{ return(moment_part(kind)) }} {% endif %}
    {% set condition = feature.conditions[0].condition %}
    {% set value = feature.value %}
    {% set period = feature.period %}
    {% if kind == "counter" %}
        {% set count = count_in_period(plan, condition, period) %}
        {{ return("cast(" ~ count ~ " as " ~ dbt.type_bigint() ~ ")") }}
    {% elif kind == "unique_count" %}
        {{ return(unique_in_period(plan, condition, value, period)) }}
    {% elif kind == "any" %}
        {% set terms = [] %}
        {% for part in feature.conditions %}
            {% do terms.append(
                count_in_period(plan, part.condition, period) ~ " >= " ~ part.min_count
                if part.min_count > 1 else holds_in_period(plan, part.condition, period)
            ) %}
        {% endfor %}
        {{ return(terms | join(" or ")) }}
    {% elif kind in ["sum", "mean"] %}
        {{ return(total_in_period(plan, kind, condition, value, period)) }}
    {% elif kind in ["min", "max"] %}
        {% set number = stage_column(
            plan.events, value_only_if(condition, "cast(" ~ value ~ " as double)"), "e"
        ) %}
        {% set of_period = frame_of_period(kind ~ "(" ~ number ~ ")", "domain_userid", period) %}
        {{ return(stage_column(plan.frames, of_period, "f")) }}
    {% elif kind == "most_frequent" %}
        {% set counts = [] %}
        {% for choice in feature.choices %}
            {% set is_choice = both_conditions(condition, value ~ " = " ~ sql_literal(choice)) %}
            {% do counts.append(count_in_period(plan, is_choice, period)) %}
        {% endfor %}
        {{ return(most_frequent(feature.choices, counts)) }}
    {% elif kind == "first" %}
        {{ return("coalesce(" ~ first_in_period(plan, condition, value, period) ~ ", '')") }}
    {% elif kind == "last" %}
        {{ return(last_in_period(plan, feature, condition, moments_are_events)) }}
    {% elif kind == "time_since_first" %}
        {% set earliest = first_in_period(plan, condition, none, period) %}
        {{ return(in_unit("us - " ~ earliest, feature.unit_us)) }}
    {% elif kind == "time_since_last" %}
        {% set latest = latest_event_time(plan, condition) %}
        {% set since = value_only_if(holds_in_period(plan, condition, period), "us - " ~ latest) %}
        {{ return(in_unit(since, feature.unit_us)) }}
    {% endif %}
{% endmacro %}

{#- Before the moment, or before the period that ends at it: rows at the same microsecond
    are in neither. -#}
{% macro frame_before(function, period=none) %}
    {% set bound = (period or 0) + 1 %}
    {% set sql -%}
    {{ function }} over (
        partition by domain_userid order by us
        range between unbounded preceding and {{ bound }} preceding
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro frame_after(function) %}
    {% set sql -%}
    {{ function }} over (
        partition by domain_userid order by -us
        range between unbounded preceding and 1 preceding
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}
