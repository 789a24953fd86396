{#- The columns of each stage of the running totals, name -> SQL. -#}
{% macro running_totals_columns(plan) %}
    {% set seen, grouped, running = {}, {}, {} %}
    {% set numbers = [(plan.lowest, "min"), (plan.highest, "max"), (plan.times, "max")] %}
    {% for number in range((plan.counts | length + 3) // 4) %}
        {% set marks = [] %}
        {% for condition, index in plan.counts.items() if index // 4 == number %}
            {% do marks.append(bit("(coalesce(" ~ condition ~ ", false))::hugeint", index)) %}
        {% endfor %}
        {% do seen.update({"h" ~ number: marks | join(" + ")}) %}
        {% do grouped.update({"h" ~ number: "coalesce(sum(h" ~ number ~ "), 0)::hugeint"}) %}
    {% endfor %}
    {% for number in range((plan.uniques | length + 3) // 4) %}
        {% do grouped.update({"d" ~ number: "coalesce(sum(d" ~ number ~ "), 0)::hugeint"}) %}
    {% endfor %}
    {% for sql, name in plan.totals.items() %}
        {% do seen.update({name: sql}) %}
        {% do grouped.update({name: "coalesce(sum(" ~ name ~ "), 0)"}) %}
    {% endfor %}
    {% set sums = grouped.keys() | list %}
    {% for stage, function in numbers %}
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
    {% for key_sql, key in plan.stretches.items() %} {% do seen.update({key.name: key_sql}) %} {% endfor %}
    {% for name in sums %}
        {% do running.update({name: "sum(" ~ name ~ ") over so_far"}) %}
    {% endfor %}
    {{ return({"seen": seen, "grouped": grouped, "sums": sums, "running": running}) }}
{% endmacro %}

{% macro bit(expression, index) %}
    {{ return("(" ~ expression ~ " << " ~ 31 * (index % 4) ~ ")") }}
{% endmacro %}

{#- What changes the totals, and when: events; keys that come, and go one period after;
    and the moments, which change nothing. A key that goes after its visitor's last moment
    is left out. -#}
{% macro running_totals_changes(plan, columns, moments) %}
    select
        subject,
        us,
        {{ "true" if moments is none else "false" }} as is_moment,
        event_id
        {%- for name in columns.seen if name[0] != "k" %},
        {{ name }}
        {%- endfor %}
    from seen
    {%- for unique in plan.uniques %}
    {%- set one = bit("1::hugeint", loop.index0) %}

    union all by name

    select
        subject,
        from_us as us,
        {{ "true" if moments is none else "false" }} as is_moment,
        {{ one }} as d{{ loop.index0 // 4 }}
    from {{ unique.key }}_stretches
    where since_us is null{{ " or since_us > " ~ unique.period if unique.period is not none }}
    {%- if unique.period is not none %}

    union all by name

    select
        stretches.subject,
        stretches.to_us + {{ unique.period }} as us,
        false as is_moment,
        -{{ one }} as d{{ loop.index0 // 4 }}
    from {{ unique.key }}_stretches as stretches
    inner join subjects on stretches.subject = subjects.subject
    where
        stretches.to_us + {{ unique.period }} < subjects.last_us
        and (stretches.until_us is null or stretches.until_us > {{ unique.period }})
    {%- endif %}
    {%- endfor %}
    {%- if moments is not none %}

    union all by name

    select
        subjects.subject,
        epoch_us(moments.as_of_tstamp) as us,
        true as is_moment
    from {{ moments }} as moments
    inner join subjects on moments.domain_userid = subjects.domain_userid
    {%- endif %}
{%- endmacro %}
