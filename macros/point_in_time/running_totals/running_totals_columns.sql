{#- The columns of each stage of the running totals, name -> SQL: `seen` (of an event),
    `grouped` (of a microsecond); `sums` are those whose running total is taken. -#}
{% macro running_totals_columns(plan) %}
    {% set seen, grouped = {}, {} %}
    {% set num_fields = plan.num_counts + plan.uniques | length %}
    {% for number in range((num_fields + 3) // 4) %}
        {% set marks = [] %}
        {% for condition, index in plan.counts.items() if index // 4 == number %}
            {% set comment -%}
        -- h{{ number }} from bit {{ 31 * (index % 4) }} on, for {{ shortened_list(plan.packed[index] | unique | list) }}
        {% endset %}
            {% set mark = packed_field("(coalesce(" ~ condition ~ ", false))::hugeint", index) %}
            {% do marks.append(comment ~ ("+ " if marks else "") ~ mark) %}
        {% endfor %}
        {% if marks %} {% do seen.update({"h" ~ number: marks | join("\n        ")}) %} {% endif %}
        {% do grouped.update({"h" ~ number: "coalesce(sum(h" ~ number ~ "), 0)::hugeint"}) %}
    {% endfor %}
    {% for sql, name in plan.totals.items() %}
        {% do seen.update({name: sql}) %}
        {% do grouped.update({name: "coalesce(sum(" ~ name ~ "), 0)"}) %}
    {% endfor %}
    {% set sums = grouped.keys() | list %}
    {% for stage, function in [(plan.lowest, "min"), (plan.highest, "max"), (plan.times, "max")] %}
        {% for sql, name in stage.items() %}
            {% do seen.update({name: sql}) %}
            {% do grouped.update({name: function ~ "(" ~ name ~ ")"}) %}
        {% endfor %}
    {% endfor %}
    {% for code in plan.codes.values() %}
        {% do seen.update({code.name: code.name ~ "_texts.code"}) %}
        {% if code.name in plan.firsts %}
            {% do grouped.update({code.name: "arg_min(" ~ code.name ~ ", event_id)"}) %}
        {% endif %}
        {% if code.name in plan.lasts %}
            {% do grouped.update({"last_" ~ code.name: "arg_max(" ~ code.name ~ ", event_id)"}) %}
        {% endif %}
    {% endfor %}
    {{ return({"seen": seen, "grouped": grouped, "sums": sums}) }}
{% endmacro %}

{% macro packed_field(expression, index) %}
    {{ return("(" ~ expression ~ " << " ~ 31 * (index % 4) ~ ")") }}
{% endmacro %}
