{#- The pieces that running_totals_output puts together. Each adds the columns it needs to
    the plan and returns SQL over `moment` and what is looked up one period before it. -#}

{#- Rows before this one: those of earlier microseconds, as a moment comes before what
    happens in its own. -#}
{% macro rows_before_moment(function) %}
    {% set sql -%}
    {{ function }} over (
        partition by subject order by us, is_moment desc
        rows between unbounded preceding and 1 preceding
    )
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{#- A running column as it was one period before the moment. -#}
{% macro running_total_one_period_before(plan, column, period) %}
    {% if period not in plan.periods %} {% do plan.periods.append(period) %} {% endif %}
    {{ return("before_" ~ period_name(period) ~ "." ~ column) }}
{% endmacro %}

{% macro growth_in_period(plan, column, period) %}
    {% if period is none %} {{ return("moment." ~ column) }} {% endif %}
    {% set before = running_total_one_period_before(plan, column, period) %}
    {{ return("moment." ~ column ~ " - coalesce(" ~ before ~ ", 0)") }}
{% endmacro %}

{% macro unpacked_field(expression, index) %}
    {% set sql -%}
    cast(({{ expression }}) >> {{ 31 * (index % 4) }} & 2147483647 as bigint)
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}

{% macro packed_count(plan, condition, period) %}
    {% if condition not in plan.counts %}
        {% do plan.counts.update({condition: plan.counts | length}) %}
    {% endif %}
    {% set index = plan.counts[condition] %}
    {% do plan.packed.setdefault(index, []).append(plan.current) %}
    {{ return(unpacked_field(growth_in_period(plan, "h" ~ index // 4, period), index)) }}
{% endmacro %}

{% macro packed_unique(plan, value, period) %}
    {% if value not in plan.stretches %}
        {% do plan.stretches.update({value: {"name": "k" ~ plan.stretches | length, "bucket": none}}) %}
    {% endif %}
    {% set key = plan.stretches[value] %}
    {% if period is not none %}
        {% do key.update({"bucket": [period, key.bucket or period] | min}) %}
    {% endif %}
    {% set unique = {"key": key.name, "period": period} %}
    {% if unique not in plan.uniques %} {% do plan.uniques.append(unique) %} {% endif %}
    {% set index = plan.num_counts + plan.uniques.index(unique) %}
    {% do plan.packed.setdefault(index, []).append(plan.current) %}
    {{ return(unpacked_field("moment.h" ~ index // 4, index)) }}
{% endmacro %}
