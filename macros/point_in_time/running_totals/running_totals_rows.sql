{#- CTEs that take the running totals, one row a visitor and microsecond: `running`, and of
    it the rows to look up from (`moments_of_subjects`) and those to look up (`totals`). -#}
{% macro running_totals_rows(plan, columns, served, moments) %}
changes as (

    {{ running_totals_changes(plan, columns, moments) }}

),

grouped as (

    select
        {%- for name, sql in columns.grouped.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        subject,
        us,
        is_moment
    from changes
    group by subject, us, is_moment

),

running as materialized (

    select
        {%- for name in columns.sums %}
        sum({{ name }}) over so_far as {{ name }},
        sum({{ name }}) over so_far - {{ name }} as before_{{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        lead({{ name }} ignore nulls) over so_far as next_{{ name }},
        first_value({{ name }} ignore nulls) over (
            partition by subject order by us, is_moment desc
            rows between unbounded preceding and unbounded following
        ) as earliest_{{ name }},
        {%- endfor %}
        {%- for sql, name in plan.frames.items() %}
        {{- served_comment(name, served) }}
        {{ sql }} as {{ name }},
        {%- endfor %}
        subject,
        us,
        is_moment
    from grouped
    window so_far as (
        partition by subject order by us, is_moment desc
        rows between unbounded preceding and current row
    )

),

moments_of_subjects as (

    select
        {%- for name in columns.sums %}
        before_{{ name }} as {{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        earliest_{{ name }},
        {%- endfor %}
        {%- for name in plan.frames.values() %}
        {{ name }},
        {%- endfor %}
        subject,
        us
    from running
    where is_moment

),

totals as (

    select
        {%- for name in columns.sums %}
        {{ name }},
        {%- endfor %}
        {%- for name in plan.firsts %}
        next_{{ name }},
        {%- endfor %}
        subject,
        us
    from running
    where {{ "is_moment" if moments is none else "not is_moment" }}

),
{%- endmacro %}
